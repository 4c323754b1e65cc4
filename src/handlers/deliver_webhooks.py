"""SQS: attempts to deliver events to webhooks, those to one webhook in groups one after the other."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from domain.aws.table import chance
from domain.operations.attempts import Sender
from domain.operations.delivering import Errand
from handlers import metrics
from handlers.logs import logged, logger
from handlers.worker import Worker, the_worker


@logged
def handler(event: dict[str, Any], _: LambdaContext, worker: Worker | None = None) -> dict[str, int]:
    """Make the attempts of a batch side by side, and answer with how many came to what.

    None is handed back to the queue: what was not recorded is still due, and must hold up nothing behind it.
    """
    worker = worker or the_worker()
    sender = Sender(worker.stack, worker.clock, worker.stack.webhook_key, worker.allowed_hosts, chance)
    errands = [Errand.read(record["body"]) for record in event["Records"]]
    with ThreadPoolExecutor(len(errands)) as threads:
        done = Counter(threads.map(lambda errand: _attempt(sender, errand), errands))
    measured: metrics.Measured = {
        metrics.FAILED_ATTEMPTS: done["failed"] + done["to be tried again"],
        metrics.BROKEN_ATTEMPTS: done["broken"],
    }
    metrics.log("attempts made", {"attempts": dict(done)}, measured)
    return dict(done)


def _attempt(sender: Sender, errand: Errand) -> str:
    try:
        return sender.attempt(errand)
    except Exception:  # noqa: BLE001 - the others of the batch go on, and this one is due again
        logger.exception("attempt broken", extra={"webhook_id": errand.webhook_id, "delivery_id": errand.delivery_id})
        return "broken"
