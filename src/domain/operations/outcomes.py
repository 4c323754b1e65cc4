"""Outcomes: what Step Functions ended, or never started, is recorded once as an end of ours, its credit given back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from domain.entities import executions, ledger, workspaces
from domain.entities.executions import End, Execution, Status
from domain.refusals import ExecutionAlreadyTerminal

if TYPE_CHECKING:
    from domain.aws.table import Table

PLATFORM_FAILED = "The execution was ended by a failure of the platform; its credit was given back."


def record_broken(table: Table, now: datetime, execution: Execution) -> bool:
    """Record that the platform broke an execution: failed, slot and credit back, all in one write.

    Answers whether this call recorded it; one that had ended is left as it is. Rule: contract "Lifecycle".
    Model step: RecordBroken.
    """
    workspace_id = execution.workspace_id
    try:
        table.commit(
            executions.end(workspace_id, execution.id, End(Status.FAILED, now, PLATFORM_FAILED)),
            workspaces.refund(workspace_id, execution.id),
            ledger.refund(workspace_id, execution.id, now),
        )
    except ExecutionAlreadyTerminal:
        return False
    return True
