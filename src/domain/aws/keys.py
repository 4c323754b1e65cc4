"""Primary keys of the one table, the partitions that items share, and positions within a partition.

Each kind of item makes its own keys, in its module of `domain.entities`.
"""

from typing import Literal, NamedTuple, Self

_WORKSPACE = "WS#"
_EXECUTION = "EXECUTION#"
_WEBHOOK = "#WEBHOOK#"
_FIRST, _LAST = "0", "~"
"""Sort before every id, and behind every character of a sort key."""


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str


def workspace_partition(workspace_id: str) -> str:
    """The partition of everything a workspace owns, save what its executions have done."""
    return _WORKSPACE + workspace_id


def workspace_of(pk: str) -> str:
    """The workspace whose partition this is."""
    return pk.removeprefix(_WORKSPACE)


def webhook_partition(workspace_id: str, webhook_id: str) -> str:
    """The partition of what was delivered to a webhook."""
    return f"{_WORKSPACE}{workspace_id}{_WEBHOOK}{webhook_id}"


def webhook_of(pk: str) -> tuple[str, str]:
    """The workspace and the webhook whose partition this is."""
    workspace_id, _, webhook_id = pk.removeprefix(_WORKSPACE).partition(_WEBHOOK)
    return workspace_id, webhook_id


def execution_partition(execution_id: str) -> str:
    """The partition of what an execution has done: its input, steps, journal, and what it waits for."""
    return _EXECUTION + execution_id


def is_beside_workspace(pk: str, workspace_id: str) -> bool:
    """Whether a partition is one of those beside a workspace's own, which carry its id and more."""
    return pk.startswith(f"{workspace_partition(workspace_id)}#")


def execution_of(pk: str) -> str | None:
    """The execution whose partition this is, `None` of every other."""
    return pk.removeprefix(_EXECUTION) if pk.startswith(_EXECUTION) else None


class Index(NamedTuple):
    """An index of the table: its name, and the attributes by which it is laid out."""

    name: str
    partition_key: str
    sort_key: str


DUE = Index("due", "open_shard", "due_at")
"""What must be looked after once its moment has come, laid out by that moment."""

DUE_SHARDS = 4

type DueKind = Literal["OPEN", "DELIVERY"]
"""Executions that run, and deliveries that are not over."""


def due_shard(kind: DueKind, item_id: str) -> str:
    """The part of the index `DUE` in which an item of this kind and id stands; it goes into its `open_shard`."""
    return f"{kind}#{int(item_id[-4:], 16) % DUE_SHARDS}"


class Page(NamedTuple):
    """How a query walks a partition: the sort keys between `first` and `last` (both included), in which order.

    It ends after `limit` items; `at_once` is how many of them one call reads, where fewer may well be enough.
    """

    first: str
    last: str
    newest_first: bool = False
    limit: int | None = None
    at_once: int | None = None

    @classmethod
    def whole(cls, prefix: str) -> Self:
        """Every item whose sort key begins so, in order."""
        return cls(prefix, prefix + _LAST)

    @property
    def is_empty(self) -> bool:
        """Whether nothing can lie between its ends."""
        return self.first > self.last

    @classmethod
    def rest(cls, prefix: str, position: str, limit: int | None = None, at_once: int | None = None) -> Self:
        """The items whose sort key begins so, in order, from a position behind the prefix on."""
        return cls(prefix + position, prefix + _LAST, limit=limit, at_once=at_once)

    @classmethod
    def everything(cls, position: str | None = None) -> Self:
        """A whole partition, in order, from a position on."""
        return cls(position or _FIRST, _LAST)

    @classmethod
    def until(cls, position: str) -> Self:
        """Everything up to a position, in order."""
        return cls(_FIRST, position)

    @classmethod
    def newest(cls, prefix: str, after: str | None = None, limit: int | None = None, oldest: str | None = None) -> Self:
        """The ids behind a prefix, newest first, from the position `after` on, whether or not that id exists.

        `oldest` is the last of them that counts.
        """
        first = prefix + oldest if oldest else prefix or _FIRST
        return cls(first, _last_before(prefix, after), newest_first=True, limit=limit)


def _last_before(prefix: str, after: str | None) -> str:
    if after is None:
        return prefix + _LAST
    return f"{prefix}{int(after, 16) - 1:024x}" if int(after, 16) else prefix
