"""DELETE /v1/webhooks/{webhook_id}: remove a webhook."""

from domain.entities.api_keys import Scope
from domain.operations import webhooks
from domain.refusals import WebhookNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request


def delete(request: Request) -> Answer:
    """Remove a webhook. Rule: contract "Webhooks"."""
    webhook_id = request.path_id("webhook_id")
    webhooks.remove(request.table, request.workspace.id, webhook_id)
    return ok({"webhook_id": webhook_id, "status": "deleted"})


handler = Endpoint(
    "DELETE",
    "/v1/webhooks/<webhook_id>",
    Scope.MANAGE_WEBHOOKS,
    delete,
    answers="webhooks.DeletedWebhook",
    refuses=(WebhookNotFound,),
)
