"""What comes after a slice: the words in which slices and the state machine agree."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from domain.entities.executions import Wait
from domain.program.calls import Suspended


@dataclass(frozen=True, slots=True)
class Next:
    """What the state machine does next.

    `continue` at once, `wait` until a moment, `await` decisions until a moment at the latest, or `done`.
    """

    action: Literal["continue", "wait", "await", "done"]
    until: datetime | None = None

    def no_later_than(self, deadline: datetime) -> "Next":
        """The same, with a wait that ends at the deadline of its execution at the latest."""
        if self.action == "continue":
            return self
        return replace(self, until=min(self.until or deadline, deadline))

    def output(self, now: datetime) -> dict[str, str | int]:
        """The output of the task, as the state machine reads it: a time-out is counted in seconds, at least one."""
        output: dict[str, str | int] = {"action": self.action}
        if self.until is None:
            return output
        if self.action == "await":
            return output | {"seconds": max(1, math.ceil((self.until - now).total_seconds()))}
        return output | {"until": self.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


CONTINUE = Next("continue")
DONE = Next("done")


class SliceOver(Suspended):
    """The step cannot go on in this slice; `next` is what comes before it can, `wait` what its readers are told."""

    def __init__(self, following: Next, wait: Wait | None = None) -> None:
        self.next = following
        self.wait = wait
