"""Audits: what must hold between items, recomputed from the items themselves. For operators; no request needs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.entities import executions, ledger, receipts, workspaces
from domain.entities.executions import Execution, Status
from domain.entities.workspaces import Workspace
from domain.operations.outcomes import PLATFORM_FAILED

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


def examine(stack: Stack, now: datetime) -> Examination:
    """Read the whole table once and compare it with Step Functions. Takes as long as the table is large."""
    # In this order: an execution's item is written before it is started, and ends before its state machine does.
    there = stack.state_machine.list_running()
    runs = dict[str, Execution]()
    slots = Counter[str]()
    owners = set[str]()
    for item in stack.table.scan():
        if executions.is_execution(item):
            run = runs[item["id"]] = executions.from_item(item)
            slots[run.workspace_id] -= run.status is Status.RUNNING
        elif receipts.is_receipt(item):
            receipt = receipts.from_item(item)
            if receipt.owner.kind == "execution" and not receipt.is_expired(now):
                owners.add(receipt.owner.id)
        elif workspaces.is_workspace(item):
            workspace = workspaces.from_item(item)
            slots[workspace.id] += workspace.running
    overdue = [
        run.id
        for run in runs.values()
        if run.status is Status.RUNNING and run.id not in there and _is_overdue(stack, now, run)
    ]
    leaked = [
        workspace_id for workspace_id, taken in slots.items() if taken and _has_leaked(stack.table, now, workspace_id)
    ]
    return Examination(
        overdue_executions=tuple(sorted(overdue)),
        leaked_slots=tuple(sorted(leaked)),
        receipts_without_executions=tuple(sorted(owners - set(runs))),
        unknown_to_us=tuple(sorted(there - set(runs))),
    )


def _is_overdue(stack: Stack, now: datetime, run: Execution) -> bool:
    """Whether an execution is still running, should have been seen to, and has no generation that runs."""
    state = executions.read_state(stack.table, run.workspace_id, run.id)
    if not state.is_due(now - _PUT_RIGHT_WITHIN):
        return False
    return stack.state_machine.describe(run.id, state.generation.number) != "running"


def _has_leaked(table: Table, now: datetime, workspace_id: str) -> bool:
    audit = audit_credits(table, now, workspace_id)
    return audit.slots_taken != audit.running
