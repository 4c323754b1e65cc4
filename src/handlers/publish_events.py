"""DynamoDB stream: an execution has ended, or a review of it was asked or decided."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.operations import publication
from handlers.logs import logged, logger
from handlers.worker import Worker, the_worker
from views import telling


@logged
def handler(event: dict[str, Any], _: LambdaContext, worker: Worker | None = None) -> dict[str, int]:
    """Publish the events of a batch of changes. After a failure Lambda brings the batch again, or its halves."""
    worker = worker or the_worker()
    keep = partial(publication.keep_as_dead_letter, worker.stack)
    count = publication.publish(worker.stack, worker.clock(), event["Records"], telling.event, keep)
    logger.info("published", extra={"events": count})
    return {"events": count}
