"""The ledger of a workspace's credits: every grant and every refund, and what was charged in each month."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, SHAPE, Item, Write
from domain.moments import to_text

if TYPE_CHECKING:
    from domain.aws.table import Table

_PREFIX = "CREDIT#"
_REFUND = "REFUND#"
_MONTH = "MONTH#"


@dataclass(frozen=True, slots=True)
class Entry:
    """A grant, or the refund of an execution that the platform broke; `amount` in credits."""

    amount: int
    reason: str
    created_at: str
    refunded_execution: str | None


def _key(workspace_id: str, entry_id: str) -> Key:
    return Key(keys.workspace_partition(workspace_id), _PREFIX + entry_id)


def from_item(item: Item) -> Entry:
    """Read a stored entry."""
    start = _PREFIX + _REFUND
    refunded = item["sk"].removeprefix(start) if item["sk"].startswith(start) else None
    return Entry(item["amount"], item["reason"], item["created_at"], refunded)


def read_all(table: Table, workspace_id: str) -> Iterator[Entry]:
    """Walk the grants and refunds of a workspace, the grants first, oldest first."""
    for item in table.query(keys.workspace_partition(workspace_id), Page.whole(_PREFIX)):
        if not item["sk"].startswith(_PREFIX + _MONTH):
            yield from_item(item)


def read_charges(table: Table, workspace_id: str) -> dict[str, int]:
    """Read what was charged in each month, as `2026-01`, that is over, as far as anything was."""
    start = _PREFIX + _MONTH
    rows = table.query(keys.workspace_partition(workspace_id), Page.whole(start))
    return {row["sk"].removeprefix(start): row["charged"] for row in rows}


def add_charges(workspace_id: str, month: str, charged: int) -> Write:
    """Add to what was charged in a month."""
    return Write.update(
        _key(workspace_id, _MONTH + month), "SET v = :v ADD charged :more", values={":v": SHAPE, ":more": charged}
    )


def grant(workspace_id: str, grant_id: str, amount: int, reason: str, now: datetime) -> Write:
    """Store a grant."""
    return _put(workspace_id, grant_id, amount, reason, now)


def refund(workspace_id: str, execution_id: str, now: datetime) -> Write:
    """Store the refund of an execution. It carries the execution's id and can be written once only."""
    return _put(workspace_id, _REFUND + execution_id, 1, "refund: the platform failed", now)


def _put(workspace_id: str, entry_id: str, amount: int, reason: str, now: datetime) -> Write:
    item: Item = {"amount": amount, "reason": reason, "created_at": to_text(now)}
    return Write.put(_key(workspace_id, entry_id), item, condition=ABSENT)
