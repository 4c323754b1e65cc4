"""Workflows and the immutable versions of their programs."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from domain import keys
from domain.callables import SIGNATURES
from domain.ids import is_id, new_id
from domain.moments import to_text
from domain.program import checker, nodes, values
from domain.refusals import InvalidRequest, WorkflowNotFound
from domain.table import Page, Table
from domain.writes import ABSENT, Item, Write

NAME_CHARACTERS = 200
DESCRIPTION_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as it stands; `version` counts its programs from 1, `last_run_at` is `None` before the first run."""

    id: str
    workspace_id: str
    name: str
    description: str
    version: int
    created_at: str
    updated_at: str
    last_run_at: str | None


class ProgramRejected(InvalidRequest):
    """The program cannot be stored; `findings` are all that is wrong with it."""

    def __init__(self, findings: list[checker.Finding]) -> None:
        self.findings = findings
        super().__init__("The program cannot be stored: " + "; ".join(f"{f.path}: {f.message}" for f in findings))


def from_item(item: Item) -> Workflow:
    """Read a stored workflow."""
    return Workflow(
        id=item["id"],
        workspace_id=item["workspace_id"],
        name=item["name"],
        description=item["description"],
        version=item["version"],
        created_at=item["created_at"],
        updated_at=item["updated_at"],
        last_run_at=item.get("last_run_at"),
    )


def put(
    table: Table,
    now: datetime,
    workspace_id: str,
    *,
    name: str,
    description: str,
    program: values.Value,
    workflow_id: str | None = None,
) -> Workflow:
    """Store a workflow, new or changed; a changed program becomes a new version, an equal one does not.

    Raises `ProgramRejected` with every finding, `InvalidRequest` for a bad name, description or id, and
    `ConditionNotMet` when another change of the same workflow came first.
    """
    _check_texts(name, description, workflow_id)
    findings = checker.check(program, SIGNATURES)
    if findings:
        raise ProgramRejected(findings)
    workflow_id = workflow_id or new_id(now)
    stored = table.get(keys.workflow(workspace_id, workflow_id))
    before = from_item(stored) if stored else None
    text = values.dumps(program)
    version = before.version if before else 0
    is_new_program = before is None or program_text(table, before) != text
    version += is_new_program
    item: Item = {
        "id": workflow_id,
        "workspace_id": workspace_id,
        "name": name,
        "description": description,
        "version": version,
        "created_at": before.created_at if before else to_text(now),
        "updated_at": to_text(now),
    }
    change = Write.update(
        keys.workflow(workspace_id, workflow_id),
        "SET " + ", ".join(f"#{field} = :{field}" for field in item),
        condition="version = :seen" if before else ABSENT,
        values={f":{field}": value for field, value in item.items()} | ({":seen": before.version} if before else {}),
        names={f"#{field}": field for field in item},
    )
    version_item: Item = {"program": text, "created_at": to_text(now)}
    version_key = keys.program(workspace_id, workflow_id, version)
    table.commit(change, *([Write.put(version_key, version_item)] if is_new_program else []))
    return read(table, workspace_id, workflow_id)


def _check_texts(name: str, description: str, workflow_id: str | None) -> None:
    if not name.strip() or len(name) > NAME_CHARACTERS:
        raise InvalidRequest(f"name must have 1 to {NAME_CHARACTERS} characters.")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise InvalidRequest(f"description must have at most {DESCRIPTION_CHARACTERS} characters.")
    if workflow_id is not None and not is_id(workflow_id):
        raise InvalidRequest(f"id must be 24 lower-case hex digits, not {workflow_id!r}.")


def read(table: Table, workspace_id: str, workflow_id: str) -> Workflow:
    """Read a workflow, or raise `WorkflowNotFound`."""
    item = table.get(keys.workflow(workspace_id, workflow_id))
    if item is None:
        raise WorkflowNotFound
    return from_item(item)


def list_page(table: Table, workspace_id: str, limit: int, after: str | None) -> list[Workflow]:
    """Read up to `limit` workflows, newest first, from the position `after` on."""
    page = Page(keys.WORKFLOW_PREFIX, keys.last_before(keys.WORKFLOW_PREFIX, after), newest_first=True, limit=limit)
    return [from_item(item) for item in table.query(keys.workspace_partition(workspace_id), page)]


def program_text(table: Table, workflow: Workflow) -> str:
    """Read the program of a workflow's current version, as JSON."""
    return read_program(table, workflow.workspace_id, workflow.id, workflow.version)


def read_program(table: Table, workspace_id: str, workflow_id: str, version: int) -> str:
    """Read one version of a program, as JSON."""
    item = table.get(keys.program(workspace_id, workflow_id, version))
    if item is None:
        raise WorkflowNotFound
    text: str = item["program"]
    return text


@lru_cache(maxsize=64)
def parsed(table: Table, workspace_id: str, workflow_id: str, version: int) -> nodes.Program:
    """Read one version of a program, ready to run; a warm worker keeps it, since a version never changes."""
    return checker.parse(values.loads(read_program(table, workspace_id, workflow_id, version)))
