"""API keys: kept as a prefix and a hash, and the set of a workspace's keys, which a plan limits."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.writes import ABSENT, PRESENT, SHAPE, Item, Write
from domain.moments import epoch_seconds, to_text
from domain.printable import KEY_START
from domain.refusals import KeyLimitReached

if TYPE_CHECKING:
    from domain.aws.table import Table

_PREFIX = "KEY#"
_SHOWN_CHARACTERS = len(KEY_START) + 6
_SECRET_BYTES = 32
_LAID_OUT = re.compile(rf"{KEY_START}[A-Za-z0-9_-]{{43}}", re.ASCII)
_USE_IS_NOTED_EVERY = timedelta(hours=1)


class Scope(StrEnum):
    """What an API key may be used for."""

    EXECUTE_WORKFLOWS = "workflows:execute"
    READ_WORKFLOWS = "workflows:read"
    READ_EXECUTIONS = "executions:read"
    MANAGE_WEBHOOKS = "webhooks:manage"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is stored: `prefix` is its readable beginning, `expires_at` epoch seconds or `None`.

    `last_used_at` is when it was used, at most an hour behind, and `replaced_by` the id of the key that it was rotated
    to.
    """

    id: str
    hash: str
    prefix: str
    workspace_id: str
    scopes: frozenset[str]
    created_at: str
    expires_at: int | None
    last_used_at: str | None = None
    replaced_by: str | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether the key's time is over."""
        return self.expires_at is not None and self.expires_at <= epoch_seconds(now)

    def is_use_to_be_noted(self, now: datetime) -> bool:
        """Whether so much time has passed since its last use was noted that this one is."""
        return self.last_used_at is None or self.last_used_at <= _noted_before(now)


def new_text() -> str:
    """Make the text of a key: 256 bits from the system's secure source. It is kept nowhere."""
    return KEY_START + secrets.token_urlsafe(_SECRET_BYTES)


def is_laid_out(text: str) -> bool:
    """Whether a text is laid out as a key: one that is not cannot exist, and need not be looked for."""
    return _LAID_OUT.fullmatch(text) is not None


def hash_of(text: str) -> str:
    """The SHA-256 of a key, by which it is stored and found; a key has 256 random bits, so no salt is needed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def prefix_of(text: str) -> str:
    """The readable beginning of a key."""
    return text[:_SHOWN_CHARACTERS]


def key(key_hash: str) -> Key:
    """Where an API key is found by the hash of what a request presents."""
    return Key(_PREFIX + key_hash, "KEY")


def _set_key(workspace_id: str) -> Key:
    return Key(keys.workspace_partition(workspace_id), "APIKEYS")


def from_item(item: Item) -> ApiKey:
    """Read a stored API key."""
    return ApiKey(
        id=item["id"],
        hash=item["pk"].removeprefix(_PREFIX),
        prefix=item["prefix"],
        workspace_id=item["workspace_id"],
        scopes=frozenset(item["scopes"]),
        created_at=item["created_at"],
        expires_at=item.get("expires_at"),
        last_used_at=item.get("last_used_at"),
        replaced_by=item.get("replaced_by"),
    )


def create(api_key: ApiKey, limit: int) -> tuple[Write, Write]:
    """Store a new key of a workspace that may have so many, or refuse with `KeyLimitReached`."""
    return (
        Write.update(
            _set_key(api_key.workspace_id),
            "SET v = :v ADD api_keys :key",
            condition="attribute_not_exists(api_keys) OR size(api_keys) < :limit",
            values={":key": {api_key.hash}, ":limit": limit, ":v": SHAPE},
            refusal=lambda _: KeyLimitReached(limit),
        ),
        _put(api_key),
    )


def _put(api_key: ApiKey) -> Write:
    item: Item = {
        "id": api_key.id,
        "prefix": api_key.prefix,
        "workspace_id": api_key.workspace_id,
        "scopes": set(api_key.scopes),
        "created_at": api_key.created_at,
        "expires_at": api_key.expires_at,
    }
    return Write.put(key(api_key.hash), item, condition=ABSENT)


def replace(old: ApiKey, new: ApiKey, counted: Collection[str], ends_at: int) -> tuple[Write, Write, Write]:
    """Store a key that takes the place of another, which goes on until `ends_at`, in epoch seconds, and holds none.

    `counted` are the hashes that hold the places as they were read, the other's among them.
    """
    return (
        Write.update(
            _set_key(old.workspace_id),
            "SET api_keys = :after ADD replaced_keys :old",
            condition="api_keys = :before",
            values={":before": set(counted), ":after": {*counted, new.hash} - {old.hash}, ":old": {old.hash}},
        ),
        Write.update(
            key(old.hash),
            "SET expires_at = :ends, replaced_by = :new",
            condition=PRESENT,
            values={":ends": ends_at, ":new": new.id},
        ),
        _put(new),
    )


def note_use(key_hash: str, now: datetime) -> Write:
    """Note that a key is used now: only if it is still there, and nobody has noted a use within the hour."""
    return Write.update(
        key(key_hash),
        "SET last_used_at = :now",
        condition=f"{PRESENT} AND (attribute_not_exists(last_used_at) OR last_used_at <= :before)",
        values={":now": to_text(now), ":before": _noted_before(now)},
    )


def _noted_before(now: datetime) -> str:
    return to_text(now - _USE_IS_NOTED_EVERY)


def remove(workspace_id: str, hashes: Collection[str]) -> list[Write]:
    """Remove keys, and their places in the set of the workspace's keys."""
    return [
        Write.update(
            _set_key(workspace_id), "DELETE api_keys :gone, replaced_keys :gone", values={":gone": set(hashes)}
        ),
        *(Write.delete(key(key_hash)) for key_hash in sorted(hashes)),
    ]


@dataclass(frozen=True, slots=True)
class KeySet:
    """The hashes of a workspace's keys, those included that TTL has deleted since.

    `counted` hold places, of which a plan has so many; those that were `replaced` end without holding one.
    """

    counted: frozenset[str]
    replaced: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        """Both."""
        return self.counted | self.replaced


def read_set(table: Table, workspace_id: str) -> KeySet:
    """Read which keys a workspace has."""
    item = table.get(_set_key(workspace_id)) or {}
    return KeySet(frozenset(item.get("api_keys", ())), frozenset(item.get("replaced_keys", ())))


def read_all(table: Table, workspace_id: str) -> list[ApiKey]:
    """Read a workspace's API keys, oldest first; revoked ones are gone."""
    return read_some(table, read_set(table, workspace_id).all)


def read_some(table: Table, hashes: Collection[str]) -> list[ApiKey]:
    """Read the API keys of these hashes that are still there, oldest first."""
    found = table.get_many(*map(key, sorted(hashes))) if hashes else {}
    return sorted(map(from_item, found.values()), key=lambda one: one.id)
