"""Executions: the item of a run, what readers see of it, what its slices count, and each way it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, Item, Write
from domain.entities.workflows import Workflow
from domain.moments import to_text
from domain.program.values import Value, dumps, loads
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from domain.aws.table import Table

_PREFIX = "EXECUTION#"
_OPEN_SHARDS = 4


class Status(StrEnum):
    """Where an execution is in its life. All but `running` are terminal and never change."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Execution:
    """A run as its readers see it; `version` is the one of its program that it was started with."""

    id: str
    workspace_id: str
    workflow_id: str
    workflow_name: str
    version: int
    status: Status
    started_at: str
    completed_at: str | None
    error: str | None

    @property
    def started(self) -> datetime:
        """When it started."""
        return datetime.fromisoformat(self.started_at)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the slices of a run have come. `next_step` is the first step not finished; limits look at the counts.

    `revision` counts the commits: a slice that has lost its execution to another finds it changed.
    """

    revision: int = 0
    slices: int = 0
    next_step: int = 0
    is_step_begun: bool = False
    calls: int = 0
    waits: int = 0
    record_bytes: int = 0

    @property
    def is_begun(self) -> bool:
        """Whether anything has been recorded, so that there is something to go on from."""
        return self.revision > 0


@dataclass(frozen=True, slots=True)
class End:
    """How an execution ends: its terminal status, when, and the sentence that says why it failed."""

    status: Status
    at: datetime
    error: str | None = None


def key(workspace_id: str, execution_id: str) -> Key:
    """Where an execution stands."""
    return Key(keys.workspace_partition(workspace_id), _PREFIX + execution_id)


def is_execution(item: Item) -> bool:
    """Whether an item, of those that a scan finds, is an execution."""
    found: bool = item["sk"].startswith(_PREFIX)
    return found


def from_item(item: Item) -> Execution:
    """Read a stored execution; rows of an index are enough, which have no version and no error."""
    return Execution(
        id=item["id"],
        workspace_id=keys.workspace_of(item["pk"]),
        workflow_id=item["workflow_id"],
        workflow_name=item["workflow_name"],
        version=item.get("version", 0),
        status=Status(item["status"]),
        started_at=item["started_at"],
        completed_at=item.get("completed_at"),
        error=item.get("error"),
    )


def progress_of(item: Item) -> Progress:
    """Read what the slices of a stored execution have counted; nothing before the first commit."""
    return Progress(**{name: item[name] for name in Progress.__slots__ if name in item})


def read(table: Table, workspace_id: str, execution_id: str) -> Execution:
    """Read an execution of a workspace, or raise `ExecutionNotFound`."""
    return from_item(_read_item(table, workspace_id, execution_id))


def read_progress(table: Table, workspace_id: str, execution_id: str) -> tuple[Execution, Progress]:
    """Read an execution with what its slices have counted, or raise `ExecutionNotFound`."""
    item = _read_item(table, workspace_id, execution_id)
    return from_item(item), progress_of(item)


def _read_item(table: Table, workspace_id: str, execution_id: str) -> Item:
    item = table.get(key(workspace_id, execution_id))
    if item is None:
        raise ExecutionNotFound
    return item


def list_page(
    table: Table, workspace_id: str, limit: int | None = None, after: str | None = None, workflow_id: str | None = None
) -> list[Execution]:
    """Read up to `limit` executions, newest first, from the position `after` on, of one workflow or of all."""
    if workflow_id is None:
        rows = table.query(keys.workspace_partition(workspace_id), Page.newest(_PREFIX, after, limit))
    else:
        partition = _workflow_partition(workspace_id, workflow_id)
        rows = table.query_index("by-workflow", "by_workflow", partition, Page.newest("", after, limit))
    return [from_item(row) for row in rows]


def _workflow_partition(workspace_id: str, workflow_id: str) -> str:
    """The partition of the index that lists the executions of one workflow."""
    return f"{keys.workspace_partition(workspace_id)}#WORKFLOW#{workflow_id}"


def list_open(table: Table, first_shard: int) -> Iterable[tuple[str, str]]:
    """Walk what the index shows as running, oldest first within a shard: workspace and id.

    A hint, to be read before acting: an index lags. The shards come in turn, `first_shard` (any number) first.
    """
    for number in range(first_shard, first_shard + _OPEN_SHARDS):
        shard = f"OPEN#{number % _OPEN_SHARDS}"
        for row in table.query_index("open", "open_shard", shard, Page.whole()):
            yield keys.workspace_of(row["pk"]), row["id"]


def _open_shard(execution_id: str) -> str:
    return f"OPEN#{int(execution_id[-4:], 16) % _OPEN_SHARDS}"


def create(workflow: Workflow, execution_id: str, now: datetime) -> Write:
    """Store a new run of a workflow. It names the version of its program, so later edits never touch it."""
    item: Item = {
        "id": execution_id,
        "workflow_id": workflow.id,
        "workflow_name": workflow.name,
        "version": workflow.version,
        "status": Status.RUNNING.value,
        "started_at": to_text(now),
        "by_workflow": _workflow_partition(workflow.workspace_id, workflow.id),
        "open_shard": _open_shard(execution_id),
    }
    return Write.put(key(workflow.workspace_id, execution_id), item, condition=ABSENT)


def advance(
    execution: Execution,
    before: Progress,
    after: Progress,
    end: End | None,
    refusal: Callable[[Item | None], Exception],
) -> Write:
    """Record what a slice has counted, and how the execution ends if it does.

    Of several slices that began with the same progress, one gets this write through.
    """
    # A first commit finds no revision on the item.
    unchanged = "revision = :seen" if before.is_begun else "attribute_not_exists(revision)"
    return _while_running(
        key(execution.workspace_id, execution.id),
        asdict(after),
        end,
        also=unchanged,
        values={":seen": before.revision} if before.is_begun else {},
        refusal=refusal,
    )


def end(workspace_id: str, execution_id: str, how: End) -> Write:
    """End an execution that is still running; otherwise refuse with `ExecutionAlreadyTerminal`."""

    def refusal(seen: Item | None) -> Exception:
        return ExecutionAlreadyTerminal(seen["status"]) if seen else ExecutionNotFound()

    return _while_running(key(workspace_id, execution_id), {}, how, refusal=refusal)


_IS_RUNNING = "#status = :running"


def still_running(workspace_id: str, execution_id: str, refusal: Callable[[Item | None], Exception]) -> Write:
    """Change nothing, and let the commit fail unless the execution is running."""
    return Write.check(
        key(workspace_id, execution_id),
        _IS_RUNNING,
        values={":running": Status.RUNNING.value},
        names={"#status": "status"},
        refusal=refusal,
    )


def _while_running(
    at: Key,
    attributes: Item,
    how: End | None,
    *,
    also: str = "",
    values: Mapping[str, Any] | None = None,
    refusal: Callable[[Item | None], Exception],
) -> Write:
    """Set attributes of an execution that is running; one that ends leaves the index of running ones as well."""
    if how is not None:
        ended = {"status": how.status.value, "completed_at": to_text(how.at), "error": how.error}
        attributes = {**attributes, **ended}
    sets = ", ".join(f"#{name} = :{name}" for name in attributes)
    return Write.update(
        at,
        f"SET {sets}" + (" REMOVE open_shard" if how else ""),
        condition=f"{_IS_RUNNING} AND {also}" if also else _IS_RUNNING,
        values={**{f":{name}": value for name, value in attributes.items()}, ":running": Status.RUNNING.value}
        | dict(values or {}),
        names={"#status": "status", **{f"#{name}": name for name in attributes}},
        refusal=refusal,
    )


def input_key(execution_id: str) -> Key:
    """Where the input of an execution stands: apart, so that polling never reads it."""
    return Key(keys.execution_partition(execution_id), "INPUT")


def put_input(execution_id: str, program_input: Value) -> list[Write]:
    """Store the input of a new run; `null` needs no item."""
    if program_input is None:
        return []
    return [Write.put(input_key(execution_id), {"input": dumps(program_input)})]


def input_of(item: Item | None) -> Value:
    """Read a stored input."""
    return loads(item["input"]) if item else None
