"""Reconciliation: puts right whatever a crash, a lost answer or a lost event left behind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from domain.entities import executions
from domain.entities.executions import Execution, Status
from domain.operations import deciding, outcomes
from domain.refusals import Contention, ExecutionNotFound, Unavailable

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.aws.table import Table
    from domain.moments import Clock

_LOGGER = logging.getLogger(__name__)

LEFT_ALONE = timedelta(seconds=30)
"""An execution this young that was never started is being started by whoever admitted it."""

TOO_OLD_TO_START = timedelta(days=1)
"""Step Functions forgets names after 90 days; nothing this old is ever started again. Rule: architecture "Traps"."""

type Finding = Literal["running", "woken", "starting", "started", "recorded", "ended", "unavailable", "left"]
"""What was found of an execution, or done about it; `left` is what there was no time for."""


def reconcile(stack: Stack, clock: Clock, has_time: Callable[[], bool]) -> Counter[Finding]:
    """Look at every running execution, oldest first, and put right what is wrong, while there is time.

    Started: what was admitted and never started. Woken: what waits for decisions that are all there.
    Recorded as failed with its credit back: what Step Functions
    ended without a record, and what is too old to start. Answers with how many of each.
    Model step: Reconcile.
    """
    done: Counter[Finding] = Counter()
    for execution in _running(stack.table, clock()):
        if not has_time():
            done["left"] += 1
            break
        try:
            done[_put_right(stack, clock(), execution)] += 1
        except (Unavailable, Contention):
            # The others must not wait for this one; it is looked at again in a minute.
            _LOGGER.warning("not put right now", extra={"execution_id": execution.id}, exc_info=True)
            done["unavailable"] += 1
    return done


def _running(table: Table, now: datetime) -> Iterator[Execution]:
    """The running executions, from another part of the index on every minute."""
    for workspace_id, execution_id in executions.list_open(table, first_shard=now.minute):
        try:
            execution = executions.read(table, workspace_id, execution_id)
        except ExecutionNotFound:
            continue
        if execution.status is Status.RUNNING:
            yield execution


def _put_right(stack: Stack, now: datetime, execution: Execution) -> Finding:
    age = now - execution.started
    match stack.state_machine.describe(execution.id):
        case "running":
            return "woken" if deciding.wake_if_due(stack, now, execution.id) else "running"
        case "never started" if age < LEFT_ALONE:
            return "starting"
        case "never started" if age < TOO_OLD_TO_START:
            stack.state_machine.start(execution.workspace_id, execution.id)
            return "started"
        case _:
            return "recorded" if outcomes.record_broken(stack.table, now, execution) else "ended"
