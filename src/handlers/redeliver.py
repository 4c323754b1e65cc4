"""POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver: begin a delivery anew."""

from domain.entities.api_keys import Scope
from domain.operations import delivering
from domain.program.values import dumps
from domain.refusals import DeliveryNotFound, WebhookNotFound, WebhookPaused
from handlers.http import Answer, Endpoint
from handlers.requests import Request
from views import bodies


def redeliver(request: Request) -> Answer:
    """Deliver once more, under the id that the event has. Rule: contract "Webhooks"."""
    webhook_id, delivery_id = request.path_id("webhook_id"), request.path_id("delivery_id")
    begun = delivering.redeliver(request.stack, request.now, request.workspace.id, webhook_id, delivery_id)
    return Answer(202, dumps(bodies.delivery(begun)))


handler = Endpoint(
    "POST",
    "/v1/webhooks/<webhook_id>/deliveries/<delivery_id>/redeliver",
    Scope.MANAGE_WEBHOOKS,
    redeliver,
    status=202,
    answers="webhooks.Delivery",
    refuses=(WebhookNotFound, DeliveryNotFound, WebhookPaused),
)
