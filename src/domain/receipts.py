"""Receipts: the first success under an idempotency key, kept for 24 hours."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain import keys
from domain.keys import Key
from domain.moments import epoch_seconds
from domain.program.values import Value, dumps
from domain.refusals import Contention, IdempotencyKeyInFlight, IdempotencyKeyReused, InvalidRequest
from domain.writes import ABSENT, Item, Write

KEPT_SECONDS = 24 * 60 * 60
KEY_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a success, as JSON text, and whether it is a repeat of an earlier one."""

    body: str
    replayed: bool = False


class ReceiptFound(Exception):
    """The key turned out to have a receipt at the moment of the commit."""

    def __init__(self, item: Item) -> None:
        super().__init__()
        self.item = item


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's claim on an idempotency key: workspace, operation, key, and what the request asks for."""

    at: Key
    fingerprint: str

    def replay(self, item: Item | None, now: datetime) -> Answer | None:
        """Answer from a receipt, if there is one that has not expired.

        Raises `IdempotencyKeyReused` when it was written for a different request.
        Rule: CONTRACT "Idempotency-Key".
        """
        if item is None or item["expires_at"] <= epoch_seconds(now):
            return None
        if item["fingerprint"] != self.fingerprint:
            raise IdempotencyKeyReused(item["execution_id"])
        return Answer(item["body"], replayed=True)

    def receipt(self, execution_id: str, body: str, now: datetime) -> Write:
        """Remember a success; an expired receipt that is still there does not stand in the way."""
        return Write.put(
            self.at,
            {
                "fingerprint": self.fingerprint,
                "execution_id": execution_id,
                "body": body,
                "expires_at": epoch_seconds(now) + KEPT_SECONDS,
            },
            condition=f"{ABSENT} OR expires_at <= :now",
            values={":now": epoch_seconds(now)},
            refusal=lambda seen: ReceiptFound(seen or {}),
        )


def claim(workspace_id: str, operation: str, idempotency_key: str | None, target_id: str, body: Value) -> Claim | None:
    """Make the claim of a request, `None` if it names no key; a key that is no key is an `InvalidRequest`."""
    if idempotency_key is None:
        return None
    if not 1 <= len(idempotency_key) <= KEY_CHARACTERS:
        raise InvalidRequest(f"Idempotency-Key must have 1 to {KEY_CHARACTERS} characters.")
    key_hash = hashlib.sha256(idempotency_key.encode("utf-8", "surrogatepass")).hexdigest()
    asked = hashlib.sha256(f"{target_id}\n{dumps(body)}".encode()).hexdigest()
    return Claim(keys.receipt(workspace_id, operation, key_hash), asked)


def settle(claimed: Claim | None, now: datetime, commit: Callable[[], Answer]) -> Answer:
    """Carry out a commit, or answer from the receipt that another request wrote first.

    Raises `IdempotencyKeyInFlight` where other writes kept winning and the request named a key.
    """
    try:
        return commit()
    except ReceiptFound as found:
        answer = claimed.replay(found.item, now) if claimed else None
        if answer is None:
            raise
        return answer
    except Contention:
        if claimed:
            raise IdempotencyKeyInFlight from None
        raise
