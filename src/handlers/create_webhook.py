"""POST /v1/webhooks: create a webhook, and show its secret this once."""

from dataclasses import dataclass, field
from typing import Any

from domain.entities.api_keys import Scope
from domain.operations.signing import secret_of
from domain.operations.webhooks import CreateWebhook
from domain.program.values import dumps, loads
from domain.refusals import WebhookLimitReached
from handlers.idempotent import ReplayableEndpoint
from handlers.requests import JsonBody, Request


@dataclass(frozen=True)
class Body(JsonBody):
    """Where a workspace wants to be told, of which types of events, about which workflows; without a list, of all."""

    must_be = "an object of url, event_types, workflow_ids, description: texts and lists of texts, all but url optional"

    url: str
    event_types: list[str] = field(default_factory=list)
    workflow_ids: list[str] = field(default_factory=list)
    description: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for anything but texts and lists of them."""
        lists = (self.event_types, self.workflow_ids)
        if not all(isinstance(one, list) for one in lists):
            raise ValueError
        if not all(isinstance(one, str) for one in (self.url, self.description, *lists[0], *lists[1])):
            raise ValueError


def create(request: Request) -> CreateWebhook:
    """Create a webhook. Rule: contract "Webhooks"."""
    body = request.json(Body)
    return CreateWebhook(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace_id=request.workspace.id,
        url=body.url,
        event_types=body.event_types,
        workflow_ids=body.workflow_ids,
        description=body.description,
        allowed_hosts=request.worker.allowed_hosts,
    )


def with_secret(request: Request, body: str) -> str:
    """The answer with the first secret of the webhook, which is not stored, and so in no receipt either."""
    shown: Any = loads(body)
    return dumps({**shown, "secret": secret_of(request.stack.webhook_key, shown["webhook_id"], 1)})


handler = ReplayableEndpoint(
    "POST",
    "/v1/webhooks",
    Scope.MANAGE_WEBHOOKS,
    create,
    status=201,
    answers="webhooks.CreatedWebhook",
    body=Body,
    refuses=(WebhookLimitReached,),
    completed=with_secret,
)
