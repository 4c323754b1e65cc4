"""EventBridge: an execution of the state machine failed, timed out or was aborted."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.entities import executions
from domain.operations import outcomes
from domain.refusals import ExecutionNotFound
from handlers import metrics
from handlers.logs import logged, logger
from handlers.machine import Ids
from handlers.worker import Worker, the_worker


@logged
def handler(event: dict[str, Any], _: LambdaContext, worker: Worker | None = None) -> dict[str, str]:
    """Let the execution whose generation was lost go on in its next one, unless it has ended or moved on.

    The event is best effort and may come twice or never; reconciliation is the guarantee.
    """
    worker, lost = worker or the_worker(), Ids.model_validate_json(event["detail"]["input"])
    logger.append_keys(execution_id=lost.execution_id)
    outcome = _outcome(worker, lost)
    measured: metrics.Measured = {
        metrics.GENERATIONS_LOST: int(outcome in {"continued", "recorded"}),
        metrics.GIVEN_UP: int(outcome == "recorded"),
    }
    said = {"state_machine_status": event["detail"]["status"], "outcome": outcome}
    metrics.log("abnormal end", said, measured)
    return {"outcome": outcome}


def _outcome(worker: Worker, lost: Ids) -> str:
    try:
        state = executions.read_state(worker.stack.table, lost.workspace_id, lost.execution_id)
    except ExecutionNotFound:
        return "unknown"
    return outcomes.move_on(worker.stack, worker.clock(), state, lost.generation)
