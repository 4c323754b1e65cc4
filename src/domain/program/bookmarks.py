"""Bookmarks: where in a loop a step stands at the start of a round, so that finished rounds need no replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.program.values import Value


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A step at the start of a round of the loop at the path `at`, after so many `calls` of effects.

    `rounds` has, of each loop over a list that is under way, the list and the position in it; `variables` those of
    earlier steps that this one has set, `inner` its own by their order; `visits` are the node visits left.
    """

    at: str
    calls: int
    visits: int
    last: Value
    rounds: Mapping[str, tuple[list[Value], int]]
    variables: Mapping[str, Value]
    inner: Mapping[int, Value]

    def to_value(self) -> Value:
        """The bookmark as a value that can be stored."""
        return {
            "at": self.at,
            "calls": self.calls,
            "visits": self.visits,
            "last": self.last,
            "rounds": {at: [items, position] for at, (items, position) in self.rounds.items()},
            "variables": dict(self.variables),
            "inner": {str(number): value for number, value in self.inner.items()},
        }

    @staticmethod
    def from_value(value: Any) -> Bookmark:
        """Read a bookmark that was stored."""
        return Bookmark(
            at=value["at"],
            calls=value["calls"],
            visits=value["visits"],
            last=value["last"],
            rounds={at: (items, position) for at, (items, position) in value["rounds"].items()},
            variables=value["variables"],
            inner={int(number): inner for number, inner in value["inner"].items()},
        )
