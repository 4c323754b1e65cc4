"""Deliveries: one event on its way to one webhook, every attempt of it, and when the next one is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, ConditionNotMet, Item, Write
from domain.moments import epoch_seconds, to_text
from domain.refusals import DeliveryNotFound

if TYPE_CHECKING:
    from domain.aws.table import Table

_PREFIX = "DELIVERY#"
_KEPT = timedelta(days=30)
_ATTEMPTS_KEPT = 20

_FIRST_ATTEMPT_WITHIN = timedelta(minutes=1)
"""The first attempt is made at once; what is lost on the way to it is found when this is over."""


class DeliveryStatus(StrEnum):
    """Where a delivery is: it goes on being tried, has arrived, or was given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when it began, what was answered and after how many milliseconds, or why nothing was."""

    at: str
    milliseconds: int
    status: int | None = None
    answer: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for a webhook; `body` is what is sent, the same bytes each time.

    `attempts` are the last of those that were made, `count` how many there were, `tries` how many since it was begun,
    or begun anew. The next one is due at `due_at`; there is none without.
    """

    id: str
    workspace_id: str
    webhook_id: str
    event_id: str
    event_type: str
    body: str
    created_at: str
    expires_at: int
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: tuple[Attempt, ...] = ()
    tries: int = 0
    count: int = 0
    error: str | None = None
    due_at: str | None = None


def id_of(webhook_id: str, event_id: str, at: datetime) -> str:
    """The id of the delivery of an event to a webhook: the same each time, and it sorts by the event's moment."""
    return f"{epoch_seconds(at):08x}{hashlib.sha256(f'{webhook_id}:{event_id}'.encode()).hexdigest()[:16]}"


def new(
    webhook_id: str,
    workspace_id: str,
    event: tuple[str, str, datetime, str],
    now: datetime,
    *,
    is_left_to_next_pass: bool = False,
) -> Delivery:
    """The delivery of an event: its id, its type, its moment and its body."""
    event_id, event_type, at, body = event
    return Delivery(
        id=id_of(webhook_id, event_id, at),
        workspace_id=workspace_id,
        webhook_id=webhook_id,
        event_id=event_id,
        event_type=event_type,
        body=body,
        created_at=to_text(now),
        expires_at=epoch_seconds(now + _KEPT),
        due_at=to_text(now if is_left_to_next_pass else now + _FIRST_ATTEMPT_WITHIN),
    )


def key(workspace_id: str, webhook_id: str, delivery_id: str) -> Key:
    """Where a delivery stands."""
    return Key(keys.webhook_partition(workspace_id, webhook_id), _PREFIX + delivery_id)


def key_of(delivery: Delivery) -> Key:
    """Where it stands."""
    return key(delivery.workspace_id, delivery.webhook_id, delivery.id)


def from_item(item: Item) -> Delivery:
    """Read a stored delivery."""
    workspace_id, webhook_id = keys.webhook_of(item["pk"])
    return Delivery(
        id=item["sk"].removeprefix(_PREFIX),
        workspace_id=workspace_id,
        webhook_id=webhook_id,
        event_id=item["event_id"],
        event_type=item["event_type"],
        body=item["body"],
        created_at=item["created_at"],
        expires_at=item["expires_at"],
        status=DeliveryStatus(item["status"]),
        attempts=tuple(Attempt(**attempt) for attempt in item.get("attempts", ())),
        tries=item.get("tries", 0),
        count=item.get("count", 0),
        error=item.get("error"),
        due_at=item.get("due_at"),
    )


def read(table: Table, workspace_id: str, webhook_id: str, delivery_id: str) -> Delivery:
    """Read a delivery, or raise `DeliveryNotFound`."""
    item = table.get(key(workspace_id, webhook_id, delivery_id))
    if item is None:
        raise DeliveryNotFound
    return from_item(item)


def list_page(table: Table, workspace_id: str, webhook_id: str, limit: int, after: str | None) -> list[Delivery]:
    """Read up to `limit` deliveries to a webhook, newest first, from the position `after` on."""
    rows = table.query(keys.webhook_partition(workspace_id, webhook_id), Page.newest(_PREFIX, after, limit))
    return list(map(from_item, rows))


def list_due(table: Table, now: datetime) -> Iterator[Key]:
    """Walk what the index shows as due, what is due longest first. A hint, to be read before acting."""
    return table.list_due("DELIVERY", to_text(now))


def create(delivery: Delivery) -> Write:
    """Store a new delivery; one that is there already stays as it is (`ConditionNotMet`)."""
    item: Item = {
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "body": delivery.body,
        "created_at": delivery.created_at,
        "expires_at": delivery.expires_at,
        "status": delivery.status.value,
        "due_at": delivery.due_at,
        "open_shard": keys.due_shard("DELIVERY", delivery.id),
    }
    return Write.put(key_of(delivery), item, condition=ABSENT)


def record(delivery: Delivery, attempt: Attempt, again_at: datetime | None) -> Write:
    """Record an attempt, and when the next one is; without one it has arrived, or is given up.

    The commit fails (`ConditionNotMet`) where another has recorded this attempt.
    """
    made: Sequence[Attempt] = (*delivery.attempts, attempt)[-_ATTEMPTS_KEPT:]
    values = {
        ":attempts": [asdict(one) for one in made],
        ":one": 1,
        ":seen": delivery.count,
        ":tries": delivery.tries + 1,
    }
    sets = "attempts = :attempts, tries = :tries"
    if again_at is not None:
        values |= {":due_at": to_text(again_at)}
        return _change(delivery, f"SET {sets}, due_at = :due_at ADD #count :one", values)
    ended = DeliveryStatus.DELIVERED if attempt.error is None else DeliveryStatus.FAILED
    return _change(
        delivery,
        f"SET {sets}, #status = :status REMOVE due_at, open_shard ADD #count :one",
        {**values, ":status": ended.value},
    )


def give_up(delivery: Delivery, why: str) -> Write:
    """Record that a delivery is not tried any more."""
    return _change(
        delivery,
        "SET #status = :status, #error = :error REMOVE due_at, open_shard",
        {":status": DeliveryStatus.FAILED.value, ":error": why, ":seen": delivery.count},
    )


def begin_anew(delivery: Delivery, now: datetime) -> Write:
    """Let a delivery be tried from now on as if it were new; it keeps its id, and that of its event."""
    return _change(
        delivery,
        "SET #status = :status, tries = :none, due_at = :due_at, open_shard = :shard, expires_at = :expires_at"
        " REMOVE #error",
        {
            ":status": DeliveryStatus.PENDING.value,
            ":none": 0,
            ":due_at": to_text(now + _FIRST_ATTEMPT_WITHIN),
            ":shard": keys.due_shard("DELIVERY", delivery.id),
            ":expires_at": epoch_seconds(now + _KEPT),
            ":seen": delivery.count,
        },
    )


def _change(delivery: Delivery, expression: str, values: Item) -> Write:
    names = {"#count": "count", "#status": "status", "#error": "error"}
    return Write.update(
        key_of(delivery),
        expression,
        condition="#count = :seen" if delivery.count else "attribute_exists(pk) AND attribute_not_exists(#count)",
        values=values if delivery.count else {name: value for name, value in values.items() if name != ":seen"},
        names={name: of for name, of in names.items() if name in expression or name == "#count"},
        refusal=lambda seen: DeliveryNotFound() if seen is None else ConditionNotMet(),
    )
