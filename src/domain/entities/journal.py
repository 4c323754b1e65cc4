"""The journal: what each effect of a step has given, so that a replay never asks the world again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import Item, Write
from domain.program.values import Value, dumps, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.aws.table import Table

_PREFIX = "CALL#"


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

    def write(self, execution_id: str, step: int) -> Write:
        """Store the entry over what the same call had before."""
        item: Item = {
            "callee": self.callee,
            "state": self.state.value,
            "started_at": self.started_at.isoformat(),
            "attempt": self.attempt,
            "at": self.at,
            **({"result": dumps(self.result)} if self.state is CallState.DONE else {}),
            **({"message": self.message} if self.message is not None else {}),
            **({"until": self.until.isoformat()} if self.until else {}),
            **({"misses": [_stored(miss) for miss in self.misses]} if self.misses else {}),
            **({"line": self.line} if self.line is not None else {}),
            **({"ended_at": self.ended_at.isoformat()} if self.ended_at else {}),
        }
        return Write.put(key(execution_id, step, self.nth), item)


def _stored(miss: Miss) -> dict[str, Any]:
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


def key(execution_id: str, step: int, nth: int) -> Key:
    """Where the nth call of a step stands."""
    return Key(keys.execution_partition(execution_id), f"{_of_step(step)}{nth:05d}")


def _of_step(step: int) -> str:
    return f"{_PREFIX}{step:05d}#"


def of_step(step: int, after: int) -> Page:
    """The journal of a step behind its first `after` calls."""
    return Page.rest(_of_step(step), f"{after + 1:05d}")


def read_page(table: Table, execution_id: str, step: int, after: int, limit: int) -> Iterator[tuple[int, Entry]]:
    """Walk up to `limit` calls behind the first `after` of a step, on through the steps that follow it."""
    page = Page.rest(_PREFIX, f"{step:05d}#{after + 1:05d}", limit)
    for item in table.query(keys.execution_partition(execution_id), page):
        yield step_of(item), from_item(item)


def read_last(table: Table, execution_id: str, step: int) -> Entry | None:
    """Read the latest call of a step, `None` before its first."""
    page = Page(_of_step(step), _of_step(step + 1), newest_first=True, limit=1)
    return next(map(from_item, table.query(keys.execution_partition(execution_id), page)), None)


def step_of(item: Item) -> int:
    """The step to which a stored entry belongs."""
    return int(item["sk"].removeprefix(_PREFIX).partition("#")[0])


def from_item(item: Item) -> Entry:
    """Read a stored entry; those of an older release have neither path nor end."""
    return Entry(
        nth=int(item["sk"].rpartition("#")[2]),
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
