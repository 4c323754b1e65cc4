"""GET /v1/webhooks/{webhook_id}/deliveries: list what was delivered to a webhook, or is to be, newest first."""

from domain.entities import deliveries, webhooks
from domain.entities.api_keys import Scope
from domain.refusals import WebhookNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.parameters import AFTER, LIMIT
from handlers.requests import Request
from views import bodies


def list_deliveries(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one."""
    after, workspace_id, webhook_id = request.query(AFTER), request.workspace.id, request.path_id("webhook_id")
    webhooks.read(request.table, workspace_id, webhook_id)
    page = request.page(
        lambda limit: deliveries.list_page(request.table, workspace_id, webhook_id, limit, after),
        lambda delivery: delivery.id,
    )
    return ok({"deliveries": list(map(bodies.delivery, page.rows))}, page.link)


handler = Endpoint(
    "GET",
    "/v1/webhooks/<webhook_id>/deliveries",
    Scope.MANAGE_WEBHOOKS,
    list_deliveries,
    answers="webhooks.DeliveryPage",
    query=(LIMIT, AFTER),
    headers=("Link",),
    refuses=(WebhookNotFound,),
)
