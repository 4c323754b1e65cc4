"""Histories: what an execution was given, what it gives, what it waits for, and what it has done so far."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from domain.aws.keys import Key
from domain.callables import SIGNATURES
from domain.entities import executions, journal, reviews, steps, workflows
from domain.entities.executions import State, Status
from domain.program.outlines import outline

if TYPE_CHECKING:
    from datetime import datetime

    from domain.aws.table import Table
    from domain.entities.executions import Execution
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
    """What a running execution waits for: the call that does, and the reviews that nobody has decided."""

    wait: executions.Wait
    call: Entry | None
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

    execution: Execution
    input: Value
    output: Value
    waiting: Waiting | None
    reruns: tuple[str, ...]
    outline: tuple[Line, ...]
    lines: Lines


def read(table: Table, now: datetime, workspace_id: str, execution_id: str) -> History:
    """Read the history of an execution but for what it has done, or raise `ExecutionNotFound`."""
    state = executions.read_state(table, workspace_id, execution_id)
    execution = state.execution
    # Only now: their keys do not say whose they are.
    at_input, at_output = executions.input_key(execution_id), _output_key(state)
    found = table.get_many(at_input, *([at_output] if at_output else ()))
    outlined, lines = _outline(table, workspace_id, execution.workflow_id, execution.version)
    return History(
        execution=execution,
        input=executions.input_of(found.get(at_input)),
        output=steps.result_of(found[at_output]) if at_output in found else None,
        waiting=_waiting(table, now, state),
        reruns=tuple(executions.list_reruns(table, execution_id, _MOST_RERUNS)),
        outline=outlined,
        lines=lines,
    )


def read_done(table: Table, execution: Execution, limit: int, after: Position | None) -> list[Done]:
    """Read up to `limit` of what an execution has done behind a position, in the order of its program.

    Steps and calls are apart in the table; each is read from the position on, and no further than the page goes.
    """
    first_step = 0 if after is None else after.step + 1
    found_steps = (Done(Position(step.index), step) for step in steps.read_page(table, execution, first_step, limit))
    from_call = after or Position()
    found_calls = (
        Done(Position(step, entry.nth), entry)
        for step, entry in journal.read_page(table, execution.id, *from_call, limit)
    )
    return list(islice(heapq.merge(found_steps, found_calls, key=lambda done: done.at), limit))


def _output_key(state: State) -> Key | None:
    """Where that stands which a successful execution gives: the result of the step that it ended with."""
    if state.execution.status is not Status.SUCCESS or not state.progress.next_step:
        return None
    return steps.key(state.execution.id, state.progress.next_step - 1)


def _waiting(table: Table, now: datetime, state: State) -> Waiting | None:
    wait = state.execution.wait
    if wait is None or state.execution.status is not Status.RUNNING:
        return None
    call = journal.read_last(table, state.execution.id, state.progress.next_step)
    asked = reviews.of_execution(table, state.execution.id) if wait.kind == "decisions" else []
    return Waiting(wait, call, tuple(review.id for review in asked if review.at(now).is_pending))


@lru_cache(maxsize=64)
def _outline(table: Table, workspace_id: str, workflow_id: str, version: int) -> tuple[tuple[Line, ...], Lines]:
    """The outline of one version of a program, and the lines of its source; they never change."""
    program = workflows.read_program(table, workspace_id, workflow_id, version)
    tree = program.tree()
    lines = program.lines_of(tree)
    return tuple(outline(tree, SIGNATURES, lines)), lines
