"""The journal: what each effect of a step has given, so that a replay never asks the world again.

The calls of a step under way stand in items of their own, those of one commit together. What is recorded of a call in
the commit that finishes its step stands with the step. DynamoDB bills each item that is written by the kilobyte, twice
in a transaction, and a step or a call takes some 60 to 200 bytes: so they are rows of JSON, in as few items as fit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import Item, Write
from domain.moments import epoch_milliseconds, of_epoch_milliseconds
from domain.program.values import Value, dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domain.aws.table import Table

ITEM_BYTES = 4000
"""The most that the rows of one item take, unless a single row is larger: with its keys it is read with one unit."""


class Row(NamedTuple):
    """What is told of a step or a call: its number, when it began (in milliseconds since 1970), and JSON texts by name.

    Rows that stand in one item have numbers that follow each other.
    """

    number: int
    started: int
    texts: dict[str, str]

    def text(self, since: int) -> str:
        """The row as JSON; moments are milliseconds after `since`."""
        parts = "".join(f',"{name}":{text}' for name, text in self.texts.items())
        return f'{{"started":{self.started - since}{parts}}}'

    @property
    def size(self) -> int:
        """About how many bytes it takes; by a few digits more in an item whose first row began long before."""
        return len(self.text(self.started).encode()) + 1


def listed(rows: Iterable[Row], since: int) -> str:
    """Rows as a JSON list."""
    return f"[{','.join(row.text(since) for row in rows)}]"


def packed(rows: Iterable[Row], name: str) -> Iterator[tuple[int, Item]]:
    """Put rows into items under an attribute; each comes with the number of its last row, by which it is found."""
    together: list[Row] = []
    taken = 0
    for row in rows:
        if together and taken + row.size > ITEM_BYTES:
            yield _item(together, name)
            together, taken = [], 0
        together.append(row)
        taken += row.size
    if together:
        yield _item(together, name)


def _item(rows: list[Row], name: str) -> tuple[int, Item]:
    since = rows[0].started
    return rows[-1].number, {"since": since, name: listed(rows, since)}


def unpacked(item: Item, name: str, last: int) -> list[tuple[int, dict[str, Any]]]:
    """The rows of an item with their numbers; `started` is in milliseconds since 1970 again."""
    rows: Any = loads(item[name])
    return numbered(rows, item["since"], last)


def numbered(rows: list[dict[str, Any]], since: int, last: int) -> list[tuple[int, dict[str, Any]]]:
    """Rows that were a list, with their numbers, of which `last` is the last."""
    first = last - len(rows) + 1
    return [(first + place, {**row, "started": since + row["started"]}) for place, row in enumerate(rows)]


_PREFIX = "CALL#"
_ROWS = "calls"


class CallState(StrEnum):
    """How far a call has come."""

    DONE = "done"
    FAILED = "failed"
    SLEEPING = "sleeping"
    RETRYING = "retrying"
    AWAITING = "awaiting"


@dataclass(frozen=True, slots=True)
class Miss:
    """An attempt of a call that failed in a way that may pass: its number, why, when, and when the next one comes."""

    attempt: int
    message: str
    at: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One journaled call: the `nth` of its step, counted from 1, made by the node at the path `at`.

    `result` belongs to `done`, `message` to `failed`, `until` to a wait; `attempt` is the attempt that comes next, or
    came last, `misses` are those before it. `line` is what the call has logged.
    """

    nth: int
    callee: str
    state: CallState
    started_at: datetime
    at: str = ""
    attempt: int = 1
    result: Value = None
    message: str | None = None
    until: datetime | None = None
    misses: tuple[Miss, ...] = ()
    line: str | None = None
    ended_at: datetime | None = None

    def done(self, result: Value, now: datetime) -> Entry:
        """The same call with its result."""
        return replace(self, state=CallState.DONE, result=result, until=self._slept_until, ended_at=now)

    def failed(self, message: str, now: datetime) -> Entry:
        """The same call, failed for good."""
        return replace(self, state=CallState.FAILED, message=message, until=None, ended_at=now)

    @property
    def _slept_until(self) -> datetime | None:
        return self.until if self.state is CallState.SLEEPING else None

    def missed(self, message: str, now: datetime, next_at: datetime) -> Entry:
        """The same call, whose attempt failed and which is tried again at a moment."""
        miss = Miss(self.attempt, message, now, next_at)
        misses = (*self.misses, miss)
        return replace(self, state=CallState.RETRYING, attempt=self.attempt + 1, until=next_at, misses=misses)

    @property
    def is_open(self) -> bool:
        """Whether the call still waits for something."""
        return self.state not in {CallState.DONE, CallState.FAILED}

    def row(self) -> Row:
        """The entry as it is stored: what most calls have alike is left out, and moments are whole milliseconds."""
        started = epoch_milliseconds(self.started_at)
        told: dict[str, Value] = {
            **({"took": epoch_milliseconds(self.ended_at) - started} if self.ended_at else {}),
            "callee": self.callee,
            "at": self.at,
            **({"state": self.state.value} if self.state is not CallState.DONE else {}),
            **({"attempt": self.attempt} if self.attempt != 1 else {}),
            **({"result": self.result} if self.result is not None else {}),
            **({"message": self.message} if self.message is not None else {}),
            **({"until": self.until.isoformat()} if self.until else {}),
            **({"misses": [_stored(miss) for miss in self.misses]} if self.misses else {}),
            **({"line": self.line} if self.line is not None else {}),
        }
        return Row(self.nth, started, {name: dumps(value) for name, value in told.items()})


def _stored(miss: Miss) -> dict[str, Value]:
    return {
        "attempt": miss.attempt,
        "message": miss.message,
        "at": miss.at.isoformat(),
        "next_at": miss.next_at.isoformat(),
    }


def _miss(stored: Any) -> Miss:
    return Miss(
        attempt=int(stored["attempt"]),
        message=stored["message"],
        at=datetime.fromisoformat(stored["at"]),
        next_at=datetime.fromisoformat(stored["next_at"]),
    )


def _key(execution_id: str, step: int, last: int) -> Key:
    """Where calls of a step stand of which this is the last: whoever looks for a call finds it there or before."""
    return Key(keys.execution_partition(execution_id), f"{_of_step(step)}{last:05d}")


def _of_step(step: int) -> str:
    return f"{_PREFIX}{step:05d}#"


def writes(execution_id: str, step: int, calls: Iterable[tuple[Entry, Row]]) -> list[Write]:
    """Store entries of a step that follow each other, in their order, each as its row.

    One that is open is the last, and stands alone: it may be stored over, and what stands with it would be gone.
    """
    by_state = groupby(calls, key=lambda call: call[0].is_open)
    items = [item for _, alike in by_state for item in packed((row for _, row in alike), _ROWS)]
    return [Write.put(_key(execution_id, step, last), item) for last, item in items]


def read_step(table: Table, execution_id: str, step: int, after: int) -> list[Entry]:
    """Read the journal of a step that is under way, behind its first `after` calls."""
    page = Page.rest(_of_step(step), f"{after + 1:05d}")
    return [entry for _, entry in _entries(table.query(keys.execution_partition(execution_id), page), (step, after))]


def read_page(
    table: Table, execution_id: str, step: int, after: int, limit: int, at_once: int
) -> Iterator[tuple[int, Entry]]:
    """Walk at least `limit` calls behind the first `after` of a step, on through the steps that follow it.

    `at_once` is how many items one call reads.
    Those that were recorded with their finished step are not among them, or as they were while they waited.
    """
    # The last of them may have been open when it was stored, and stand in the next item as it ended.
    page = Page.rest(_PREFIX, f"{step:05d}#{after + 1:05d}", limit + 1, at_once)
    return _entries(table.query(keys.execution_partition(execution_id), page), (step, after))


def _entries(items: Iterator[Item], after: tuple[int, int]) -> Iterator[tuple[int, Entry]]:
    """The entries of stored items behind a position, with their steps: of those of one call the latest."""
    found = ((step_of(item), entry) for item in items for entry in from_item(item))
    for (step, nth), same in groupby(found, key=lambda one: (one[0], one[1].nth)):
        if (step, nth) > after:
            *_, latest = same
            yield latest


def read_last(table: Table, execution_id: str, step: int) -> Entry | None:
    """Read the latest call of a step that is under way, `None` before its first."""
    page = Page(_of_step(step), _of_step(step + 1), newest_first=True, limit=1)
    items = table.query(keys.execution_partition(execution_id), page)
    return next((from_item(item)[-1] for item in items), None)


def step_of(item: Item) -> int:
    """The step to which stored entries belong."""
    return int(item["sk"].removeprefix(_PREFIX).partition("#")[0])


def from_item(item: Item) -> list[Entry]:
    """Read stored entries; an item of an earlier release has one, as attributes."""
    last = int(item["sk"].rpartition("#")[2])
    if _ROWS not in item:
        return [_of_attributes(last, item)]
    return [from_row(nth, row) for nth, row in unpacked(item, _ROWS, last)]


def from_row(nth: int, row: dict[str, Any]) -> Entry:
    """Read a row of an entry."""
    started = row["started"]
    return Entry(
        nth=nth,
        callee=row["callee"],
        state=CallState(row.get("state", CallState.DONE)),
        started_at=of_epoch_milliseconds(started),
        at=row["at"],
        attempt=row.get("attempt", 1),
        result=row.get("result"),
        message=row.get("message"),
        until=datetime.fromisoformat(row["until"]) if "until" in row else None,
        misses=tuple(map(_miss, row.get("misses", ()))),
        line=row.get("line"),
        ended_at=of_epoch_milliseconds(started + row["took"]) if "took" in row else None,
    )


def _of_attributes(nth: int, item: Item) -> Entry:
    """An entry as it was stored before several stood together; the oldest have neither path nor end."""
    return Entry(
        nth=nth,
        callee=item["callee"],
        state=CallState(item["state"]),
        started_at=datetime.fromisoformat(item["started_at"]),
        at=item.get("at", ""),
        attempt=item["attempt"],
        result=loads(item["result"]) if "result" in item else None,
        message=item.get("message"),
        until=datetime.fromisoformat(item["until"]) if "until" in item else None,
        misses=tuple(map(_miss, item.get("misses", ()))),
        line=item.get("line"),
        ended_at=datetime.fromisoformat(item["ended_at"]) if "ended_at" in item else None,
    )
