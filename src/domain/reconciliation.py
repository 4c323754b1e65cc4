"""Reconciliation: puts right whatever a crash, a lost answer or a lost event left behind."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from domain import executions, keys, outcomes, reviews
from domain.executions import Execution, Status
from domain.refusals import Contention, ExecutionNotFound, Unavailable
from domain.state_machine import Flight, StateMachine
from domain.table import Page, Table

_LOGGER = logging.getLogger(__name__)

LEFT_ALONE = timedelta(seconds=30)
"""An execution this young that was never started is being started by whoever admitted it."""

TOO_OLD_TO_START = timedelta(days=1)
"""Step Functions forgets names after 90 days; nothing this old is ever started again. Rule: DESIGN "Traps"."""


def reconcile(
    table: Table, machine: StateMachine, clock: Callable[[], datetime], has_time: Callable[[], bool]
) -> Counter[str]:
    """Look at every running execution, oldest first, and put right what is wrong, while there is time.

    Started: what was admitted and never started. Woken: what waits for decisions that are all there.
    Recorded as failed with its credit back: what Step Functions
    ended without a record, and what is too old to start. Answers with how many of each.
    Model step: Reconcile.
    """
    done: Counter[str] = Counter()
    for execution in _open_executions(table, clock()):
        if not has_time():
            done["left"] += 1
            break
        try:
            done[_put_right(table, machine, clock(), execution)] += 1
        except (Unavailable, Contention):
            # The others must not wait for this one; it is looked at again in a minute.
            _LOGGER.warning("not put right now", extra={"execution_id": execution.id}, exc_info=True)
            done["unavailable"] += 1
    return done


def _open_executions(table: Table, now: datetime) -> Iterator[Execution]:
    """What the index shows as running, from another shard on every minute: a hint, to be read before acting."""
    shards = keys.open_shards()
    first = now.minute % len(shards)
    for shard in shards[first:] + shards[:first]:
        for row in table.query_index("open", "open_shard", shard, Page("0", "~")):
            try:
                execution = executions.read(table, row["pk"].removeprefix("WS#"), row["id"])
            except ExecutionNotFound:
                continue
            if execution.status is Status.RUNNING:
                yield execution


def _put_right(table: Table, machine: StateMachine, now: datetime, execution: Execution) -> str:
    flight = machine.look(execution.id)
    if flight is Flight.RUNNING:
        return "woken" if reviews.wake_if_due(table, machine, now, execution.id) else "running"
    if flight is Flight.NEVER_STARTED and now - execution.started < LEFT_ALONE:
        return "starting"
    if flight is Flight.NEVER_STARTED and now - execution.started < TOO_OLD_TO_START:
        machine.start(execution.workspace_id, execution.id)
        return "started"
    return "recorded" if outcomes.record_broken(table, now, execution) else "ended"
