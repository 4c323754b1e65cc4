"""DynamoDB stream: an execution has ended, or a review of it was asked or decided."""

from collections import Counter
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.entities.events import EventType
from domain.entities.executions import Execution
from domain.operations import publication
from handlers import metrics
from handlers.logs import logged
from handlers.worker import Worker, the_worker
from views import telling

_ENDS = {
    EventType.EXECUTION_SUCCEEDED: metrics.SUCCEEDED,
    EventType.EXECUTION_FAILED: metrics.FAILED,
    EventType.EXECUTION_STOPPED: metrics.STOPPED,
}


@logged
def handler(event: dict[str, Any], _: LambdaContext, worker: Worker | None = None) -> dict[str, int]:
    """Publish the events of a batch of changes. After a failure Lambda brings the batch again, or its halves.

    What has ended is counted once all is published: twice only where the worker dies after that.
    """
    worker = worker or the_worker()
    keep = partial(publication.keep_as_dead_letter, worker.stack)
    published = publication.publish(worker.stack, worker.clock(), event["Records"], telling.event, keep)
    ends = [(_ENDS[one.type], one.subject) for one in published if one.type in _ENDS]
    took = [ended.took for _, ended in ends if isinstance(ended, Execution) and ended.took is not None]
    measured: metrics.Measured = {**Counter(metric for metric, _ in ends), metrics.START_TO_DONE: took}
    metrics.log("published", {"events": len(published)}, measured)
    return {"events": len(published)}
