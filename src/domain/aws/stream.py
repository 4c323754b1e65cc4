"""The table's stream: what every write has changed, in the order in which each item was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.aws.keys import Key
from domain.aws.table import item_of
from domain.aws.writes import Item


@dataclass(frozen=True, slots=True)
class Change:
    """A write of one item, at a whole second: the item before it and after it, `None` where there was none."""

    key: Key
    at: datetime
    before: Item | None
    after: Item | None


def change_of(record: Mapping[str, Any]) -> Change:
    """Read a record of the stream, as Lambda hands it over and as the stream itself gives it."""
    seen = record["dynamodb"]
    key, at = item_of(seen["Keys"]), seen["ApproximateCreationDateTime"]
    return Change(
        Key(key["pk"], key["sk"]),
        at if isinstance(at, datetime) else datetime.fromtimestamp(int(at), UTC),
        item_of(seen["OldImage"]) if "OldImage" in seen else None,
        item_of(seen["NewImage"]) if "NewImage" in seen else None,
    )
