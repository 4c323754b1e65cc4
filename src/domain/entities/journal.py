"""The journal: what each effect of a step has given, so that a replay never asks the world again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import Item, Write
from domain.program.values import Value, dumps, loads

_PREFIX = "CALL#"


class CallState(StrEnum):
    """How far a call has come."""

    DONE = "done"
    FAILED = "failed"
    SLEEPING = "sleeping"
    RETRYING = "retrying"
    AWAITING = "awaiting"


@dataclass(frozen=True, slots=True)
class Entry:
    """One journaled call: the `nth` of its step, counted from 1.

    `result` belongs to `done`, `message` to `failed` and `retrying`, `until` to `sleeping` and `retrying`;
    `attempt` is the attempt that comes next, or came last.
    """

    nth: int
    callee: str
    state: CallState
    started_at: datetime
    attempt: int = 1
    result: Value = None
    message: str | None = None
    until: datetime | None = None

    def done(self, result: Value) -> Entry:
        """The same call with its result."""
        return replace(self, state=CallState.DONE, result=result, message=None, until=None)

    def failed(self, message: str) -> Entry:
        """The same call, failed for good."""
        return replace(self, state=CallState.FAILED, message=message, until=None)

    def write(self, execution_id: str, step: int) -> Write:
        """Store the entry over what the same call had before."""
        item: Item = {
            "callee": self.callee,
            "state": self.state.value,
            "started_at": self.started_at.isoformat(),
            "attempt": self.attempt,
            **({"result": dumps(self.result)} if self.state is CallState.DONE else {}),
            **({"message": self.message} if self.message is not None else {}),
            **({"until": self.until.isoformat()} if self.until else {}),
        }
        return Write.put(key(execution_id, step, self.nth), item)


def key(execution_id: str, step: int, nth: int) -> Key:
    """Where the nth call of a step stands."""
    return Key(keys.execution_partition(execution_id), f"{_of_step(step)}{nth:05d}")


def _of_step(step: int) -> str:
    return f"{_PREFIX}{step:05d}#"


def of_step(step: int, after: int) -> Page:
    """The journal of a step behind its first `after` calls."""
    return Page.rest(_of_step(step), f"{after + 1:05d}")


def from_item(item: Item) -> Entry:
    """Read a stored entry."""
    return Entry(
        nth=int(item["sk"].rpartition("#")[2]),
        callee=item["callee"],
        state=CallState(item["state"]),
        started_at=datetime.fromisoformat(item["started_at"]),
        attempt=item["attempt"],
        result=loads(item["result"]) if "result" in item else None,
        message=item.get("message"),
        until=datetime.fromisoformat(item["until"]) if "until" in item else None,
    )
