"""EventBridge: an execution of the state machine failed, timed out or was aborted."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import executions, outcomes
from domain.moments import utc_now
from domain.refusals import ExecutionNotFound
from domain.table import the_table
from handlers.logs import begin_request, logger


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Record the end that the state machine's execution came to, unless ours has ended already.

    The event is best effort and may come twice or never; reconciliation is the guarantee.
    """
    ids = json.loads(event["detail"]["input"])
    begin_request(context.aws_request_id, execution_id=ids["execution_id"])
    try:
        execution = executions.read(the_table(), ids["workspace_id"], ids["execution_id"])
    except ExecutionNotFound:
        logger.warning("no such execution")
        return {"outcome": "unknown"}
    recorded = outcomes.record_broken(the_table(), utc_now(), execution)
    outcome = "recorded" if recorded else "ended"
    logger.info("abnormal end", extra={"state_machine_status": event["detail"]["status"], "outcome": outcome})
    return {"outcome": outcome}
