"""Steps: what is stored of each step that was begun, and how it is read.

The steps that a commit finishes stand together, and with each what the same commit records of its calls. Which step is
under way, since when, and for what it waits, stands on the execution.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import Item, Write
from domain.entities import journal
from domain.entities.executions import State, Status
from domain.entities.journal import ITEM_BYTES, Entry, Row, listed, numbered, packed, unpacked
from domain.moments import epoch_milliseconds, of_epoch_milliseconds, to_precise_text, to_text
from domain.program.values import Value, dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.aws.table import Table

_PREFIX = "STEP#"
_ROWS = "steps"
_CALLS = "calls"
_IS_RESULT = "is_result"
"""Of a call: its result is that of its step, and is stored there alone."""


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
    execution that did it, where this one took its result over. `changes` are the variables that it changed, `calls`
    those that are stored with it.
    """

    index: int
    status: StepStatus
    result: Value = None
    error: str | None = None
    attempt: int | None = None
    next_attempt_at: str | None = None
    started_at: str = ""
    completed_at: str | None = None
    taken_from: str | None = None
    changes: Mapping[str, Value] = field(default_factory=dict)
    calls: tuple[Entry, ...] = ()


def key(execution_id: str, last: int) -> Key:
    """Where finished steps stand of which this is the last: whoever looks for one finds it there or behind."""
    return Key(keys.execution_partition(execution_id), f"{_PREFIX}{last:05d}")


def _stored(
    table: Table, execution_id: str, first: int, limit: int | None = None, at_once: int | None = None
) -> Iterator[Item]:
    """Walk the items that hold steps from one on, in order; at least `limit` that hold finished ones.

    An earlier release marked the step under way with an item of its own, which may have been left behind.
    """
    page = Page.rest(_PREFIX, f"{first:05d}", limit and limit + 1, at_once)
    return table.query(keys.execution_partition(execution_id), page)


def read_finished(table: Table, execution_id: str, first: int, end: int) -> Iterator[Step]:
    """Walk the finished steps from one on and before another."""
    for item in _stored(table, execution_id, first):
        for step in from_item(item):
            if step.index >= end:
                return
            if step.index >= first and step.status is not StepStatus.RUNNING:
                yield step


def find_item(table: Table, execution_id: str, index: int) -> Item | None:
    """Read the item that holds a step, `None` unless it is finished."""
    return next((item for item in _stored(table, execution_id, index, 1) if finished_in(item, index)), None)


def finished_in(item: Item, index: int) -> Step | None:
    """A finished step that an item holds, `None` if it does not."""
    found = (step for step in from_item(item) if step.index == index)
    return next((step for step in found if step.status is not StepStatus.RUNNING), None)


def read_all(table: Table, state: State) -> list[Step]:
    """Read every step begun, in order."""
    return list(read_begun(table, state, 0))


def read_begun(table: Table, state: State, first: int, limit: int | None = None) -> Iterator[Step]:
    """Walk the steps begun from one on, in order; at least `limit` if there are so many."""
    progress, marked = state.progress, None
    at_once = limit and progress.items_of(limit)
    for item in _stored(table, state.execution.id, first, limit, at_once):
        for step in from_item(item):
            if step.status is StepStatus.RUNNING:
                marked = step
            elif step.index >= first:
                yield step
    if progress.is_step_begun and progress.next_step >= first:
        yield _under_way(state, marked)


def _under_way(state: State, marked: Step | None) -> Step:
    """The step that is under way, as an earlier release has marked it if it did."""
    execution, wait = state.execution, state.execution.wait
    step = marked
    if step is None or state.progress.step_started_at is not None:
        step = Step(state.progress.next_step, StepStatus.RUNNING, started_at=state.progress.step_started_at or "")
    if execution.status is Status.RUNNING:
        if wait is None or wait.attempt is None or wait.until is None:
            return step
        return replace(step, attempt=wait.attempt, next_attempt_at=to_text(wait.until), error=wait.error)
    # What an ended execution left unfinished ended with it.
    ended = replace(step, attempt=None, next_attempt_at=None, completed_at=execution.completed_at)
    if execution.status is Status.STOPPED:
        return replace(ended, status=StepStatus.STOPPED, error=None)
    return replace(ended, status=StepStatus.FAILED, error=execution.error)


def from_item(item: Item) -> list[Step]:
    """Read stored steps; an item of an earlier release has one, as attributes."""
    last = int(item["sk"].removeprefix(_PREFIX))
    if _ROWS not in item:
        return [_of_attributes(last, item)]
    return [_of_row(index, row) for index, row in unpacked(item, _ROWS, last)]


def _of_row(index: int, row: dict[str, Any]) -> Step:
    changes, started = row.get("changes", {}), row["started"]
    result = changes[row["result_from"]] if "result_from" in row else row.get("result")
    return Step(
        index,
        StepStatus(row.get("status", StepStatus.COMPLETED)),
        result,
        row.get("error"),
        started_at=to_precise_text(of_epoch_milliseconds(started)),
        completed_at=to_precise_text(of_epoch_milliseconds(started + row["took"])),
        taken_from=row.get("taken_from"),
        changes=changes,
        calls=tuple(_calls_of(row, result)),
    )


def _calls_of(row: dict[str, Any], result: Value) -> Iterator[Entry]:
    for nth, call in numbered(row.get(_CALLS, []), row["started"], row.get("last_call", 0)):
        entry = journal.from_row(nth, call)
        yield replace(entry, result=result) if _IS_RESULT in call else entry


def _of_attributes(index: int, item: Item) -> Step:
    """A step as it was stored before several stood together."""
    changes = {name: loads(text) for name, text in item.get("changes", {}).items()}
    if "result_from" in item:
        result = changes[item["result_from"]]
    else:
        result = loads(item["result"]) if "result" in item else None
    return Step(
        index,
        StepStatus(item["status"]),
        result,
        item.get("error"),
        item.get("attempt"),
        item.get("next_attempt_at"),
        item["started_at"],
        item.get("completed_at"),
        item.get("taken_from"),
        changes,
    )


def writes(execution_id: str, rows: Iterable[Row]) -> list[Write]:
    """Store finished steps that follow each other, in their order."""
    return [Write.put(key(execution_id, last), item) for last, item in packed(rows, _ROWS)]


def completed(
    index: int, started_at: str, completed_at: str, result: Value, changed: Mapping[str, Value]
) -> tuple[Row, int]:
    """A completed step, with its result and the variables it changed, for `writes`.

    Answers also how many bytes count towards the limits: of the result, and of the names and values of variables.
    """
    changes = {name: dumps(value) for name, value in changed.items()}
    same = next((name for name, value in changed.items() if value is result and result is not None), None)
    told = {"result": dumps(result)} if same is None else {"result_from": dumps(same)}
    stored = (*changes, *changes.values(), told.get("result", ""))
    if changes:
        told["changes"] = f"{{{','.join(f'{dumps(name)}:{text}' for name, text in changes.items())}}}"
    return _row(index, started_at, completed_at, told), sum(len(text.encode()) for text in stored)


def failed(index: int, started_at: str, completed_at: str, error: str) -> Row:
    """A failed step, for `writes`."""
    told = {"status": dumps(StepStatus.FAILED.value), "error": dumps(error)}
    return _row(index, started_at, completed_at, told)


def taken_over(original_id: str, step: Step) -> tuple[Row, int]:
    """A step that another execution has completed, for `writes`; answers also how many bytes that is."""
    row, stored = completed(step.index, step.started_at, step.completed_at or "", step.result, step.changes)
    return row._replace(texts={**row.texts, "taken_from": dumps(step.taken_from or original_id)}), stored


def _row(index: int, started_at: str, completed_at: str, told: Mapping[str, str]) -> Row:
    started, ended = (epoch_milliseconds(datetime.fromisoformat(text)) for text in (started_at, completed_at))
    return Row(index, started, {"took": str(ended - started), **told})


def with_calls(row: Row, calls: Sequence[tuple[Entry, Row]], result: Value) -> Row | None:
    """A finished step with calls of it that follow each other, `None` where those would fill an item of their own."""
    told = listed((_without_result(call) if entry.result is result else call for entry, call in calls), row.started)
    if len(told.encode()) > ITEM_BYTES:
        return None
    return row._replace(texts={**row.texts, "last_call": str(calls[-1][1].number), _CALLS: told})


def _without_result(call: Row) -> Row:
    if "result" not in call.texts:
        return call
    others = {name: text for name, text in call.texts.items() if name != "result"}
    return call._replace(texts={**others, _IS_RESULT: "true"})
