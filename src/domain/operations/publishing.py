"""Publishing: a workflow is checked whole, and a changed program becomes a new version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from domain.callables import SIGNATURES
from domain.entities import workflows
from domain.entities.workflows import Source, Workflow
from domain.ids import is_id, new_id
from domain.moments import to_text
from domain.program import checker
from domain.program.findings import Finding
from domain.program.values import Value, dumps
from domain.refusals import InvalidRequest

if TYPE_CHECKING:
    from domain.aws.table import Table

NAME_CHARACTERS = 200
DESCRIPTION_CHARACTERS = 2000


class ProgramRejected(InvalidRequest):
    """The program cannot be stored; `findings` are all that is wrong with it."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__("The program cannot be stored: " + "; ".join(f"{f.path}: {f.message}" for f in findings))


@dataclass(frozen=True, slots=True)
class Published:
    """A workflow as it stands after it was stored, and what that did."""

    workflow: Workflow
    change: Literal["created", "new version", "changed", "unchanged"]


def publish(
    table: Table,
    now: datetime,
    workspace_id: str,
    *,
    name: str,
    description: str,
    program: Value,
    source: Source | None = None,
    workflow_id: str | None = None,
) -> Published:
    """Store a workflow, new or changed: the one of this id or else of this name.

    A changed program, or a changed source of it, becomes a new version; where nothing has changed, nothing is written.
    Raises `ProgramRejected` with every finding, `InvalidRequest` for a bad name, description or id or for the name of
    another workflow, and `ConditionNotMet` when another change came first.
    """
    _check_texts(name, description, workflow_id)
    if findings := checker.check(program, SIGNATURES):
        raise ProgramRejected(findings)
    before = _find(table, workspace_id, name, workflow_id)
    text = dumps(program)
    if before is None:
        moment = to_text(now)
        after = Workflow(workflow_id or new_id(now), workspace_id, name, description, 1, moment, moment)
        version = workflows.put_version(after, text, source)
        table.commit(workflows.put(after, None), *workflows.put_name(after, None), *version)
        return Published(after, "created")
    stored, written = workflows.read_version(table, before)
    is_new_program = (stored.text, written) != (text, source and source.text)
    if not is_new_program and (before.name, before.description) == (name, description):
        return Published(before, "unchanged")
    after = replace(
        before, name=name, description=description, version=before.version + is_new_program, updated_at=to_text(now)
    )
    version = workflows.put_version(after, text, source) if is_new_program else []
    table.commit(workflows.put(after, before), *workflows.put_name(after, before), *version)
    return Published(after, "new version" if is_new_program else "changed")


def archive(table: Table, now: datetime, workspace_id: str, workflow_id: str) -> Workflow:
    """Let a workflow not be run any more; its executions stay. Raises `WorkflowNotFound`."""
    table.commit(workflows.archive(workspace_id, workflow_id, now))
    return workflows.read(table, workspace_id, workflow_id)


def restore(table: Table, workspace_id: str, workflow_id: str) -> Workflow:
    """Let an archived workflow be run again. Raises `WorkflowNotFound`."""
    table.commit(workflows.restore(workspace_id, workflow_id))
    return workflows.read(table, workspace_id, workflow_id)


def _find(table: Table, workspace_id: str, name: str, workflow_id: str | None) -> Workflow | None:
    """The workflow that is meant by an id, or without one by a name."""
    at_name = workflows.name_key(workspace_id, name)
    found = table.get_many(at_name, *([workflows.key(workspace_id, workflow_id)] if workflow_id else []))
    named = workflows.id_of_name(found[at_name]) if at_name in found else None
    if workflow_id is None:
        return workflows.read(table, workspace_id, named) if named else None
    if named not in {None, workflow_id}:
        raise InvalidRequest(f"The name {name!r} belongs to another workflow of this workspace: {named}.")
    item = found.get(workflows.key(workspace_id, workflow_id))
    return workflows.from_item(item) if item else None


def _check_texts(name: str, description: str, workflow_id: str | None) -> None:
    if not name.strip() or len(name) > NAME_CHARACTERS:
        raise InvalidRequest(f"name must have 1 to {NAME_CHARACTERS} characters.")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise InvalidRequest(f"description must have at most {DESCRIPTION_CHARACTERS} characters.")
    if workflow_id is not None and not is_id(workflow_id):
        raise InvalidRequest(f"id must be 24 lower-case hex digits, not {workflow_id!r}.")
