"""Request windows: how many requests a workspace has sent in a minute, and whether keys were revoked meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.writes import Write
from domain.moments import epoch_seconds

if TYPE_CHECKING:
    from domain.aws.table import Table

_KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Window:
    """A minute of a workspace: the requests counted in it, and the hashes of the keys that were revoked around it."""

    requests: int
    revoked_keys: frozenset[str]


def minute_of(moment: datetime) -> datetime:
    """The start of the minute that a moment lies in."""
    return moment.replace(second=0, microsecond=0)


def _key(workspace_id: str, minute: datetime) -> Key:
    stamp = minute.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
    return Key(f"{keys.workspace_partition(workspace_id)}#WINDOW#{stamp}", "WINDOW")


def count_request(table: Table, workspace_id: str, minute: datetime) -> Window:
    """Count a request into its minute, and answer with the window afterwards."""
    item = table.update(
        _key(workspace_id, minute),
        "SET expires_at = :gone ADD requests :one",
        {":one": 1, ":gone": epoch_seconds(minute + _KEPT)},
    )
    return Window(item["requests"], frozenset(item.get("revoked_keys", ())))


def note_revocation(workspace_id: str, key_hash: str, now: datetime) -> list[Write]:
    """Note a revoked key on every window that a worker may count into now, its clock being wrong by under a minute."""
    minute = minute_of(now)
    return [
        Write.update(
            _key(workspace_id, minute + timedelta(minutes=shift)),
            "SET expires_at = :gone ADD revoked_keys :key",
            values={":key": {key_hash}, ":gone": epoch_seconds(now + _KEPT)},
        )
        for shift in (-1, 0, 1)
    ]
