"""Outcomes: an execution that lost its Step Functions execution goes on with another, or fails with its credit back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from domain.aws.writes import ConditionNotMet
from domain.entities import executions, ledger, workspaces
from domain.entities.executions import End, Generation, State, Status
from domain.refusals import ExecutionAlreadyTerminal

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.aws.table import Table

PLATFORM_FAILED = "The execution was ended by a failure of the platform; its credit was given back."

FRUITLESS_GENERATIONS = 3
"""So many generations in a row without any progress, and the execution is given up."""

type Outcome = Literal["continued", "recorded", "ended", "moved on"]
"""What became of an execution: goes on, was given up, had ended before, or has been seen to by another."""


def move_on(stack: Stack, now: datetime, state: State, lost: int) -> Outcome:
    """Let an execution go on in the generation after the lost one, or give it up.

    Where it came no further in three generations in a row, it fails with its credit back. What has moved on already is
    started once more, which does nothing unless whoever recorded it could not. Rule: contract "Lifecycle".
    """
    if state.execution.status is not Status.RUNNING:
        return "ended"
    if state.generation.number != lost:
        _start(stack, state, state.generation)
        return "moved on"
    following = state.generation.next(state.progress)
    try:
        if following.fruitless >= FRUITLESS_GENERATIONS:
            record_broken(stack.table, now, state)
            return "recorded"
        hand_over(stack, now, state)
    except ExecutionAlreadyTerminal:
        return "ended"
    except ConditionNotMet:
        return "moved on"
    return "continued"


def hand_over(stack: Stack, now: datetime, state: State, unused: int | None = None) -> None:
    """Begin the next generation of an execution: recorded first, then started under its own name.

    `unused` is its number where others may have begun that the table knows nothing of; none counts as fruitless then.
    Raises `ConditionNotMet` where it is not as it was read, `ExecutionAlreadyTerminal` where it has ended, and
    `Unavailable` if it is unknown whether it was started: then it is for the next who comes by.
    Model step: HandOver.
    """
    generation = state.generation.next(state.progress)
    if unused is not None:
        generation = replace(generation, number=unused, fruitless=0)
    progress = replace(state.progress, revision=generation.revision)
    after = replace(state, progress=progress, generation=generation, due_at=executions.due_at(now))
    stack.table.commit(executions.advance(state, after, None, executions.not_as_read))
    _start(stack, state, generation)


def _start(stack: Stack, state: State, generation: Generation) -> None:
    stack.state_machine.start(state.execution.workspace_id, state.execution.id, generation.number)


def record_broken(table: Table, now: datetime, state: State) -> None:
    """Record that the platform broke an execution: failed, slot and credit back, all in one write.

    Raises `ConditionNotMet` and `ExecutionAlreadyTerminal` as `hand_over` does. Rule: contract "Lifecycle".
    Model step: RecordBroken.
    """
    workspace_id, execution_id = state.execution.workspace_id, state.execution.id
    table.commit(
        executions.advance(state, state, End(Status.FAILED, now, PLATFORM_FAILED), executions.not_as_read),
        workspaces.refund(workspace_id, state.progress.calls, state.progress.visits),
        ledger.refund(workspace_id, execution_id, now),
    )
