"""The shapes in which items are stored: how far a migration has brought the table to the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from domain.aws.keys import Key
from domain.aws.writes import SHAPE, Item, Write

if TYPE_CHECKING:
    from domain.aws.table import Table

_KEY = Key("TABLE", "SHAPE")


class Progress(NamedTuple):
    """To which version all items have been brought, and behind which item a migration goes on that was begun."""

    migrated_to: int = 0
    position: Key | None = None

    @property
    def is_complete(self) -> bool:
        """Whether no item is of an older shape than this release writes."""
        return self.migrated_to >= SHAPE


def read_progress(table: Table) -> Progress:
    """Read how far the table is."""
    item = table.get(_KEY) or {}
    position = item.get("position")
    return Progress(item.get("migrated_to", 0), Key(**position) if position else None)


def put_progress(progress: Progress) -> Write:
    """Store how far the table is."""
    position: Item = {"position": progress.position._asdict()} if progress.position else {}
    return Write.put(_KEY, {"migrated_to": progress.migrated_to, **position})
