"""Resume points: what a slice goes on from, so that it costs the same however long its run already lasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.writes import Item, Write
from domain.entities import journal, steps
from domain.entities.journal import Entry
from domain.program.bookmarks import Bookmark
from domain.program.values import Value, dumps, loads

if TYPE_CHECKING:
    from domain.aws.table import Table
    from domain.entities.executions import State

MOST_BYTES = 300 * 1024
"""A resume point that would be larger is not stored: the steps and the journal hold everything that it does."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where a run stands before the step `next_step`: its variables and, of that step if it is begun, a bookmark."""

    next_step: int = 0
    variables: dict[str, Value] = field(default_factory=dict)
    bookmark: Bookmark | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """What was recorded after a resume point: the journal of the step under way, and when that began.

    `steps` is how many were finished since.
    """

    point: ResumePoint
    entries: list[Entry]
    step_started_at: str | None
    steps: int


def key(execution_id: str) -> Key:
    """Where the resume point of a run stands."""
    return Key(keys.execution_partition(execution_id), "RESUME_POINT")


def write(execution_id: str, point: ResumePoint) -> list[Write]:
    """Store the resume point of a run over the one before, unless it is too large."""
    item: Item = {
        "next_step": point.next_step,
        "variables": dumps(point.variables),
        **({"bookmark": dumps(point.bookmark.to_value())} if point.bookmark else {}),
    }
    size = sum(len(text.encode()) for text in item.values() if isinstance(text, str))
    return [Write.put(key(execution_id), item)] if size <= MOST_BYTES else []


def from_item(item: Item) -> ResumePoint:
    """Read a stored resume point."""
    bookmark = Bookmark.from_value(loads(item["bookmark"])) if "bookmark" in item else None
    variables = loads(item["variables"])
    assert isinstance(variables, dict)  # noqa: S101 - that is what was written
    return ResumePoint(item["next_step"], variables, bookmark)


def read_since(table: Table, state: State, point: ResumePoint) -> Since:
    """Read what was recorded after a resume point: the steps finished since, and the journal of the step under way."""
    progress = state.progress
    if not progress.is_begun:
        return Since(point, [], None, 0)
    variables, finished = dict(point.variables), 0
    started_at: str | None = None
    for step in steps.read_begun(table, state, point.next_step):
        if step.index == progress.next_step:
            started_at = step.started_at
        else:
            variables |= step.changes
            finished += 1
    bookmark = point.bookmark if point.next_step == progress.next_step else None
    entries: list[Entry] = []
    if progress.is_step_begun:
        made = bookmark.calls if bookmark else 0
        entries = journal.read_step(table, state.execution.id, progress.next_step, made)
    return Since(ResumePoint(progress.next_step, variables, bookmark), entries, started_at, finished)
