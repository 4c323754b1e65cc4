"""Every minute: put right what a crash, a lost answer or a lost event left behind."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import reconciliation
from domain.moments import utc_now
from domain.state_machine import the_state_machine
from domain.table import the_table
from handlers.logs import begin_request, logger

_RESERVE_MILLISECONDS = 5000


def handler(_: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Reconcile while time is left, and answer with how many executions were found in which way."""
    begin_request(context.aws_request_id)
    done = reconciliation.reconcile(
        the_table(),
        the_state_machine(),
        utc_now,
        has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
    )
    logger.info("reconciled", extra={"found": dict(done)})
    return dict(done)
