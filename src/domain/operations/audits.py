"""Audits: what must hold between items, recomputed from the items themselves. For operators; no request needs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING

from domain.aws.writes import READ_AT_ONCE
from domain.entities import executions, ledger, receipts, workspaces
from domain.entities.executions import Execution, State, Status
from domain.entities.workspaces import Workspace
from domain.operations.outcomes import PLATFORM_FAILED
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.aws.table import Table

_READINGS = 5
_CLOCKS_DIFFER = timedelta(minutes=5)
_PUT_RIGHT_WITHIN = timedelta(minutes=3)
"""By then reconciliation, which runs every minute, has put right what can be put right."""


@dataclass(frozen=True, slots=True)
class CreditsAudit:
    """The credits of a workspace as its ledger and executions say they must be, and what differs from that."""

    workspace_id: str
    granted: int
    charged: int
    refunded: int
    balance: int
    running: int
    slots_taken: int
    differences: tuple[str, ...]


def audit_credits(table: Table, now: datetime, workspace_id: str) -> CreditsAudit:
    """Recompute a workspace's balance and running set, or raise `WorkspaceNotFound`.

    What was charged is what the ledger counts by months; it is compared with the executions themselves of the time from
    which on none can have expired. A workspace at work is read again, a few times, until it stayed the same while
    it was read. Rule: architecture "What must always hold".
    """
    workspace = workspaces.read(table, workspace_id)
    for _ in range(_READINGS):
        audit = _audit(table, now, workspace)
        before, workspace = workspace, workspaces.read(table, workspace_id)
        if workspace == before:
            return audit
    return audit


def _audit(table: Table, now: datetime, workspace: Workspace) -> CreditsAudit:
    granted, refunded, refunds = 0, 0, set[str]()
    runs = {execution.id: execution for execution in executions.list_page(table, workspace.id)}
    whole_since = executions.latest_that_may_be_gone(now)
    for entry in ledger.read_all(table, workspace.id):
        if entry.refunded_execution is None:
            granted += entry.amount
            continue
        refunded += entry.amount
        if entry.refunded_execution in runs or whole_since < datetime.fromisoformat(entry.created_at):
            refunds.add(entry.refunded_execution)
    months = Counter(ledger.read_charges(table, workspace.id))
    months[workspaces.month_of(workspace.usage_day)] += workspace.charged
    # Those of before their charges were counted are counted here.
    charged = months.total() + sum(not run.shape for run in runs.values())
    running = sum(run.status is Status.RUNNING for run in runs.values())
    return CreditsAudit(
        workspace_id=workspace.id,
        granted=granted,
        charged=charged,
        refunded=refunded,
        balance=workspace.credits,
        running=running,
        slots_taken=workspace.running,
        differences=(
            *_differences(workspace, granted + refunded - charged, running, runs, refunds),
            *_uncharged(workspace, whole_since, months, runs.values()),
        ),
    )


def _differences(
    workspace: Workspace, expected: int, running: int, runs: dict[str, Execution], refunded: set[str]
) -> list[str]:
    owed = {run.id for run in runs.values() if run.error == PLATFORM_FAILED}
    found = []
    if workspace.credits != expected:
        found.append(f"the balance is {workspace.credits}, and ledger and executions make it {expected}")
    if workspace.credits < 0:
        found.append("the balance is below zero")
    found += [f"execution {run} was refunded and is not owed it" for run in sorted(refunded - owed)]
    found += [f"execution {run} is owed a refund" for run in sorted(owed - refunded)]
    if workspace.running != running:
        found.append(f"{workspace.running} slots are taken, and {running} executions are running")
    return found


def _uncharged(
    workspace: Workspace, whole_since: datetime, months: Mapping[str, int], runs: Collection[Execution]
) -> list[str]:
    """Whether as many were charged as executions were admitted in the months of which all of them are still there."""
    since = whole_since.isoformat() if whole_since > datetime.fromisoformat(workspace.created_at) else ""
    counted = [run for run in runs if run.shape and run.started_at[:7] > since[:7]]
    charged = sum(number for month, number in months.items() if month > since[:7])
    # Clocks differ: what began in the last minutes of a month may have been charged in the next, which another began.
    early = sum(
        run.started_at[:7] == since[:7] < (run.started + _CLOCKS_DIFFER).isoformat()[:7] for run in runs if run.shape
    )
    if len(counted) <= charged <= len(counted) + early:
        return []
    return [f"{charged} credits were charged, and {len(counted)} executions admitted, since {since[:7] or 'ever'}"]


@dataclass(frozen=True, slots=True)
class Examination:
    """What is wrong in a stack, by ids; all empty where nothing is."""

    overdue_executions: tuple[str, ...]
    """Running here for minutes, while nothing runs them there."""
    leaked_slots: tuple[str, ...]
    """The workspaces that have more slots taken, or fewer, than executions running."""
    receipts_without_executions: tuple[str, ...]
    """The executions they name."""
    unknown_to_us: tuple[str, ...]
    """Running in Step Functions without an item of ours."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A running execution that should have been heard of, for how many seconds, and why it was not."""

    execution: Execution
    due_at: str
    overdue_seconds: int
    generation: int
    is_run: bool
    """Whether Step Functions runs it."""
    why: str


def list_stuck(stack: Stack, now: datetime) -> Iterator[Stuck]:
    """Walk what is overdue for longer than reconciliation takes to put it right, longest due first.

    It is found by the index of due executions: what sleeps is not even read.
    """
    return (_stuck(stack, now, state) for state in _overdue(stack.table, now))


def _overdue(table: Table, now: datetime) -> Iterator[State]:
    latest = now - _PUT_RIGHT_WITHIN
    states = map(executions.state_of, table.walk_items(executions.list_due(table, latest)))
    return (state for state in states if state.is_due(latest))


def _stuck(stack: Stack, now: datetime, state: State) -> Stuck:
    execution, generation = state.execution, state.generation
    try:
        there = stack.state_machine.describe(execution.id, generation.number)
    except Unavailable:
        there, why = None, "Step Functions did not answer."
    wait = execution.wait.kind if execution.wait else None
    match there:
        case "never started":
            why = f"Generation {generation.number} was recorded, and Step Functions knows nothing of it."
        case "broken" | "succeeded":
            why = f"Step Functions has ended generation {generation.number}, and no other was begun."
        case "running" if wait == "decisions":
            why = "It waits for people, whose time is over."
        case "running" if wait is not None:
            why = "Its wait is over, and it did not go on."
        case "running":
            why = f"Step {state.progress.next_step} is under way, and nothing of it was recorded since."
    if generation.fruitless:
        why += f" {generation.fruitless} generations before came no further."
    seconds = int(state.overdue(now).total_seconds())
    return Stuck(execution, state.due_at, seconds, generation.number, there == "running", why)


def examine(stack: Stack, now: datetime, looked: Callable[[int], None] = lambda _: None) -> Examination:
    """Compare the table with Step Functions, by indexes: what runs, what is due, each workspace, and its receipts.

    What executions have done is not read, nor those that have ended. `looked` is told of each workspace.
    """
    # In this order: an execution's item is written before it is started, and ends before its state machine does.
    there = stack.state_machine.list_running()
    running = executions.count_open(stack.table)
    known = set[str]().union(*running.values())
    leaked, lost = [], []
    for workspace in workspaces.read_all(stack.table):
        taken = workspace.running != len(running.get(workspace.id, ()))
        if taken and _has_leaked(stack.table, now, workspace.id):
            leaked.append(workspace.id)
        lost += _owners_without_items(stack.table, now, workspace.id)
        looked(1)
    lost_there = (state for state in _overdue(stack.table, now) if state.execution.id not in there)
    overdue = [state.execution.id for state in lost_there if not _stuck(stack, now, state).is_run]
    strange = ((execution_id, number) for execution_id, number in there.items() if execution_id not in known)
    unknown = [execution_id for execution_id, number in strange if is_unknown(stack, execution_id, number)]
    return Examination(
        overdue_executions=tuple(sorted(overdue)),
        leaked_slots=tuple(sorted(leaked)),
        receipts_without_executions=tuple(sorted(lost)),
        unknown_to_us=tuple(sorted(unknown)),
    )


def _owners_without_items(table: Table, now: datetime, workspace_id: str) -> list[str]:
    """The executions that receipts of a workspace name and that are not there."""
    owners = (
        receipt.owner.id
        for receipt in receipts.walk(table, workspace_id)
        if receipt.owner.kind == "execution" and not receipt.is_expired(now)
    )
    missing: list[str] = []
    for some in batched(owners, READ_AT_ONCE, strict=False):
        found = table.get_many(*(executions.key(workspace_id, owner) for owner in some))
        missing += (owner for owner in dict.fromkeys(some) if executions.key(workspace_id, owner) not in found)
    return missing


def is_unknown(stack: Stack, execution_id: str, generation: int) -> bool:
    """Whether there is no item of what runs in Step Functions and the index, which lags, does not show as running."""
    workspace_id = stack.state_machine.workspace_of(execution_id, generation)
    return workspace_id is not None and stack.table.get(executions.key(workspace_id, execution_id)) is None


def _has_leaked(table: Table, now: datetime, workspace_id: str) -> bool:
    audit = audit_credits(table, now, workspace_id)
    return audit.slots_taken != audit.running
