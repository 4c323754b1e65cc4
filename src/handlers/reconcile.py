"""Every minute: put right what a crash, a lost answer or a lost event left behind."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.operations import reconciliation
from domain.operations.reconciliation import Finding
from handlers import metrics
from handlers.logs import logged
from handlers.worker import Worker, the_worker

_RESERVE_MILLISECONDS = 5000


@logged
def handler(_: dict[str, Any], context: LambdaContext, worker: Worker | None = None) -> dict[Finding, int]:
    """Reconcile while time is left, and answer with how many executions were found in which way."""
    worker = worker or the_worker()
    done = reconciliation.reconcile(
        worker.stack,
        worker.clock,
        has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
    )
    found = done.found
    measured: metrics.Measured = {
        # The alarm for it also looks at whether it comes at all.
        metrics.OLDEST_OVERDUE: done.overdue_seconds,
        metrics.REPAIRS: found["started"] + found["continued"] + found["woken"] + found["recorded"],
        metrics.GENERATIONS_LOST: found["continued"] + found["recorded"],
        metrics.GIVEN_UP: found["recorded"],
    }
    metrics.log("reconciled", {"found": dict(found)}, measured)
    return dict(found)
