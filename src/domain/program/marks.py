"""Marks: takes bookmarks of a running step at the rounds of its loops, and leads a step back to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from domain.program.bookmarks import Bookmark
from domain.program.expressions import Running
from domain.program.values import Value

type Way = tuple[tuple[str, int], ...]
"""The statements around a statement, by their paths, each with the part of it that leads further in."""


class Marks:
    """The bookmarks of one step. Its variables come first among its slots, each under its name."""

    def __init__(self, running: Running, variables: Mapping[str, Value]) -> None:
        self._running = running
        self._variables = variables
        self._ways: dict[str, Way] = {}
        self._latest: Callable[[], Bookmark] | None = None
        self._calls = 0

    def know_loop(self, at: str, way: Way) -> None:
        """Note which way leads into the loop at a path, itself included."""
        self._ways[at] = way

    def begin_round(self, at: str) -> bool:
        """Begin a round of the loop at a path; answers whether it begins at its start.

        On the way to a bookmark within, it does not: the round goes on there.
        """
        resuming = self._running.resuming
        if resuming:
            if next(reversed(resuming)) != at:
                return False
            resuming.clear()
        else:
            self._take(at)
        return True

    def _take(self, at: str) -> None:
        """Remember this round of a loop, unless nothing was called since the last that was remembered."""
        running = self._running
        calls = running.effects.made
        if calls == self._calls:
            return
        self._calls = calls
        slots, rounds = list(running.slots), dict(running.rounds)
        last, visits = running.last, running.meter.left
        self._latest = lambda: self._bookmark(at, calls, visits, last, slots, rounds)

    def latest(self) -> Bookmark | None:
        """The bookmark of the last round that was remembered, `None` before the first."""
        return self._latest() if self._latest else None

    def _bookmark(
        self,
        at: str,
        calls: int,
        visits: int,
        last: Value,
        slots: list[Value],
        rounds: Mapping[str, tuple[list[Value], int]],
    ) -> Bookmark:
        around = {place for place, _ in self._ways[at]}
        names = list(self._variables)
        return Bookmark(
            at=at,
            calls=calls,
            visits=visits,
            last=last,
            rounds={place: state for place, state in rounds.items() if place in around},
            variables={
                name: value for name, value in zip(names, slots, strict=False) if value is not self._variables[name]
            },
            inner=dict(enumerate(slots[len(names) :])),
        )

    def go_to(self, bookmark: Bookmark) -> None:
        """Let the step, which is compiled and not yet run, begin at a bookmark."""
        running = self._running
        slots = {name: slot for slot, name in enumerate(self._variables)}
        for name, value in bookmark.variables.items():
            running.slots[slots[name]] = value
        for number, value in bookmark.inner.items():
            running.slots[len(slots) + number] = value
        running.last = bookmark.last
        running.meter.left = bookmark.visits
        running.rounds.update(bookmark.rounds)
        running.resuming.update(self._ways[bookmark.at])
        self._calls = bookmark.calls
        self._latest = lambda: bookmark
