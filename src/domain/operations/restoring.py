"""Restoring: a table as it was, under a Step Functions that has gone on since. For operators.

What Step Functions has done since is lost with what was stored of it: its executions stand where no item says so, and
may wait for what nobody asks any more. So each running execution goes on from what the table knows, in a generation in
which nothing was done yet.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Literal

from domain.aws.writes import ConditionNotMet
from domain.entities import executions, workspaces
from domain.entities.executions import State, Status
from domain.operations import outcomes
from domain.operations.audits import CreditsAudit, audit_credits, is_unknown
from domain.operations.idempotency import carry_out
from domain.operations.stopping import Stop
from domain.refusals import ExecutionAlreadyTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from domain.aws.stack import Stack
    from domain.aws.state_machine import Seen

LOST = "lost by a restore"
"""Why a Step Functions execution is stopped whose execution goes on in another, or has no item any more."""

type Found = Literal["continued", "stopped", "left", "moved on"]
"""What became of a running execution: goes on in a new generation, was stopped again, needs nothing, or changes now."""


def continue_executions(stack: Stack, now: datetime, before: datetime, *, is_dry: bool = False) -> Iterator[Found]:
    """Let every running execution go on from what the table knows, whose generation began before a moment.

    What its user has stopped since is stopped again. Those that Step Functions knows nothing of are left to
    reconciliation, and those that began later need nothing: so the same moment may be given again. A dry run changes
    nothing.
    """
    # All of them first: whatever is continued moves within the index.
    for item in stack.table.walk_items(list(executions.list_due(stack.table))):
        state = executions.state_of(item)
        if state.execution.status is Status.RUNNING:
            yield _continue(stack, now, before, state, is_dry=is_dry)


def _continue(stack: Stack, now: datetime, before: datetime, state: State, *, is_dry: bool) -> Found:
    which, first = state.execution, state.generation.number
    seen = list(_generations(stack, which.id, first))
    if not seen or seen[0].started_at >= before:
        return "left"
    is_stopped = any(generation.is_stopped_by_its_user for generation in seen)
    if is_dry:
        return "stopped" if is_stopped else "continued"
    try:
        if is_stopped:
            carry_out(stack, Stop(now=now, workspace_id=which.workspace_id, execution_id=which.id))
            return "stopped"
        outcomes.hand_over(stack, now, state, unused=first + len(seen))
    except (ConditionNotMet, ExecutionAlreadyTerminal):
        return "moved on"
    for number in range(first, first + len(seen)):
        stack.state_machine.try_stop(which.id, number, LOST)
    return "continued"


def _generations(stack: Stack, execution_id: str, first: int) -> Iterator[Seen]:
    """What Step Functions knows of a generation and those after it, which the table may know nothing of."""
    for number in count(first):
        if (seen := stack.state_machine.look(execution_id, number)) is None:
            return
        yield seen


def stop_strays(stack: Stack, before: datetime, *, is_dry: bool = False) -> Iterator[str]:
    """Stop what runs in Step Functions since before a moment and has no item any more; walks the ids."""
    for execution_id, generation in stack.state_machine.list_running().items():
        seen = stack.state_machine.look(execution_id, generation)
        if seen and seen.started_at < before and is_unknown(stack, execution_id, generation):
            if not is_dry:
                stack.state_machine.try_stop(execution_id, generation, LOST)
            yield execution_id


def count_slots(stack: Stack, now: datetime, *, is_dry: bool = False) -> Iterator[tuple[CreditsAudit, bool]]:
    """Let each workspace have as many slots taken as executions running; walks the audits, and whether that was wrong.

    A recovery to a point in time may tear what was one transaction.
    """
    for workspace in workspaces.read_all(stack.table):
        audit = audit_credits(stack.table, now, workspace.id)
        is_wrong = audit.slots_taken != audit.running
        if is_wrong and not is_dry:
            write = workspaces.set_slots(workspace.id, audit.slots_taken, audit.balance, audit.running)
            try:
                stack.table.commit(write)
            except ConditionNotMet:
                is_wrong = False  # it is at work, so that what was counted is over
            else:
                audit = audit_credits(stack.table, now, workspace.id)
        yield audit, is_wrong
