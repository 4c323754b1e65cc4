"""Outcomes: how an execution leaves `running`, once, with its slot and, if the platform broke it, its credit."""

from datetime import datetime

from domain import keys, workspaces
from domain.executions import Execution, Status
from domain.moments import to_text
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound
from domain.table import Table
from domain.writes import Item, Write

PLATFORM_FAILED = "The execution was ended by a failure of the platform; its credit was given back."


ENDS = "#status = :ended, completed_at = :now, #error = :error REMOVE open_shard"
"""The end of an update's `SET` clause that ends an execution; it leaves the index of running ones by the same write."""

STATUS = {"#status": "status"}
NAMES = {**STATUS, "#error": "error"}
"""`status` and `error` are reserved words of DynamoDB's expressions."""


def end_values(status: Status, now: datetime, error: str | None) -> Item:
    """The values of `ENDS`."""
    return {":ended": status.value, ":now": to_text(now), ":error": error}


def end_running(workspace_id: str, execution_id: str, status: Status, now: datetime, error: str | None) -> Write:
    """End an execution that is still running; otherwise refuse with `ExecutionAlreadyTerminal`."""

    def refusal(seen: Item | None) -> Exception:
        return ExecutionAlreadyTerminal(seen["status"]) if seen else ExecutionNotFound()

    return Write.update(
        keys.execution(workspace_id, execution_id),
        f"SET {ENDS}",
        condition="#status = :running",
        values={**end_values(status, now, error), ":running": Status.RUNNING.value},
        names=NAMES,
        refusal=refusal,
    )


def record_broken(table: Table, now: datetime, execution: Execution) -> bool:
    """Record that the platform broke an execution: failed, slot and credit back, all in one write.

    Answers whether this call recorded it; one that had ended is left as it is. Rule: CONTRACT "Lifecycle".
    Model step: RecordBroken.
    """
    workspace_id = execution.workspace_id
    end = end_running(workspace_id, execution.id, Status.FAILED, now, PLATFORM_FAILED)
    try:
        table.commit(end, *workspaces.refund(workspace_id, execution.id, now))
    except ExecutionAlreadyTerminal:
        return False
    return True
