"""Webhooks: where a workspace wants to be told, of what, and whether that works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, PRESENT, SHAPE, ConditionNotMet, Item, Write
from domain.moments import epoch_seconds, to_text
from domain.refusals import WebhookLimitReached, WebhookNotFound

if TYPE_CHECKING:
    from domain.aws.table import Table

WEBHOOKS = 20
"""The most webhooks of a workspace: each event looks at all of them."""

OVERLAP = timedelta(hours=24)
"""For so long the secret before the last rotation is valid beside the new one."""

PAUSED_AFTER = timedelta(days=3)
"""So long without any success, and a webhook is paused."""

_PREFIX = "WEBHOOK#"

type PauseReason = Literal["asked", "failures", "gone"]


class WebhookStatus(StrEnum):
    """Whether anything is delivered to a webhook."""

    ACTIVE = "active"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it is stored; empty `event_types` and `workflow_ids` mean all of them.

    Its secrets are numbered and never stored: `secret` is the number of the present one, and `previous_secret` that of
    one that is valid as well until `previous_until`, in epoch seconds. `pauses` counts how often it was paused because
    of what its receiver does.
    """

    id: str
    workspace_id: str
    url: str
    description: str
    event_types: tuple[str, ...]
    workflow_ids: tuple[str, ...]
    created_at: str
    status: WebhookStatus = WebhookStatus.ACTIVE
    secret: int = 1
    previous_secret: int | None = None
    previous_until: int | None = None
    failing_since: str | None = None
    paused_at: str | None = None
    pause_reason: PauseReason | None = None
    pauses: int = 0

    def secrets(self, now: datetime) -> tuple[int, ...]:
        """The numbers of the secrets that are valid, the present one first."""
        previous = self.previous_secret
        if previous is None or epoch_seconds(now) >= (self.previous_until or 0):
            return (self.secret,)
        return (self.secret, previous)

    def wants(self, event_type: str, workflow_id: str | None) -> bool:
        """Whether it is told of an event of a type, about a workflow or about none."""
        return (
            self.status is WebhookStatus.ACTIVE
            and (not self.event_types or event_type in self.event_types)
            and (not self.workflow_ids or workflow_id in self.workflow_ids)
        )

    def has_failed_for_days(self, now: datetime) -> bool:
        """Whether nothing has reached it for so long that it is paused."""
        return self.failing_since is not None and now >= datetime.fromisoformat(self.failing_since) + PAUSED_AFTER


def key(workspace_id: str, webhook_id: str) -> Key:
    """Where a webhook stands."""
    return Key(keys.workspace_partition(workspace_id), _PREFIX + webhook_id)


def _set_key(workspace_id: str) -> Key:
    """Where the ids of a workspace's webhooks stand, which are limited."""
    return Key(keys.workspace_partition(workspace_id), "WEBHOOKS")


def is_webhook(item: Item) -> bool:
    """Whether an item is a webhook."""
    found: bool = item["sk"].startswith(_PREFIX)
    return found


def from_item(item: Item) -> Webhook:
    """Read a stored webhook."""
    return Webhook(
        id=item["id"],
        workspace_id=keys.workspace_of(item["pk"]),
        url=item["url"],
        description=item["description"],
        event_types=tuple(item["event_types"]),
        workflow_ids=tuple(item["workflow_ids"]),
        created_at=item["created_at"],
        status=WebhookStatus(item["status"]),
        secret=item["secret"],
        previous_secret=item.get("previous_secret"),
        previous_until=item.get("previous_until"),
        failing_since=item.get("failing_since"),
        paused_at=item.get("paused_at"),
        pause_reason=item.get("pause_reason"),
        pauses=item.get("pauses", 0),
    )


def read(table: Table, workspace_id: str, webhook_id: str) -> Webhook:
    """Read a webhook of a workspace, or raise `WebhookNotFound`."""
    item = table.get(key(workspace_id, webhook_id))
    if item is None:
        raise WebhookNotFound
    return from_item(item)


def read_all(table: Table, workspace_id: str) -> list[Webhook]:
    """Read the webhooks of a workspace, oldest first."""
    return list(map(from_item, table.query(keys.workspace_partition(workspace_id), Page.whole(_PREFIX))))


def create(webhook: Webhook) -> tuple[Write, Write]:
    """Store a new webhook, or refuse with `WebhookLimitReached`."""
    item: Item = {
        "id": webhook.id,
        "url": webhook.url,
        "description": webhook.description,
        "event_types": list(webhook.event_types),
        "workflow_ids": list(webhook.workflow_ids),
        "created_at": webhook.created_at,
        "status": webhook.status.value,
        "secret": webhook.secret,
    }
    return (
        Write.update(
            _set_key(webhook.workspace_id),
            "SET v = :v ADD webhook_ids :id",
            condition="attribute_not_exists(webhook_ids) OR size(webhook_ids) < :limit",
            values={":id": {webhook.id}, ":limit": WEBHOOKS, ":v": SHAPE},
            refusal=lambda _: WebhookLimitReached(WEBHOOKS),
        ),
        Write.put(key(webhook.workspace_id, webhook.id), item, condition=ABSENT),
    )


def remove(workspace_id: str, webhook_id: str) -> tuple[Write, Write]:
    """Remove a webhook, and its place among those of its workspace, or refuse with `WebhookNotFound`."""
    return (
        Write.delete(key(workspace_id, webhook_id), condition=PRESENT, refusal=lambda _: WebhookNotFound()),
        Write.update(_set_key(workspace_id), "DELETE webhook_ids :id", values={":id": {webhook_id}}),
    )


def pause(webhook: Webhook, now: datetime, reason: PauseReason) -> Write:
    """Deliver nothing to a webhook from now on, or refuse with `WebhookNotFound`; one that is paused stays as it is.

    If nobody has asked for it, its owner is told.
    """
    return _change(
        webhook,
        "SET #status = :paused, paused_at = :now, pause_reason = :reason ADD pauses :pauses",
        {
            ":paused": WebhookStatus.PAUSED.value,
            ":now": to_text(now),
            ":reason": reason,
            ":pauses": int(reason != "asked"),
            ":active": WebhookStatus.ACTIVE.value,
        },
        condition="#status = :active",
    )


def resume(webhook: Webhook) -> Write:
    """Deliver to a webhook again, as if it had never failed."""
    return _change(
        webhook,
        "SET #status = :active REMOVE paused_at, pause_reason, failing_since",
        {":active": WebhookStatus.ACTIVE.value},
    )


def rotate(webhook: Webhook, now: datetime) -> Write:
    """Let the next secret be valid at once, and the one that receivers have for a while.

    While two are valid it is the newer one that is replaced: receivers may not have it, the older one they have. The
    commit fails (`ConditionNotMet`) where another has rotated it since it was read.
    """
    known = webhook.secrets(now)[-1]
    return _change(
        webhook,
        "SET secret = :next, previous_secret = :known, previous_until = :until",
        {
            ":next": webhook.secret + 1,
            ":known": known,
            ":until": epoch_seconds(now + OVERLAP) if known == webhook.secret else webhook.previous_until,
            ":seen": webhook.secret,
        },
        condition="secret = :seen",
    )


def note_failure(webhook: Webhook, now: datetime) -> Write:
    """Remember since when nothing has reached a webhook."""
    values = {":now": to_text(now)}
    return _change(webhook, "SET failing_since = if_not_exists(failing_since, :now)", values)


def note_success(webhook: Webhook) -> Write:
    """Forget that it was failing."""
    return _change(webhook, "REMOVE failing_since", {})


def _change(webhook: Webhook, expression: str, values: Mapping[str, Any], *, condition: str = "") -> Write:
    def refusal(seen: Item | None) -> Exception:
        return WebhookNotFound() if seen is None else ConditionNotMet()

    names = {"#status": "status"} if "#status" in expression + condition else {}
    return Write.update(
        key(webhook.workspace_id, webhook.id),
        expression,
        condition=f"{PRESENT} AND {condition}" if condition else PRESENT,
        values=values,
        names=names,
        refusal=refusal,
    )
