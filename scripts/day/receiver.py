"""A receiver of webhooks that fails half the time: errors, broken connections, and now and then no answer at all."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator

from standardwebhooks import Webhook, WebhookVerificationError

from scripts.day.facts import Heard, told_by
from tests.support.site import Raw, Said, Seen
from tests.support.truth import Told

_FAILS = 0.544
_FAILURES_AT_MOST = 3
"""With these two, half of all messages fail, and yet each event arrives within the first eight minutes of its attempts.

Where a share s fails, and each event three times at most, there are s + s² + s³ failures for each success: as many as
successes, if s is 0.544.
"""
_HANGS, _BREAKS = 0.03, 0.2
_HANGS_SECONDS = 12
"""Longer than an attempt lasts."""


class Receiver:
    """Answers the messages to one webhook, and keeps what it has heard."""

    def __init__(self, seed: str) -> None:
        self.heard: list[Heard] = []
        self.secret = ""
        """That of the webhook, once it is there."""
        self._chance = random.Random(seed)
        self._failures: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, seen: Seen) -> Said | Raw:
        """Answer a message, and keep it."""
        at = time.time()
        try:
            event = Webhook(self.secret).verify(seen.body, dict(seen.headers))
        except WebhookVerificationError:
            event = None
        with self._lock:
            said = self.choose(seen.headers["webhook-id"])
        answered = said.status if isinstance(said, Said) else 0
        self.heard.append(Heard(at, answered, seen.body.decode(), event))
        return said

    def arrived(self) -> set[Told]:
        """What has arrived so far."""
        return {told_by(one.event) for one in list(self.heard) if one.event is not None and one.has_arrived}

    def choose(self, event_id: str) -> Said | Raw:
        """What is answered to a message, as chance has it."""
        if self._failures[event_id] == _FAILURES_AT_MOST or self._chance.random() >= _FAILS:
            return Said(204)
        self._failures[event_id] += 1
        how = self._chance.random()
        if how < _HANGS:
            return Raw(_nothing_for(_HANGS_SECONDS))
        if how < _BREAKS:
            return Raw(())
        return Said(self._chance.choice((500, 502, 503, 404, 429)), {"Retry-After": "1"})


def _nothing_for(seconds: float) -> Iterator[bytes]:
    """No piece of an answer, after some time."""
    time.sleep(seconds)
    yield b""
