"""Stopping: from the moment of the answer on, no further step begins."""

from datetime import datetime

from domain import executions, keys, outcomes, receipts, workspaces
from domain.executions import Status
from domain.program.values import dumps
from domain.receipts import Answer
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound
from domain.state_machine import StateMachine
from domain.table import Table


def stop(
    table: Table,
    machine: StateMachine,
    now: datetime,
    workspace_id: str,
    execution_id: str,
    idempotency_key: str | None,
) -> Answer:
    """Stop a running execution and answer with the body of the 200.

    The write is what stops it: every step asks for `running` before it begins. Stopping Step Functions as well
    only ends its waiting early. Raises `ExecutionNotFound`, `ExecutionAlreadyTerminal`, `IdempotencyKeyReused`,
    `IdempotencyKeyInFlight` or `Contention`. Rule: CONTRACT "Stop".
    Model step: Stop.
    """
    claim = receipts.claim(workspace_id, "stop", idempotency_key, execution_id, None)
    at_execution = keys.execution(workspace_id, execution_id)
    found = table.get_many(at_execution, *([claim.at] if claim else []))
    if claim and (answer := claim.replay(found.get(claim.at), now)):
        machine.stop_soon(execution_id)
        return answer
    if at_execution not in found:
        raise ExecutionNotFound
    execution = executions.from_item(found[at_execution])
    if execution.status is not Status.RUNNING:
        raise ExecutionAlreadyTerminal(execution.status)
    body = dumps({"execution_id": execution_id, "status": Status.STOPPED.value})

    def commit() -> Answer:
        table.commit(
            *([claim.receipt(execution_id, body, now)] if claim else []),
            outcomes.end_running(workspace_id, execution_id, Status.STOPPED, now, None),
            workspaces.free_slot(workspace_id, execution_id),
        )
        machine.stop_soon(execution_id)
        return Answer(body)

    return receipts.settle(claim, now, commit)
