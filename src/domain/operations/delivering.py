"""Delivering: what happened goes to the webhooks that want it, one delivery for each, which is due until it is over.

A delivery is stored first. That it is handed over at once makes it quick; that it is due, and looked for every minute,
is what makes sure of it.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, Any

from domain.aws.writes import READ_AT_ONCE, ConditionNotMet
from domain.entities import deliveries, events, webhooks
from domain.entities.deliveries import Delivery, DeliveryStatus
from domain.entities.webhooks import WebhookStatus
from domain.program.values import dumps
from domain.refusals import Contention, Unavailable, WebhookPaused

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.aws.table import Table
    from domain.entities.events import Event
    from domain.entities.webhooks import Webhook
    from domain.moments import Clock

_LOGGER = logging.getLogger(__name__)

type Render = Callable[[Event], Mapping[str, Any]]
"""Makes what others are told of an event."""

AT_ONCE = 100
"""So many deliveries to one webhook a pass hands over: one that is slow must not keep the others waiting."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What is handed over: a delivery, and which of its attempts is to be made, counted from 0."""

    workspace_id: str
    webhook_id: str
    delivery_id: str
    attempt: int

    @classmethod
    def read(cls, text: str) -> Errand:
        """Read one that was handed over."""
        return cls(*json.loads(text))


def fan_out(stack: Stack, now: datetime, told: Iterable[tuple[Event, str]]) -> None:
    """Deliver events, each with its body, to every webhook of their workspace that wants them, in their order.

    The webhooks of a workspace are read once. To do so again changes nothing.
    """
    of_workspace: dict[str, list[Webhook]] = {}
    for event, body in told:
        if event.workspace_id not in of_workspace:
            of_workspace[event.workspace_id] = list(webhooks.read_all(stack.table, event.workspace_id))
        for webhook in of_workspace[event.workspace_id]:
            if webhook.wants(event.type, event.workflow_id):
                deliver(stack, now, webhook, event, body)


def deliver(stack: Stack, now: datetime, webhook: Webhook, event: Event, body: str) -> Delivery:
    """Store a delivery, unless it is there, and hand it over; to a webhook that is failing, only the next pass does."""
    of, is_failing = (event.id, event.type.value, event.at, body), webhook.failing_since is not None
    delivery = deliveries.new(webhook.id, webhook.workspace_id, of, now, is_left_to_next_pass=is_failing)
    try:
        stack.table.commit(deliveries.create(delivery))
    except ConditionNotMet:
        return delivery
    if not is_failing:
        hand_over(stack, [delivery])
    return delivery


def hand_over(stack: Stack, some: Iterable[Delivery]) -> None:
    """Let the next attempts of deliveries be made now; what gets lost here is handed over by a later pass."""
    errands = [
        (one.webhook_id, f"{one.id}-{one.count}", json.dumps([one.workspace_id, one.webhook_id, one.id, one.count]))
        for one in some
    ]
    try:
        stack.deliveries.send_in_groups(errands)
    except Unavailable:
        _LOGGER.warning("deliveries not handed over, left to the next pass", exc_info=True)


def hand_over_due(stack: Stack, clock: Clock, has_time: Callable[[], bool]) -> Counter[str]:
    """Hand over what is due, longest due first, `AT_ONCE` of each webhook at most, while there is time."""
    done: Counter[str] = Counter()
    of_webhook: Counter[str] = Counter()
    for some in batched(deliveries.list_due(stack.table, clock()), READ_AT_ONCE, strict=False):
        if not has_time():
            done["left"] += len(some)
            return done
        chosen = []
        for at in some:
            of_webhook[at.pk] += 1
            if of_webhook[at.pk] <= AT_ONCE:
                chosen.append(at)
            else:
                done["held back"] += 1
        found = stack.table.get_many(*chosen)
        waiting = [
            one
            for one in (deliveries.from_item(found[at]) for at in chosen if at in found)
            if one.status is DeliveryStatus.PENDING
        ]
        hand_over(stack, waiting)
        done["handed over"] += len(waiting)
    return done


def test(stack: Stack, now: datetime, workspace_id: str, webhook_id: str, render: Render) -> Delivery:
    """Send a webhook an event that nothing has made true. Raises `WebhookNotFound`, `WebhookPaused`."""
    webhook = _active(stack.table, workspace_id, webhook_id)
    event = events.test_of(webhook, now)
    return deliver(stack, now, webhook, event, dumps(dict(render(event))))


def redeliver(stack: Stack, now: datetime, workspace_id: str, webhook_id: str, delivery_id: str) -> Delivery:
    """Begin a delivery anew. Raises `WebhookNotFound`, `WebhookPaused`, `DeliveryNotFound`."""
    _active(stack.table, workspace_id, webhook_id)
    delivery = deliveries.read(stack.table, workspace_id, webhook_id, delivery_id)
    try:
        stack.table.commit(deliveries.begin_anew(delivery, now))
    except ConditionNotMet:
        raise Contention from None
    again = deliveries.read(stack.table, workspace_id, webhook_id, delivery_id)
    hand_over(stack, [again])
    return again


def _active(table: Table, workspace_id: str, webhook_id: str) -> Webhook:
    webhook = webhooks.read(table, workspace_id, webhook_id)
    if webhook.status is WebhookStatus.PAUSED:
        raise WebhookPaused
    return webhook
