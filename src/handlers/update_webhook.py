"""PATCH /v1/webhooks/{webhook_id}: pause or resume a webhook."""

from dataclasses import dataclass
from typing import Literal

from domain.entities.api_keys import Scope
from domain.entities.webhooks import WebhookStatus
from domain.operations import webhooks
from domain.refusals import WebhookNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import JsonBody, Request
from views import bodies


@dataclass(frozen=True)
class Body(JsonBody):
    """The status that a webhook is to have."""

    must_be = '{"status": "active"} or {"status": "paused"}'

    status: Literal["active", "paused"]

    def __post_init__(self) -> None:
        """Raise `ValueError` for another status."""
        WebhookStatus(self.status)


def update(request: Request) -> Answer:
    """Pause or resume a webhook. Rule: contract "Webhooks"."""
    webhook_id, status = request.path_id("webhook_id"), WebhookStatus(request.json(Body).status)
    changed = webhooks.set_status(request.table, request.now, request.workspace.id, webhook_id, status)
    return ok(bodies.webhook(changed))


handler = Endpoint(
    "PATCH",
    "/v1/webhooks/<webhook_id>",
    Scope.MANAGE_WEBHOOKS,
    update,
    answers="webhooks.Webhook",
    body=Body,
    refuses=(WebhookNotFound,),
)
