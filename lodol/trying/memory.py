"""A table in memory: what the product's table does, as far as executions need it, without AWS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from domain.aws.keys import Key, Page
from domain.aws.writes import READ_AT_ONCE, TRANSACTION_WRITES, Item, Write
from lodol.trying import expressions


class Crashed(Exception):
    """The worker is gone, right after a commit."""


class MemoryTable:
    """Reads and conditional writes, all or none, of items in memory.

    `crash_after` names a commit, counted from 1: whoever makes it is gone right after it.
    """

    def __init__(self) -> None:
        self._partitions: dict[str, dict[str, dict[str, Any]]] = {}
        self.commits = 0
        self.crash_after = 0

    def get(self, key: Key) -> Item | None:
        """Read one item."""
        item = self._partitions.get(key.pk, {}).get(key.sk)
        return None if item is None else _copied(item)

    def get_many(self, *keys: Key) -> dict[Key, Item]:
        """Read items; those that do not exist are missing."""
        if len(set(keys)) > READ_AT_ONCE:
            raise ValueError(f"{len(keys)} items are more than {READ_AT_ONCE} at once")
        found = {key: self.get(key) for key in keys}
        return {key: item for key, item in found.items() if item is not None}

    def query(self, pk: str, page: Page, attributes: Sequence[str] = ()) -> Iterator[Item]:
        """Read a range of one partition: of each item these attributes, or all without them."""
        partition = self._partitions.get(pk, {})
        chosen = sorted((sk for sk in partition if page.first <= sk <= page.last), reverse=page.newest_first)
        for sk in chosen[: page.limit]:
            item = _copied(partition[sk])
            yield {name: item[name] for name in attributes if name in item} if attributes else item

    def commit(self, *writes: Write) -> None:
        """Carry out all writes or none, or raise the refusal of the first whose condition does not hold."""
        if len(writes) > TRANSACTION_WRITES or len({write.key for write in writes}) < len(writes):
            raise ValueError("a transaction has up to 100 writes, and no item twice")
        for write in writes:
            seen = self.get(write.key)
            if not expressions.holds(write, seen):
                raise write.refusal(seen)
        for write in writes:
            self._carry_out(write)
        self.commits += 1
        if self.commits == self.crash_after:
            raise Crashed

    def _carry_out(self, write: Write) -> None:
        partition = self._partitions.setdefault(write.key.pk, {})
        match write.kind:
            case "Put":
                partition[write.key.sk] = _copied({**write.item, **write.key._asdict()})
            case "Update":
                before = partition.get(write.key.sk, write.key._asdict())
                partition[write.key.sk] = _copied(expressions.updated(write, before))
            case "Delete":
                partition.pop(write.key.sk, None)


def _copied(item: Item) -> dict[str, Any]:
    return {name: _copy(value) for name, value in item.items()}


def _copy(value: Any) -> Any:
    """A value as it comes back from the table, or `TypeError` for one that the table does not take."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return str(value)
        case set() if value:
            return set(value)
        case list():
            return [_copy(inner) for inner in value]
        case dict():
            return {name: _copy(inner) for name, inner in value.items()}
        case _:
            raise TypeError(f"the table stores no {type(value).__name__}: {value!r}")
