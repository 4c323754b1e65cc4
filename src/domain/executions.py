"""Executions: what is stored of a run, and how runs and their steps are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain import keys
from domain.program.values import Value, loads
from domain.refusals import ExecutionNotFound
from domain.table import Page, Table
from domain.writes import Item


class Status(StrEnum):
    """Where an execution is in its life. All but `running` are terminal and never change."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    STOPPED = "stopped"


class StepStatus(StrEnum):
    """Where a step is in its life."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Execution:
    """A run as it was read. `next_step` is the first step not finished; the counts are what limits look at.

    `revision` counts the commits of its slices: a slice that has lost its execution to another finds it changed.
    """

    id: str
    workspace_id: str
    workflow_id: str
    workflow_name: str
    version: int
    status: Status
    started_at: str
    completed_at: str | None
    error: str | None
    revision: int = 0
    next_step: int = 0
    is_step_begun: bool = False
    calls: int = 0
    waits: int = 0
    slices: int = 0
    record_bytes: int = 0

    @property
    def is_resumed(self) -> bool:
        """Whether anything has been recorded of it, so that there is something to go on from."""
        return self.revision > 0

    @property
    def started(self) -> datetime:
        """When it started."""
        return datetime.fromisoformat(self.started_at)


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was begun, as a reader of step results sees it."""

    index: int
    status: StepStatus
    result: Value
    error: str | None = None
    attempt: int | None = None
    next_attempt_at: str | None = None


def from_item(item: Item) -> Execution:
    """Read a stored execution; rows of an index lack what only its run needs."""
    return Execution(
        id=item["id"],
        workspace_id=item["pk"].removeprefix("WS#"),
        workflow_id=item["workflow_id"],
        workflow_name=item["workflow_name"],
        version=item.get("version", 0),
        status=Status(item["status"]),
        started_at=item["started_at"],
        completed_at=item.get("completed_at"),
        error=item.get("error"),
        revision=item.get("revision", 0),
        next_step=item.get("next_step", 0),
        is_step_begun=item.get("is_step_begun", False),
        calls=item.get("calls", 0),
        waits=item.get("waits", 0),
        slices=item.get("slices", 0),
        record_bytes=item.get("record_bytes", 0),
    )


def read(table: Table, workspace_id: str, execution_id: str) -> Execution:
    """Read an execution of a workspace, or raise `ExecutionNotFound`."""
    item = table.get(keys.execution(workspace_id, execution_id))
    if item is None:
        raise ExecutionNotFound
    return from_item(item)


def list_page(
    table: Table, workspace_id: str, limit: int, after: str | None, workflow_id: str | None
) -> list[Execution]:
    """Read up to `limit` executions, newest first, from the position `after` on, of one workflow or of all."""
    if workflow_id is None:
        prefix = keys.EXECUTION_PREFIX
        page = Page(prefix, keys.last_before(prefix, after), newest_first=True, limit=limit)
        rows: Iterable[Item] = table.query(keys.workspace_partition(workspace_id), page)
    else:
        page = Page("0", keys.last_before("", after), newest_first=True, limit=limit)
        rows = table.query_index("by-workflow", "by_workflow", keys.by_workflow(workspace_id, workflow_id), page)
    return [from_item(row) for row in rows]


def read_steps(table: Table, execution: Execution) -> list[Step]:
    """Read every step begun, in order; what an ended execution left unfinished ended with it."""
    prefix = keys.STEP_PREFIX
    rows = table.query(keys.execution_partition(execution.id), Page(prefix, prefix + "~"))
    return [_step(row, execution) for row in rows]


def _step(item: Item, execution: Execution) -> Step:
    index = int(item["sk"].removeprefix(keys.STEP_PREFIX))
    status = StepStatus(item["status"])
    if status is StepStatus.RUNNING and execution.status is not Status.RUNNING:
        if execution.status is Status.STOPPED:
            return Step(index, StepStatus.STOPPED, None)
        return Step(index, StepStatus.FAILED, None, error=execution.error)
    return Step(
        index,
        status,
        step_result(item),
        error=item.get("error"),
        attempt=item.get("attempt"),
        next_attempt_at=item.get("next_attempt_at"),
    )


def step_result(item: Item) -> Value:
    """The result of a stored step; where it is also the value of a variable, it is stored there alone."""
    if "result_from" in item:
        return loads(item["changes"][item["result_from"]])
    return loads(item["result"]) if "result" in item else None
