"""The ledger of a workspace's credits: every grant and every refund, one item each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import ABSENT, Item, Write
from domain.moments import to_text

if TYPE_CHECKING:
    from domain.aws.table import Table

_PREFIX = "CREDIT#"
_REFUND = "REFUND#"


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
    return map(from_item, table.query(keys.workspace_partition(workspace_id), Page.whole(_PREFIX)))


def grant(workspace_id: str, grant_id: str, amount: int, reason: str, now: datetime) -> Write:
    """Store a grant."""
    return _put(workspace_id, grant_id, amount, reason, now)


def refund(workspace_id: str, execution_id: str, now: datetime) -> Write:
    """Store the refund of an execution. It carries the execution's id and can be written once only."""
    return _put(workspace_id, _REFUND + execution_id, 1, "refund: the platform failed", now)


def _put(workspace_id: str, entry_id: str, amount: int, reason: str, now: datetime) -> Write:
    item: Item = {"amount": amount, "reason": reason, "created_at": to_text(now)}
    return Write.put(_key(workspace_id, entry_id), item, condition=ABSENT)
