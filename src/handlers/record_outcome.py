"""EventBridge: an execution of the state machine failed, timed out or was aborted."""

import json
from typing import Any, Literal

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.entities import executions
from domain.operations import outcomes
from domain.refusals import ExecutionNotFound
from handlers.logs import logged, logger
from handlers.worker import Worker, the_worker

type Outcome = Literal["recorded", "ended", "unknown"]


@logged
def handler(event: dict[str, Any], _: LambdaContext, worker: Worker | None = None) -> dict[str, Outcome]:
    """Record the end that the state machine's execution came to, unless ours has ended already.

    The event is best effort and may come twice or never; reconciliation is the guarantee.
    """
    worker, ids = worker or the_worker(), json.loads(event["detail"]["input"])
    logger.append_keys(execution_id=ids["execution_id"])
    try:
        execution = executions.read(worker.stack.table, ids["workspace_id"], ids["execution_id"])
    except ExecutionNotFound:
        logger.warning("no such execution")
        return {"outcome": "unknown"}
    recorded = outcomes.record_broken(worker.stack.table, worker.clock(), execution)
    outcome: Outcome = "recorded" if recorded else "ended"
    logger.info("abnormal end", extra={"state_machine_status": event["detail"]["status"], "outcome": outcome})
    return {"outcome": outcome}
