"""Departures: a workspace's items are handed over, or deleted until a scan finds none. For operators.

What belongs to a workspace is told by where it stands, never by a list of kinds: its own partition, those whose name
begins with it, the partitions of its executions, and its API keys.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.entities import api_keys, executions, request_windows, webhooks, workspaces
from domain.operations import accounts, stopping

if TYPE_CHECKING:
    from datetime import datetime

    from domain.aws.stack import Stack
    from domain.aws.table import Table
    from domain.aws.writes import Item

_HIDDEN = ("token", "secret", "api_keys", "replaced_keys")
"""How the names of attributes begin that nobody is shown: whoever has one of them could act as someone else."""

_CALLERS = "CALLERS"
"""In positions, the partition of API keys."""

_CLOCKS_DIFFER = timedelta(seconds=2)
_ID_BYTES = 12
_STEPS_AT_ONCE = 1000


def walk(table: Table, workspace_id: str, after: Key | None = None) -> Iterator[tuple[Key, Item]]:
    """Walk everything of a workspace but its secrets and counted requests, each with its position, from one on.

    First the workspace's own partition by sort key, then that of each webhook and of each execution by its id, then the
    API keys by theirs. Each page is read consistently, one after the other: what is written meanwhile may be there or
    not.
    """
    for partition in _partitions(table, workspace_id, after.pk if after else keys.workspace_partition(workspace_id)):
        yield from _rest_of(table, partition, after.sk if after and partition == after.pk else None)
    for api_key in api_keys.read_all(table, workspace_id):
        # Its hash stays here, as where it is found would be it: whoever knew it would know whether a text is the key.
        at = Key(_CALLERS, api_key.id)
        if after is None or at > after or after.pk != _CALLERS:
            yield at, {"sk": "KEY", **_of_key(api_key)}


def _partitions(table: Table, workspace_id: str, begun: str) -> Iterator[str]:
    """Those that hold what is handed over, in order, from one on; ids are in order."""
    own = keys.workspace_partition(workspace_id)
    if begun == own:
        yield own
    if begun == own or keys.is_beside_workspace(begun, workspace_id):
        of_webhooks = (keys.webhook_partition(workspace_id, one.id) for one in webhooks.read_all(table, workspace_id))
        yield from (partition for partition in of_webhooks if partition >= begun)
    if begun != _CALLERS:
        for execution in executions.walk(table, workspace_id, keys.execution_of(begun) or ""):
            yield keys.execution_partition(execution.id)


def _of_key(api_key: api_keys.ApiKey) -> Item:
    return {
        "id": api_key.id,
        "prefix": api_key.prefix,
        "scopes": api_key.scopes,
        "created_at": api_key.created_at,
        "expires_at": api_key.expires_at,
        "last_used_at": api_key.last_used_at,
        "replaced_by": api_key.replaced_by,
    }


def _rest_of(table: Table, partition: str, behind: str | None) -> Iterator[tuple[Key, Item]]:
    for item in table.query(partition, Page.everything(behind)):
        if item["sk"] != behind:
            yield Key(item["pk"], item["sk"]), {name: _plain(value) for name, value in item.items() if _is_shown(name)}


def _is_shown(name: str) -> bool:
    return not name.startswith(_HIDDEN)


def _plain(value: Any) -> Any:
    """A value without what is secret in it."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if _is_shown(name)}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def kind_of(item: Item) -> str:
    """What kind of item one is, as its sort key says, in lower case."""
    kind: str = item["sk"].partition("#")[0].lower()
    return kind


def leave(stack: Stack, now: datetime, workspace_id: str) -> tuple[int, int]:
    """Let nothing be run or asked in a workspace any more; answers how many were stopped, and how many keys revoked.

    From here on it is deleted or left half deleted: it cannot be resumed. Raises `WorkspaceNotFound`.
    """
    stack.table.commit(workspaces.suspend(workspace_id, now, is_leaving=True))
    stopped = stopping.stop_all(stack, now, workspace_id)
    return stopped, accounts.revoke_all_keys(stack.table, now, workspace_id)


class Ids:
    """Ids in 12 bytes each, as many as there are executions; they come in order."""

    def __init__(self) -> None:
        self._packed = bytearray()

    def add(self, some_id: str) -> None:
        """Add an id behind all others."""
        self._packed += bytes.fromhex(some_id)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._packed) // _ID_BYTES

    def __getitem__(self, index: int) -> bytes:
        """One of them."""
        if index >= len(self):
            raise IndexError(index)
        return bytes(self._packed[index * _ID_BYTES : (index + 1) * _ID_BYTES])

    def __contains__(self, some_id: str) -> bool:
        """Whether an id is one of them."""
        try:
            wanted = bytes.fromhex(some_id)
        except ValueError:
            return False
        at = bisect_left(self, wanted)
        return at < len(self) and self[at] == wanted


def empty_executions(table: Table, workspace_id: str, ids: Ids) -> Iterator[int]:
    """Delete what the executions of a workspace have stored, but not their rows, which say what there is.

    Each step deletes the items of one execution, and says how many; the ids are added to `ids`. Killed and begun again,
    it finds the same rows.
    """
    for execution in executions.walk(table, workspace_id):
        ids.add(execution.id)
        yield table.delete(_keys_of(table, keys.execution_partition(execution.id)))


def find_left(table: Table, workspace_id: str, ids: Ids) -> Iterator[tuple[int, list[Key]]]:
    """Scan the whole table for what is left of a workspace outside of its own partition.

    Each step is a page: how many items it has, and those of them that are left.
    """
    own = keys.workspace_partition(workspace_id)
    for items, _ in table.scan_pages():
        left = [Key(item["pk"], item["sk"]) for item in items if item["pk"] != own and _is_of(item, workspace_id, ids)]
        yield len(items), left


def _is_of(item: Item, workspace_id: str, ids: Ids) -> bool:
    execution_id = keys.execution_of(item["pk"])
    if execution_id is not None:
        return execution_id in ids
    return keys.is_beside_workspace(item["pk"], workspace_id) or item.get("workspace_id") == workspace_id


def forgotten_at(now: datetime) -> datetime:
    """By when no worker remembers a key that is revoked by now: its minute is over, even if clocks differ a little.

    Until then what counts requests says that the keys are revoked, and must stay; and a request may begin it anew.
    """
    return request_windows.minute_of(now) + timedelta(minutes=1) + _CLOCKS_DIFFER


def delete_windows(table: Table, now: datetime, workspace_id: str) -> None:
    """Delete the counts of its requests, which nobody needs any more."""
    table.delete(request_windows.recent_keys(workspace_id, now))


def delete_own(table: Table, workspace_id: str) -> Iterator[int]:
    """Delete the partition of a workspace, the workspace itself last; each step says how many items it deleted.

    Only what a scan has found nothing else of may lose its rows.
    """
    itself = workspaces.key(workspace_id)
    while True:
        some = [key for key in _keys_of(table, itself.pk, _STEPS_AT_ONCE) if key != itself]
        if not some:
            break
        yield table.delete(some)
    yield table.delete([itself])


def count_own(table: Table, workspace_id: str) -> int:
    """How many items are in the partition of a workspace, read consistently."""
    return sum(1 for _ in _keys_of(table, keys.workspace_partition(workspace_id)))


def _keys_of(table: Table, partition: str, limit: int | None = None) -> Iterable[Key]:
    page = Page.everything()._replace(limit=limit)
    return (Key(row["pk"], row["sk"]) for row in table.query(partition, page, ("pk", "sk")))
