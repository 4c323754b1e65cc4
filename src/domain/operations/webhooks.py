"""Webhooks as their workspace manages them: created, paused, resumed, removed, their secrets rotated."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, override

from domain.addresses import is_among, port_of, read_url
from domain.aws.keys import Key
from domain.aws.writes import ConditionNotMet
from domain.entities import webhooks
from domain.entities.events import EventType
from domain.entities.receipts import Owner
from domain.entities.webhooks import Webhook, WebhookStatus
from domain.ids import is_id, new_id
from domain.moments import to_text
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import Contention, InvalidRequest

if TYPE_CHECKING:
    from domain.aws.table import Table

TOLD = tuple(kind.value for kind in EventType if kind is not EventType.WEBHOOK_TEST)
"""The types of events that a webhook may choose."""

_URL_CHARACTERS = 2000
_DESCRIPTION_CHARACTERS = 200
_WORKFLOWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWebhook(Operation):
    """Create a webhook. Refuses with `InvalidRequest`, or `WebhookLimitReached`. Rule: contract "Webhooks"."""

    name: ClassVar[str] = "create_webhook"

    workspace_id: str
    url: str
    event_types: Sequence[str]
    workflow_ids: Sequence[str]
    description: str
    allowed_hosts: frozenset[str]

    @property
    @override
    def asks(self) -> tuple[str, Value]:
        return self.workspace_id, [self.url, list(self.event_types), list(self.workflow_ids), self.description]

    @override
    def reads(self) -> tuple[Key, ...]:
        return ()

    @override
    def plan(self, found: Found) -> Plan:
        _ensure_url(self.url, self.allowed_hosts)
        unknown = [kind for kind in self.event_types if kind not in TOLD]
        if unknown:
            raise InvalidRequest(f"There is no event {unknown[0][:60]!r}; there are: {', '.join(TOLD)}.")
        if len(self.workflow_ids) > _WORKFLOWS or not all(map(is_id, self.workflow_ids)):
            raise InvalidRequest(f"workflow_ids must be at most {_WORKFLOWS} ids of workflows.")
        if len(self.description) > _DESCRIPTION_CHARACTERS:
            raise InvalidRequest(f"description must have at most {_DESCRIPTION_CHARACTERS} characters.")
        webhook = Webhook(
            id=new_id(self.now),
            workspace_id=self.workspace_id,
            url=self.url,
            description=self.description,
            event_types=tuple(dict.fromkeys(self.event_types)),
            workflow_ids=tuple(dict.fromkeys(self.workflow_ids)),
            created_at=to_text(self.now),
        )
        body: Value = {
            "webhook_id": webhook.id,
            "url": webhook.url,
            "status": webhook.status.value,
            "created_at": webhook.created_at,
        }
        return Plan(webhooks.create(webhook), Owner("webhook", webhook.id), body)


def _ensure_url(url: str, allowed_hosts: frozenset[str]) -> None:
    """Refuse what cannot be sent to. Whether a host is public is looked at whenever something is sent there."""
    if len(url) > _URL_CHARACTERS:
        raise InvalidRequest(f"url must have at most {_URL_CHARACTERS} characters.")
    try:
        parts = read_url(url)
    except ValueError as error:
        raise InvalidRequest(f"{error}.") from None
    if parts.scheme != "https" and not is_among(parts.hostname or "", port_of(parts), allowed_hosts):
        raise InvalidRequest("url must begin with https://.")


def set_status(table: Table, now: datetime, workspace_id: str, webhook_id: str, status: WebhookStatus) -> Webhook:
    """Pause or resume a webhook, or raise `WebhookNotFound`; what it is already, it stays."""
    webhook = webhooks.read(table, workspace_id, webhook_id)
    if webhook.status is not status:
        is_paused = status is WebhookStatus.PAUSED
        # Its failures may have paused it meanwhile.
        with suppress(ConditionNotMet):
            table.commit(webhooks.pause(webhook, now, "asked") if is_paused else webhooks.resume(webhook))
        webhook = webhooks.read(table, workspace_id, webhook_id)
    return webhook


def remove(table: Table, workspace_id: str, webhook_id: str) -> None:
    """Remove a webhook, or raise `WebhookNotFound`; what is on its way to it is given up."""
    table.commit(*webhooks.remove(workspace_id, webhook_id))


def rotate(table: Table, now: datetime, workspace_id: str, webhook_id: str) -> Webhook:
    """Make a new secret for a webhook, or raise `WebhookNotFound`.

    To do so twice, because an answer was lost, is safe: receivers have the secret before both, which stays valid.
    """
    try:
        table.commit(webhooks.rotate(webhooks.read(table, workspace_id, webhook_id), now))
    except ConditionNotMet:
        raise Contention from None
    return webhooks.read(table, workspace_id, webhook_id)
