"""Publishing: a workflow is checked whole, and a changed program becomes a new version."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from domain.callables import SIGNATURES
from domain.entities import workflows
from domain.entities.workflows import Workflow
from domain.ids import is_id, new_id
from domain.moments import to_text
from domain.program import checker
from domain.program.values import Value, dumps
from domain.refusals import InvalidRequest

if TYPE_CHECKING:
    from domain.aws.table import Table

NAME_CHARACTERS = 200
DESCRIPTION_CHARACTERS = 2000


class ProgramRejected(InvalidRequest):
    """The program cannot be stored; `findings` are all that is wrong with it."""

    def __init__(self, findings: list[checker.Finding]) -> None:
        self.findings = findings
        super().__init__("The program cannot be stored: " + "; ".join(f"{f.path}: {f.message}" for f in findings))


def publish(
    table: Table,
    now: datetime,
    workspace_id: str,
    *,
    name: str,
    description: str,
    program: Value,
    workflow_id: str | None = None,
) -> Workflow:
    """Store a workflow, new or changed; a changed program becomes a new version, an equal one does not.

    Raises `ProgramRejected` with every finding, `InvalidRequest` for a bad name, description or id, and
    `ConditionNotMet` when another change of the same workflow came first.
    """
    _check_texts(name, description, workflow_id)
    if findings := checker.check(program, SIGNATURES):
        raise ProgramRejected(findings)
    workflow_id, text = workflow_id or new_id(now), dumps(program)
    before = workflows.find(table, workspace_id, workflow_id)
    is_new_program = before is None or workflows.program_text(table, before) != text
    after = Workflow(
        id=workflow_id,
        workspace_id=workspace_id,
        name=name,
        description=description,
        version=(before.version if before else 0) + is_new_program,
        created_at=before.created_at if before else to_text(now),
        updated_at=to_text(now),
        last_run_at=before.last_run_at if before else None,
    )
    writes = [workflows.put(after, before)]
    if is_new_program:
        writes.append(workflows.put_program(after, text))
    table.commit(*writes)
    return after


def _check_texts(name: str, description: str, workflow_id: str | None) -> None:
    if not name.strip() or len(name) > NAME_CHARACTERS:
        raise InvalidRequest(f"name must have 1 to {NAME_CHARACTERS} characters.")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise InvalidRequest(f"description must have at most {DESCRIPTION_CHARACTERS} characters.")
    if workflow_id is not None and not is_id(workflow_id):
        raise InvalidRequest(f"id must be 24 lower-case hex digits, not {workflow_id!r}.")
