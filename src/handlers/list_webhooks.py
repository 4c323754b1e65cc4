"""GET /v1/webhooks: list the workspace's webhooks, oldest first."""

from domain.entities import webhooks
from domain.entities.api_keys import Scope
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views import bodies


def list_webhooks(request: Request) -> Answer:
    """Answer with all of them: a workspace has few."""
    return ok({"webhooks": list(map(bodies.webhook, webhooks.read_all(request.table, request.workspace.id)))})


handler = Endpoint(
    "GET",
    "/v1/webhooks",
    Scope.MANAGE_WEBHOOKS,
    list_webhooks,
    answers="webhooks.Webhooks",
)
