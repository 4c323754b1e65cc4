"""Steps: what is stored of each step that was begun, and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import TTL, Item, Write
from domain.entities.executions import Execution, Status
from domain.moments import to_precise_text, to_text
from domain.program.values import Value, dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.aws.table import Table

_PREFIX = "STEP#"


class StepStatus(StrEnum):
    """Where a step is in its life."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was begun, as its readers see it.

    `attempt` and `next_attempt_at` are there while a call of it waits for another attempt; `taken_from` is the
    execution that did it, where this one took its result over.
    """

    index: int
    status: StepStatus
    result: Value
    error: str | None = None
    attempt: int | None = None
    next_attempt_at: str | None = None
    started_at: str = ""
    completed_at: str | None = None
    taken_from: str | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """Why a step waits for another attempt of a call, which attempt that is, and when it comes."""

    attempt: int
    at: datetime
    error: str


def key(execution_id: str, index: int) -> Key:
    """Where a step stands."""
    return Key(keys.execution_partition(execution_id), f"{_PREFIX}{index:05d}")


def index_of(item: Item) -> int:
    """The position of a stored step in its program."""
    return int(item["sk"].removeprefix(_PREFIX))


def from_step(index: int) -> Page:
    """The steps from one on."""
    return Page.rest(_PREFIX, f"{index:05d}")


def read_all(table: Table, execution: Execution) -> list[Step]:
    """Read every step begun, in order; what an ended execution left unfinished ended with it."""
    rows = table.query(keys.execution_partition(execution.id), Page.whole(_PREFIX))
    return [from_item(row, execution) for row in rows]


def read_page(table: Table, execution: Execution, index: int, limit: int) -> list[Step]:
    """Read up to `limit` steps from one on, in order."""
    rows = table.query(keys.execution_partition(execution.id), Page.rest(_PREFIX, f"{index:05d}", limit))
    return [from_item(row, execution) for row in rows]


def read_between(table: Table, execution_id: str, first: int, end: int) -> Iterator[Item]:
    """Walk the stored steps from one on and before another."""
    page = Page(f"{_PREFIX}{first:05d}", f"{_PREFIX}{end - 1:05d}")
    return table.query(keys.execution_partition(execution_id), page)


def from_item(item: Item, execution: Execution) -> Step:
    """Read a stored step of an execution."""
    step = Step(
        index_of(item),
        StepStatus(item["status"]),
        result_of(item),
        error=item.get("error"),
        attempt=item.get("attempt"),
        next_attempt_at=item.get("next_attempt_at"),
        started_at=item["started_at"],
        completed_at=item.get("completed_at"),
        taken_from=item.get("taken_from"),
    )
    if step.status is not StepStatus.RUNNING or execution.status is Status.RUNNING:
        return step
    ended = replace(step, attempt=None, next_attempt_at=None, completed_at=execution.completed_at)
    if execution.status is Status.STOPPED:
        return replace(ended, status=StepStatus.STOPPED, error=None)
    return replace(ended, status=StepStatus.FAILED, error=execution.error)


def is_completed(item: Item) -> bool:
    """Whether a stored step has completed."""
    return bool(item["status"] == StepStatus.COMPLETED.value)


def result_of(item: Item) -> Value:
    """The result of a stored step; where it is also the value of a variable, it is stored there alone."""
    if "result_from" in item:
        return loads(item["changes"][item["result_from"]])
    return loads(item["result"]) if "result" in item else None


def started_at(item: Item) -> str:
    """When a stored step began."""
    text: str = item["started_at"]
    return text


def changes(item: Item) -> dict[str, Value]:
    """The variables that a stored step changed, with their values."""
    return {name: loads(text) for name, text in item.get("changes", {}).items()}


def running(execution_id: str, index: int, started: str, retrying: Retrying | None = None) -> Write:
    """Store a step as under way and, while a call of it waits for another attempt, why and until when."""
    detail: Item = {}
    if retrying:
        detail = {
            "attempt": retrying.attempt,
            "next_attempt_at": to_text(retrying.at),
            "error": retrying.error,
        }
    return _put(execution_id, index, started, {"status": StepStatus.RUNNING.value, **detail})


def completed(
    execution_id: str, index: int, started: str, now: datetime, result: Value, changed: Mapping[str, Value]
) -> tuple[Write, int]:
    """Store a step as completed, with its result and the variables it changed; answers also how many bytes that is."""
    texts = {name: dumps(value) for name, value in changed.items()}
    same = next((name for name, value in changed.items() if value is result and result is not None), None)
    item: Item = {
        "status": StepStatus.COMPLETED.value,
        "completed_at": to_precise_text(now),
        **({"changes": texts} if texts else {}),
        **({"result_from": same} if same is not None else {"result": dumps(result)}),
    }
    return _put(execution_id, index, started, item), _bytes_of(item)


def taken_over(execution_id: str, original_id: str, item: Item) -> tuple[Write, int]:
    """Store a step that another execution has completed; answers also how many bytes that is."""
    taken = {name: value for name, value in item.items() if name not in {"pk", "sk", "v", TTL}}
    write = Write.put(key(execution_id, index_of(item)), {"taken_from": original_id, **taken})
    return write, _bytes_of(item)


def _bytes_of(item: Item) -> int:
    """The bytes that count towards the limits: of the result, and of the names and values of variables."""
    texts = item.get("changes", {})
    return sum(len(text.encode()) for text in (*texts, *texts.values(), item.get("result", "")))


def failed(execution_id: str, index: int, started: str, now: datetime, error: str) -> Write:
    """Store a step as failed."""
    item: Item = {"status": StepStatus.FAILED.value, "completed_at": to_precise_text(now), "error": error}
    return _put(execution_id, index, started, item)


def _put(execution_id: str, index: int, started: str, item: Item) -> Write:
    return Write.put(key(execution_id, index), {**item, "started_at": started})
