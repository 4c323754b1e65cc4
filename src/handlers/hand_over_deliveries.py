"""Every minute: hand over the deliveries to webhooks whose next attempt is due."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.operations import delivering
from handlers.logs import logged, logger
from handlers.worker import Worker, the_worker

_RESERVE_MILLISECONDS = 5000


@logged
def handler(_: dict[str, Any], context: LambdaContext, worker: Worker | None = None) -> dict[str, int]:
    """Hand over while time is left, and answer with how many deliveries were."""
    worker = worker or the_worker()
    done = delivering.hand_over_due(
        worker.stack,
        worker.clock,
        has_time=lambda: context.get_remaining_time_in_millis() > _RESERVE_MILLISECONDS,
    )
    logger.info("handed over", extra={"found": dict(done)})
    return dict(done)
