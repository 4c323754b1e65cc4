"""Writes as plain data: what is changed, what must be true for it, and the refusal if it is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from domain.aws.keys import Key

type Item = Mapping[str, Any]
"""An item as this product stores it: strings, whole numbers, booleans, null, sets of strings, and lists and maps."""


NOTHING: Mapping[str, Any] = MappingProxyType({})

SHAPE = 1
"""The version of the shapes in which items are stored: each has it as `v`, and without one it is of version 0."""

KNOWN_SHAPE = SHAPE
"""The newest version that is read. A release that raises `SHAPE` follows one that raised this: so both understand what
the other stores while they work side by side, and after a rollback. Rule: architecture "The table".
"""

TTL = "expires_at"
"""The attribute of epoch seconds behind which DynamoDB deletes an item, days late."""


class ConditionNotMet(Exception):
    """A write's condition did not hold, and the write names no refusal of its own: an expected race was lost."""


def _lost_race(_: Item | None) -> Exception:
    return ConditionNotMet()


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a commit.

    `refusal` gets the item as it stood when the condition failed (`None` if there was none) and answers with
    the exception that says so.
    """

    kind: Literal["Put", "Update", "Delete", "ConditionCheck"]
    key: Key
    expression: str = ""
    condition: str = ""
    values: Mapping[str, Any] = NOTHING
    names: Mapping[str, str] = NOTHING
    item: Item = NOTHING
    refusal: Callable[[Item | None], Exception] = _lost_race

    @staticmethod
    def put(
        key: Key,
        item: Item,
        *,
        condition: str = "",
        values: Mapping[str, Any] = NOTHING,
        refusal: Callable[[Item | None], Exception] = _lost_race,
    ) -> Write:
        """Store a whole item at a key, with the version of its shape."""
        return Write("Put", key, condition=condition, values=values, item={**item, "v": SHAPE}, refusal=refusal)

    def expiring(self, at: int | None) -> Write:
        """The same whole item, stored until a moment in epoch seconds; `None` keeps it for ever."""
        return self if at is None else replace(self, item={**self.item, TTL: at})

    @staticmethod
    def update(
        key: Key,
        expression: str,
        *,
        condition: str = "",
        values: Mapping[str, Any] = NOTHING,
        names: Mapping[str, str] = NOTHING,
        refusal: Callable[[Item | None], Exception] = _lost_race,
    ) -> Write:
        """Change attributes of an item by an update expression; without a condition it may create the item."""
        return Write("Update", key, expression, condition, values, names, refusal=refusal)

    @staticmethod
    def delete(key: Key, *, condition: str = "", refusal: Callable[[Item | None], Exception] = _lost_race) -> Write:
        """Remove an item."""
        return Write("Delete", key, condition=condition, refusal=refusal)

    @staticmethod
    def check(
        key: Key,
        condition: str,
        *,
        values: Mapping[str, Any] = NOTHING,
        names: Mapping[str, str] = NOTHING,
        refusal: Callable[[Item | None], Exception] = _lost_race,
    ) -> Write:
        """Change nothing, and let the commit fail if the condition does not hold."""
        return Write("ConditionCheck", key, "", condition, values, names, refusal=refusal)


ABSENT = "attribute_not_exists(pk)"
PRESENT = "attribute_exists(pk)"
"""Conditions on the existence of the item itself."""

TRANSACTION_WRITES = 100
"""The most writes that DynamoDB takes in one transaction."""

READ_AT_ONCE = 100
"""The most items that it reads in one call."""
