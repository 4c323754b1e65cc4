"""Histories: what an execution was given, what it gives, what it waits for, and what it has done so far."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple

from domain.aws.keys import Key
from domain.callables import SIGNATURES
from domain.entities import executions, journal, reviews, steps, workflows
from domain.entities.executions import State, Status
from domain.program.outlines import outline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from domain.aws.table import Table
    from domain.aws.writes import Item
    from domain.entities.executions import Execution, Wait
    from domain.entities.journal import Entry
    from domain.entities.steps import Step
    from domain.program.lines import Lines
    from domain.program.outlines import Line
    from domain.program.values import Value

_MOST_RERUNS = 100


class Position(NamedTuple):
    """A place in a history: a step, or behind its so many first calls."""

    step: int = 0
    call: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a running execution waits for, and the reviews that nobody has decided."""

    wait: Wait
    review_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What an execution has done: a step, or a call within one."""

    at: Position
    what: Step | Entry


@dataclass(frozen=True, slots=True)
class History:
    """An execution with what it was given, gives and waits for, and the outline of its program.

    `lines` are those of the source that the program was read from.
    """

    state: State
    input: Value
    output: Value
    waiting: Waiting | None
    reruns: tuple[str, ...]
    outline: tuple[Line, ...]
    lines: Lines

    @property
    def execution(self) -> Execution:
        """The execution whose history it is."""
        return self.state.execution


def read(table: Table, now: datetime, workspace_id: str, execution_id: str) -> History:
    """Read the history of an execution but for what it has done, or raise `ExecutionNotFound`."""
    state = executions.read_state(table, workspace_id, execution_id)
    execution = state.execution
    # Only now: their keys do not say whose they are.
    at_input, at_output = executions.input_key(execution_id), _output_key(state)
    found = table.get_many(at_input, *([at_output] if at_output else ()))
    outlined, lines = _outline(table, workspace_id, execution.workflow_id, execution.version)
    return History(
        state=state,
        input=executions.input_of(found.get(at_input)),
        output=_output(found[at_output], state) if at_output in found else None,
        waiting=_waiting(table, now, state),
        reruns=tuple(executions.list_reruns(table, execution_id, _MOST_RERUNS)),
        outline=outlined,
        lines=lines,
    )


def read_done(table: Table, state: State, limit: int, after: Position | None) -> list[Done]:
    """Read up to `limit` of what an execution has done behind a position, in the order of its program.

    Steps and most calls are apart in the table; each is read from the position on, and no further than the page goes.
    """
    start = after or Position()
    # The step within which the page begins may have calls that come behind, but is not one more that does.
    found_steps = steps.read_begun(table, state, start.step, limit + 1)
    at_once = state.progress.items_of(limit)
    found_calls = journal.read_page(table, state.execution.id, *start, limit, at_once)
    merged = heapq.merge(
        (Done(Position(step, entry.nth), entry) for step, entry in found_calls),
        (done for step in found_steps for done in _done(step)),
        key=_at,
    )
    # A call that was stored while it waited stands with its step as it ended: the latest counts.
    latest = (list(same)[-1] for _, same in groupby(merged, key=_at))
    return list(islice((done for done in latest if after is None or done.at > after), limit))


def _at(done: Done) -> Position:
    return done.at


def _done(step: Step) -> Iterator[Done]:
    yield Done(Position(step.index), step)
    for entry in step.calls:
        yield Done(Position(step.index, entry.nth), entry)


def _output_key(state: State) -> Key | None:
    """Where that stands which a successful execution gives: the result of the step that it ended with."""
    if state.execution.status is not Status.SUCCESS or not state.progress.next_step:
        return None
    # No step came behind it: it is the last of those that it stands with.
    return steps.key(state.execution.id, state.progress.next_step - 1)


def _output(item: Item, state: State) -> Value:
    step = steps.finished_in(item, state.progress.next_step - 1)
    return step.result if step else None


def _waiting(table: Table, now: datetime, state: State) -> Waiting | None:
    wait = state.execution.wait
    if wait is None or state.execution.status is not Status.RUNNING:
        return None
    if wait.kind == "retry" and wait.attempt is None:
        wait = _with_attempt(table, wait, state)
    asked = reviews.of_execution(table, state.execution.id) if wait.kind == "decisions" else []
    return Waiting(wait, tuple(review.id for review in asked if review.at(now).is_pending))


def _with_attempt(table: Table, wait: Wait, state: State) -> Wait:
    """A wait as an earlier release has stored it, with what only the call under way tells of its next attempt."""
    call = journal.read_last(table, state.execution.id, state.progress.next_step)
    if call is None or not call.misses:
        return wait
    return wait._replace(attempt=call.attempt, error=call.misses[-1].message)


@lru_cache(maxsize=64)
def _outline(table: Table, workspace_id: str, workflow_id: str, version: int) -> tuple[tuple[Line, ...], Lines]:
    """The outline of one version of a program, and the lines of its source; they never change."""
    program = workflows.read_program(table, workspace_id, workflow_id, version)
    tree = program.tree()
    lines = program.lines_of(tree)
    return tuple(outline(tree, SIGNATURES, lines)), lines
