"""GET /v1/webhooks/{webhook_id}: one webhook."""

from domain.entities import webhooks
from domain.entities.api_keys import Scope
from domain.refusals import WebhookNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views import bodies


def get_webhook(request: Request) -> Answer:
    """Answer with a webhook."""
    return ok(bodies.webhook(webhooks.read(request.table, request.workspace.id, request.path_id("webhook_id"))))


handler = Endpoint(
    "GET",
    "/v1/webhooks/<webhook_id>",
    Scope.MANAGE_WEBHOOKS,
    get_webhook,
    answers="webhooks.Webhook",
    refuses=(WebhookNotFound,),
)
