"""What passes between a running step and whoever carries out its effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.program.bookmarks import Bookmark
    from domain.program.values import Value


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an effect: its name, its arguments, and the path of the node that makes it."""

    callee: str
    args: tuple[Value, ...]
    at: str


class Effects(Protocol):
    """Carries out the effects of one step, in the order in which the step makes them."""

    made: int
    """How many calls the step has made so far."""

    def call(self, call: Call) -> Value:
        """Answer a call, or raise `CallFailed`, `LimitExceeded` or `Suspended`."""
        ...


class CallFailed(Exception):
    """The call failed; the step may catch that with a `TryStmt`."""


class LimitExceeded(Exception):
    """A limit was reached that no `TryStmt` catches; `at` is the node that did, the text says which limit."""

    def __init__(self, at: str, message: str) -> None:
        super().__init__(message)
        self.at = at


class Suspended(Exception):
    """The step cannot go on now; it will be run again, from its start or from its `bookmark`, against its journal."""

    bookmark: Bookmark | None = None
    visits: int = 0
    """How many nodes the step has visited by then, since its start or its bookmark."""
