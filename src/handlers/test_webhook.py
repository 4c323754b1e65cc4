"""POST /v1/webhooks/{webhook_id}/test: send a webhook an event that nothing has made true."""

from domain.entities.api_keys import Scope
from domain.operations import delivering
from domain.program.values import dumps
from domain.refusals import WebhookNotFound, WebhookPaused
from handlers.http import Answer, Endpoint
from handlers.requests import Request
from views import bodies, telling


def try_out(request: Request) -> Answer:
    """Begin the delivery of a `webhook.test`. Rule: contract "Webhooks"."""
    webhook_id = request.path_id("webhook_id")
    begun = delivering.test(request.stack, request.now, request.workspace.id, webhook_id, telling.event)
    return Answer(202, dumps(bodies.delivery(begun)))


handler = Endpoint(
    "POST",
    "/v1/webhooks/<webhook_id>/test",
    Scope.MANAGE_WEBHOOKS,
    try_out,
    status=202,
    answers="webhooks.Delivery",
    refuses=(WebhookNotFound, WebhookPaused),
)
