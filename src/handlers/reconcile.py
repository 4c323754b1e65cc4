"""Every minute: put right what a crash, a lost answer or a lost event left behind."""

from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.operations import reconciliation
from domain.operations.reconciliation import Finding
from handlers.logs import logged, logger
from handlers.worker import Worker, the_worker

_RESERVE_MILLISECONDS = 5000

metrics = Metrics(namespace="Lodol")


@logged
def handler(_: dict[str, Any], context: LambdaContext, worker: Worker | None = None) -> dict[Finding, int]:
    """Reconcile while time is left, and answer with how many executions were found in which way."""
    worker = worker or the_worker()
    done = reconciliation.reconcile(
        worker.stack,
        worker.clock,
        has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
    )
    logger.info("reconciled", extra={"found": dict(done.found)})
    # The alarm for it also looks at whether it comes at all.
    metrics.add_metric("OldestOverdueSeconds", MetricUnit.Seconds, done.overdue_seconds)
    metrics.flush_metrics()
    return dict(done.found)
