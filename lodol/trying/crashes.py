"""Crashes: the same execution again and again, its worker being gone after each of its commits in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.program.values import Value
    from lodol.trying.bench import Bench, Tried
    from lodol.trying.world import World

_SEEN = ("its status", "its error", "its output", "the results of its steps", "what it asked of the world")


@dataclass(frozen=True, slots=True)
class Crashes:
    """How many crashes were tried, and where one made a difference, which one and to what."""

    tried: int
    difference: str | None


def crash(bench: Bench, whole: Tried, program_input: Value, world: Callable[[], World]) -> Crashes:
    """Run what came to `whole` again for each of its commits, in a world that is new each time."""
    for commit in range(1, whole.commits + 1):
        crashed = bench.run(program_input, world(), crash_after=commit)
        if crashed.missing:
            place = crashed.lines.place(crashed.missing.path)
            return Crashes(commit, f"after a crash at commit {commit}, {crashed.missing}, made at {place}")
        for what, before, after in zip(_SEEN, whole.seen, crashed.seen, strict=True):
            if before != after:
                return Crashes(commit, f"after a crash at commit {commit}, {what} changed: {before} became {after}")
    return Crashes(whole.commits, None)
