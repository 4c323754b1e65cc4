"""Request windows: how many requests a workspace has sent in a minute, and whether keys were revoked meanwhile."""

from __future__ import annotations

import secrets
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
    """A minute of a workspace: the requests counted in it, and a mark that every revocation of a key changes."""

    requests: int
    revocation: str | None


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
    return Window(item["requests"], item.get("revocation"))


def note_revocation(workspace_id: str, now: datetime) -> list[Write]:
    """Mark a revocation on every window that a worker may count into now, its clock being wrong by under a minute."""
    mark, minute = secrets.token_hex(8), minute_of(now)
    return [
        Write.update(
            _key(workspace_id, minute + timedelta(minutes=shift)),
            "SET revocation = :mark, expires_at = :gone",
            values={":mark": mark, ":gone": epoch_seconds(now + _KEPT)},
        )
        for shift in (-1, 0, 1)
    ]
