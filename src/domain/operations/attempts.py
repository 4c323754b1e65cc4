"""Attempts: one delivery is sent to its webhook, what came of it is recorded, and when the next attempt is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.aws.writes import ConditionNotMet, Write
from domain.callables import outgoing
from domain.callables.effect import Retry
from domain.entities import deliveries, webhooks
from domain.entities.deliveries import Attempt, Delivery, DeliveryStatus
from domain.entities.webhooks import Webhook, WebhookStatus
from domain.moments import Clock, to_precise_text
from domain.operations.signing import headers_of, secret_of
from domain.program.calls import CallFailed
from domain.program.values import legible
from domain.refusals import DeliveryNotFound, WebhookNotFound

if TYPE_CHECKING:
    from domain.aws.stack import Stack
    from domain.operations.delivering import Errand

_LOGGER = logging.getLogger(__name__)

SECONDS = 10.0
"""What an attempt may take, from connecting to the last byte that is read of the answer."""

_ANSWER_BYTES = 256
_MINUTES = (1, 2, 5, 15, 30, 60, 120, 240, 360, 600)
WAITS = tuple(timedelta(minutes=minutes) for minutes in _MINUTES)
"""Between attempts, at most; together not quite 24 hours. Rule: webhooks "Attempts"."""

_SHORTEST = 0.75
"""So much of a wait is left at least: the rest is chance, so that what failed together does not come together again."""

_GONE = 410
"""A receiver that wants nothing any more."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What it takes to make attempts: `key` derives the secrets, `chance` draws from 0 to 1."""

    stack: Stack
    clock: Clock
    key: bytes
    allowed_hosts: frozenset[str]
    chance: Callable[[], float]

    def attempt(self, errand: Errand) -> str:
        """Make an attempt, if it is still to be made; answers with what came of it.

        It is made before it is recorded: whoever dies between the two lets it be made again.
        """
        webhook_at = webhooks.key(errand.workspace_id, errand.webhook_id)
        delivery_at = deliveries.key(errand.workspace_id, errand.webhook_id, errand.delivery_id)
        found = self.stack.table.get_many(webhook_at, delivery_at)
        if delivery_at not in found:
            return "unknown"
        delivery = deliveries.from_item(found[delivery_at])
        if delivery.status is not DeliveryStatus.PENDING or delivery.count != errand.attempt:
            return "made already"
        webhook = webhooks.from_item(found[webhook_at]) if webhook_at in found else None
        if webhook is None or webhook.status is WebhookStatus.PAUSED:
            why = "the webhook was removed" if webhook is None else "the webhook was paused"
            self._commit(deliveries.give_up(delivery, why))
            return "given up"
        return self._try(webhook, delivery)

    def _try(self, webhook: Webhook, delivery: Delivery) -> str:
        attempt, asked = self._send(webhook, delivery)
        now = self.clock()
        again_at = None if attempt.error is None else self._again_at(delivery, now, asked)
        self._commit(deliveries.record(delivery, attempt, again_at))
        if attempt.error is None:
            if webhook.failing_since is not None:
                self._commit(webhooks.note_success(webhook))
            return "delivered"
        if attempt.status == _GONE:
            self._commit(webhooks.pause(webhook, now, "gone"))
        elif webhook.has_failed_for_days(now):
            self._commit(webhooks.pause(webhook, now, "failures"))
        elif webhook.failing_since is None:
            self._commit(webhooks.note_failure(webhook, now))
        return "failed" if again_at is None else "to be tried again"

    def _send(self, webhook: Webhook, delivery: Delivery) -> tuple[Attempt, float | None]:
        """Send the event, and say after how many seconds the other side wants the next attempt, if it says so."""
        now, begun = self.clock(), time.monotonic()
        body = delivery.body.encode()
        secrets = [secret_of(self.key, webhook.id, number) for number in webhook.secrets(now)]
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "lodol-executions",
            **headers_of(secrets, delivery.event_id, now, body),
        }
        request = outgoing.Request("POST", webhook.url, headers, body, SECONDS, self.allowed_hosts)
        try:
            answer: outgoing.Answer | Retry = outgoing.exchange(request, _ANSWER_BYTES)
        except CallFailed as failure:
            answer = Retry(str(failure))
        at, took = to_precise_text(now), round((time.monotonic() - begun) * 1000)
        if isinstance(answer, Retry):
            return Attempt(at, took, error=legible(answer.message)), None
        said = legible(answer.content.decode("utf-8", "replace"))
        if 200 <= answer.status < 300:
            return Attempt(at, took, answer.status, said), None
        failed = Attempt(at, took, answer.status, said, f"the answer was {answer.status}")
        return failed, answer.retry_after(now)

    def _again_at(self, delivery: Delivery, now: datetime, asked: float | None) -> datetime | None:
        """When the next attempt is, `None` after the last; a receiver may ask for longer, up to the longest wait."""
        if delivery.tries >= len(WAITS):
            return None
        wait = WAITS[delivery.tries] * (_SHORTEST + (1 - _SHORTEST) * self.chance())
        longest = WAITS[-1].total_seconds()
        return now + max(wait, timedelta(seconds=min(asked or 0, longest)))

    def _commit(self, write: Write) -> None:
        """Record something of what came of an attempt, unless it is not so any more."""
        with suppress(ConditionNotMet, DeliveryNotFound, WebhookNotFound):
            self.stack.table.commit(write)
