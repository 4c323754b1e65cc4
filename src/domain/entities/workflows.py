"""Workflows and the immutable versions of their programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, PRESENT, Item, Write
from domain.moments import to_text
from domain.program.values import loads
from domain.refusals import WorkflowArchived, WorkflowNotFound

if TYPE_CHECKING:
    from domain.aws.table import Table
    from domain.program.lines import Lines

_PREFIX = "WORKFLOW#"
_NAME_PREFIX = "WORKFLOW_NAME#"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow as it stands; `version` counts its programs from 1, and since `archived_at` it cannot be run.

    When it was last run its executions tell.
    """

    id: str
    workspace_id: str
    name: str
    description: str
    version: int
    created_at: str
    updated_at: str
    archived_at: str | None = None


def key(workspace_id: str, workflow_id: str) -> Key:
    """Where a workflow stands."""
    return Key(keys.workspace_partition(workspace_id), _PREFIX + workflow_id)


def name_key(workspace_id: str, name: str) -> Key:
    """Where it stands to which workflow a name belongs: within a workspace, one name is one workflow."""
    return Key(keys.workspace_partition(workspace_id), _NAME_PREFIX + name)


def find_named(table: Table, workspace_id: str, name: str) -> str | None:
    """Find the id of the workflow to which a name belongs, `None` if it is nobody's."""
    item = table.get(name_key(workspace_id, name))
    return id_of_name(item) if item else None


def id_of_name(item: Item) -> str:
    """The workflow to which a name belongs."""
    workflow_id: str = item["workflow_id"]
    return workflow_id


@dataclass(frozen=True, slots=True)
class Source:
    """What a program was read from: the text as it was written, and the lines of its nodes as they are stored."""

    text: str
    lines: str


@dataclass(frozen=True, slots=True)
class Program:
    """One version of a program, as JSON; `lines` are those of its source, `None` without one."""

    text: str
    lines: str | None = None

    def tree(self) -> Any:
        """The program as a tree."""
        return loads(self.text)

    def lines_of(self, tree: Any) -> Lines:
        """The lines of its nodes, none if it was not read from a source."""
        from domain.program.lines import NONE, Lines

        return NONE if self.lines is None else Lines.stored(self.lines, tree)


def _program_key(workspace_id: str, workflow_id: str, version: int) -> Key:
    return Key(keys.workspace_partition(workspace_id), f"PROGRAM#{workflow_id}#{version:08d}")


def _source_key(workspace_id: str, workflow_id: str, version: int) -> Key:
    """Beside its program and not with it: no slice and no history needs it."""
    return Key(keys.workspace_partition(workspace_id), f"SOURCE#{workflow_id}#{version:08d}")


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
        archived_at=item.get("archived_at"),
    )


def read(table: Table, workspace_id: str, workflow_id: str) -> Workflow:
    """Read a workflow, or raise `WorkflowNotFound`."""
    item = table.get(key(workspace_id, workflow_id))
    if item is None:
        raise WorkflowNotFound
    return from_item(item)


def list_page(table: Table, workspace_id: str, limit: int, after: str | None) -> list[Workflow]:
    """Read up to `limit` workflows, newest first, from the position `after` on."""
    rows = table.query(keys.workspace_partition(workspace_id), Page.newest(_PREFIX, after, limit))
    return [from_item(row) for row in rows]


def read_program(table: Table, workspace_id: str, workflow_id: str, version: int) -> Program:
    """Read one version of a program."""
    item = table.get(_program_key(workspace_id, workflow_id, version))
    if item is None:
        raise WorkflowNotFound
    return _program(item)


def read_version(table: Table, workflow: Workflow) -> tuple[Program, str | None]:
    """Read the program of a workflow's current version, and its source as it was written if there is one."""
    which = (workflow.workspace_id, workflow.id, workflow.version)
    found = table.get_many(_program_key(*which), _source_key(*which))
    if _program_key(*which) not in found:
        raise WorkflowNotFound
    source = found.get(_source_key(*which))
    return _program(found[_program_key(*which)]), source["source"] if source else None


def _program(item: Item) -> Program:
    return Program(item["program"], item.get("lines"))


def put(workflow: Workflow, before: Workflow | None) -> Write:
    """Store a workflow, new or in place of what was seen `before`; fails if another change came first."""
    item = {name: value for name, value in asdict(workflow).items() if name != "archived_at"}
    return Write.update(
        key(workflow.workspace_id, workflow.id),
        "SET " + ", ".join(f"#{name} = :{name}" for name in item),
        condition="version = :seen" if before else ABSENT,
        values={f":{name}": value for name, value in item.items()} | ({":seen": before.version} if before else {}),
        names={f"#{name}": name for name in item},
    )


def put_name(workflow: Workflow, before: Workflow | None) -> list[Write]:
    """Let the name of a workflow belong to it, and its name `before` to nobody; fails if it is another's."""
    at = name_key(workflow.workspace_id, workflow.name)
    taken = Write.put(
        at,
        {"workflow_id": workflow.id},
        condition=f"{ABSENT} OR workflow_id = :id",
        values={":id": workflow.id},
    )
    is_renamed = before is not None and before.name != workflow.name
    return [taken, *([Write.delete(name_key(before.workspace_id, before.name))] if before and is_renamed else [])]


def archive(workspace_id: str, workflow_id: str, now: datetime) -> Write:
    """Let a workflow not be run any more, or refuse with `WorkflowNotFound`; one that is archived stays as it is."""
    return Write.update(
        key(workspace_id, workflow_id),
        "SET archived_at = if_not_exists(archived_at, :now)",
        condition=PRESENT,
        values={":now": to_text(now)},
        refusal=lambda _: WorkflowNotFound(),
    )


def restore(workspace_id: str, workflow_id: str) -> Write:
    """Let an archived workflow be run again, or refuse with `WorkflowNotFound`."""
    return Write.update(
        key(workspace_id, workflow_id),
        "REMOVE archived_at",
        condition=PRESENT,
        refusal=lambda _: WorkflowNotFound(),
    )


def put_version(workflow: Workflow, text: str, source: Source | None) -> list[Write]:
    """Store the program of a workflow's current version, as JSON, and its source if there is one."""
    which = (workflow.workspace_id, workflow.id, workflow.version)
    program: Item = {"program": text, "created_at": workflow.updated_at}
    if source is None:
        return [Write.put(_program_key(*which), program)]
    return [
        Write.put(_program_key(*which), {**program, "lines": source.lines}),
        Write.put(_source_key(*which), {"source": source.text}),
    ]


def not_archived(workspace_id: str, workflow_id: str) -> Write:
    """Refuse with `WorkflowNotFound` or `WorkflowArchived` what cannot be run. Nothing is written: runs do not meet."""
    return Write.check(
        key(workspace_id, workflow_id),
        f"{PRESENT} AND attribute_not_exists(archived_at)",
        refusal=lambda seen: WorkflowArchived() if seen else WorkflowNotFound(),
    )
