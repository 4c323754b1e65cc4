"""Migrations: items of older shapes are brought to the one that this release writes. For operators.

A release reads the shapes of before, so it may run beside a migration and before it. Each item is changed once: its
version is part of the condition. Whatever is killed is begun again where it was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.writes import PRESENT, SHAPE, TTL, ConditionNotMet, Write
from domain.entities import executions, ledger, shapes, workspaces
from domain.entities.shapes import Progress
from domain.ids import second_of
from domain.moments import epoch_seconds
from domain.operations.departures import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from domain.aws.table import Table
    from domain.aws.writes import Item
    from domain.entities.executions import Retention

GRACE_DAYS = 30
"""Nothing that a migration lets expire does so earlier: there is time to see it, and to export."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a migration: how many items were looked at, and of which kinds those were that had an older shape."""

    looked_at: int
    migrated: Counter[str]


def migrate(
    table: Table, now: datetime, retention: Retention, *, is_dry: bool = False, again: bool = False
) -> Iterator[Page]:
    """Bring every item to the present shape, a page of the table at a time; where all are, there is nothing to do.

    A dry run changes nothing. `again` begins anew, whatever has been done.
    """
    progress = Progress() if again else shapes.read_progress(table)
    if progress.is_complete:
        return
    for items, position in table.scan_pages(progress.position):
        old = [item for item in items if item.get("v", 0) < SHAPE]
        if not is_dry:
            for item in old:
                _migrate(table, now, retention, item)
            table.commit(shapes.put_progress(Progress(0 if position else SHAPE, position)))
        yield Page(len(items), Counter(map(kind_of, old)))


def _migrate(table: Table, now: datetime, retention: Retention, item: Item) -> None:
    at = Key(item["pk"], item["sk"])
    found: Item | None = item
    while found is not None and found.get("v", 0) < SHAPE:
        try:
            table.commit(*_to_shape_1(found, now, retention))
        except ConditionNotMet:
            found = table.get(at)
        else:
            return


def _to_shape_1(item: Item, now: datetime, retention: Retention) -> list[Write]:
    """Shape 1 has the version, says until when executions are kept, counts charges by the month, lists workspaces."""
    earliest = epoch_seconds(now) + GRACE_DAYS * 24 * 3600
    execution_id = keys.execution_of(item["pk"]) or item.get("execution_id")
    if executions.is_row(item):
        execution = executions.from_item(item)
        month = workspaces.month_of(execution.started_at)
        charge = ledger.add_charges(execution.workspace_id, month, 1)
        return [_set(item, executions.to_shape_1(execution, retention, earliest)), charge]
    if TTL not in item and execution_id:
        goes = executions.record_expires_at(second_of(execution_id), retention)
        return [_set(item, {TTL: max(goes, earliest)} if goes else {})]
    return [_set(item, workspaces.to_shape_1(item) or {})]


def _set(item: Item, attributes: Item) -> Write:
    """Set attributes of an item that is as it was read, as far as that matters, and its version."""
    sets: dict[str, Any] = {**attributes, "v": 1}
    # Whether an execution has ended decides what is set.
    status = {":seen": item["status"]} if executions.is_row(item) else {}
    return Write.update(
        Key(item["pk"], item["sk"]),
        "SET " + ", ".join(f"#{name} = :{name}" for name in sets),
        condition=f"{PRESENT} AND attribute_not_exists(#v)" + (" AND #status = :seen" if status else ""),
        values={**{f":{name}": value for name, value in sets.items()}, **status},
        names={**{f"#{name}": name for name in sets}, **({"#status": "status"} if status else {})},
    )
