"""Receipts: the first success of an operation under an idempotency key, kept for 24 hours."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, Item, Write
from domain.moments import epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.aws.table import Table

_PREFIX = "RECEIPT#"
KEPT = timedelta(hours=24)

type OwnerKind = Literal["execution", "grant", "webhook"]
_OWNER_KINDS: tuple[OwnerKind, ...] = ("execution", "grant", "webhook")


class Owner(NamedTuple):
    """What an idempotency key belongs to: what its first success made or changed."""

    kind: OwnerKind
    id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A first success: what was asked (as a hash), what it belongs to, its body, and when it is forgotten."""

    fingerprint: str
    owner: Owner
    body: str
    expires_at: int

    def is_expired(self, now: datetime) -> bool:
        """Whether its key is free again. TTL deletes days late, so an expired one may still be there."""
        return self.expires_at <= epoch_seconds(now)


class ReceiptFound(Exception):
    """Another request with the same key has committed first; `receipt` is what it wrote."""

    def __init__(self, receipt: Receipt) -> None:
        self.receipt = receipt


def key(workspace_id: str, operation: str, idempotency_key: str) -> Key:
    """Where the receipt of an operation under an idempotency key stands."""
    return Key(keys.workspace_partition(workspace_id), f"{_PREFIX}{operation}#{_sha256(idempotency_key)}")


def fingerprint_of(*asked: str) -> str:
    """The hash of what a request asks for: equal for equal requests only."""
    return _sha256("\n".join(asked))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def walk(table: Table, workspace_id: str) -> Iterator[Receipt]:
    """Walk the receipts of a workspace, those included that have expired."""
    return map(from_item, table.query(keys.workspace_partition(workspace_id), Page.whole(_PREFIX)))


def from_item(item: Item) -> Receipt:
    """Read a stored receipt."""
    owner = next(Owner(kind, item[f"{kind}_id"]) for kind in _OWNER_KINDS if f"{kind}_id" in item)
    return Receipt(item["fingerprint"], owner, item["body"], item["expires_at"])


def write(at: Key, fingerprint: str, owner: Owner, body: str, now: datetime) -> Write:
    """Store a receipt, or refuse with `ReceiptFound`; an expired one that is still there does not stand in the way."""
    item: Item = {
        "fingerprint": fingerprint,
        f"{owner.kind}_id": owner.id,
        "body": body,
        "expires_at": epoch_seconds(now + KEPT),
    }
    return Write.put(
        at,
        item,
        condition=f"{ABSENT} OR expires_at <= :now",
        values={":now": epoch_seconds(now)},
        refusal=lambda seen: ReceiptFound(from_item(seen or item)),
    )
