"""Reconciliation: puts right whatever a crash, a lost answer or a lost event left behind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Literal

from domain.aws.writes import READ_AT_ONCE, ConditionNotMet
from domain.entities import executions
from domain.entities.executions import State
from domain.moments import to_text
from domain.operations import deciding, outcomes
from domain.operations.outcomes import Outcome
from domain.refusals import Contention, ExecutionAlreadyTerminal, Unavailable

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.entities.reviews import Review
    from domain.moments import Clock

_LOGGER = logging.getLogger(__name__)

_SOON, _LATER = timedelta(minutes=5), timedelta(days=1)
"""After this an execution that is at work, or could not be put right, is looked at again; and one that waits for people
without any time-out: who decides lets it be due at once."""

type Finding = Outcome | Literal["running", "woken", "started", "unavailable", "left"]
"""What was found of an execution that was due, or done about it; `left` is what there was no time for."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass has found, and for how many seconds what it looked at first, the longest overdue, had been due."""

    found: Counter[Finding]
    overdue_seconds: float


def reconcile(stack: Stack, clock: Clock, has_time: Callable[[], bool]) -> Pass:
    """Look at every running execution that is due, longest due first, and put right what is wrong, while there is time.

    Started: a generation that was recorded and never started. Continued: one that lost its Step Functions execution.
    Woken: what waits for decisions that are all there. Recorded: what was given up. Answers with how many of each.
    Model step: Reconcile.
    """
    done: Counter[Finding] = Counter()
    overdue = timedelta()
    due = executions.list_due(stack.table, clock())
    for some in batched(due, READ_AT_ONCE, strict=False):
        found = stack.table.get_many(*some)
        for number, at in enumerate(some):
            if not has_time():
                done["left"] = len(some) - number + sum(1 for _ in due)
                return Pass(done, overdue.total_seconds())
            if at in found:
                state, now = executions.state_of(found[at]), clock()
                overdue = max(overdue, state.overdue(now))
                done += _look_after(stack, now, state)
    return Pass(done, overdue.total_seconds())


def _look_after(stack: Stack, now: datetime, state: State) -> Counter[Finding]:
    if not state.is_due(now):
        return Counter()
    try:
        return Counter([_put_right(stack, now, state)])
    except (Unavailable, Contention):
        # The others must not wait for this one.
        extra = {"execution_id": state.execution.id}
        _LOGGER.warning("not put right now", extra=extra, exc_info=True)
        _postpone(stack, state, now + _SOON)
        return Counter(["unavailable"])


def _put_right(stack: Stack, now: datetime, state: State) -> Finding:
    execution, generation = state.execution, state.generation.number
    match stack.state_machine.describe(execution.id, generation):
        case "running":
            waiting = deciding.wake_if_due(stack, now, execution.id)
            _postpone(stack, state, _look_again_at(now, waiting.pending))
            return "woken" if waiting.is_woken else "running"
        case "never started":
            stack.state_machine.start(execution.workspace_id, execution.id, generation)
            _postpone(stack, state, now + _SOON)
            return "started"
        case _:
            return outcomes.move_on(stack, now, state, generation)


def _look_again_at(now: datetime, pending: tuple[Review, ...]) -> datetime:
    """When to look again after an execution that runs: while people have to decide, once they have no time left."""
    if not pending:
        return now + _SOON
    times_out_at = [review.times_out_at for review in pending if review.times_out_at is not None]
    return datetime.fromtimestamp(min(times_out_at), now.tzinfo) if times_out_at else now + _LATER


def _postpone(stack: Stack, state: State, until: datetime) -> None:
    """Let an execution be due later; one that has been heard of meanwhile has seen to that itself."""
    try:
        stack.table.commit(executions.postpone(state, to_text(until)))
    except (ConditionNotMet, ExecutionAlreadyTerminal):
        return
