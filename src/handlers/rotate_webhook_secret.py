"""POST /v1/webhooks/{webhook_id}/rotate: make a new secret, and show it this once."""

from domain.entities.api_keys import Scope
from domain.operations import webhooks
from domain.operations.signing import secret_of
from domain.refusals import WebhookNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views import bodies


def rotate(request: Request) -> Answer:
    """Make a new secret; the one before is valid for a day. Rule: webhooks "Secrets"."""
    rotated = webhooks.rotate(request.table, request.now, request.workspace.id, request.path_id("webhook_id"))
    secret = secret_of(request.stack.webhook_key, rotated.id, rotated.secret)
    return ok(bodies.rotated_secret(rotated, secret))


handler = Endpoint(
    "POST",
    "/v1/webhooks/<webhook_id>/rotate",
    Scope.MANAGE_WEBHOOKS,
    rotate,
    answers="webhooks.RotatedSecret",
    refuses=(WebhookNotFound,),
)
