"""API keys: kept as a prefix and a hash, and the set of a workspace's keys, which a plan limits."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.writes import ABSENT, Item, Write
from domain.moments import epoch_seconds
from domain.refusals import KeyLimitReached

if TYPE_CHECKING:
    from domain.aws.table import Table

_PREFIX = "KEY#"
_START = "sk_live_"
_SHOWN_CHARACTERS = len(_START) + 6


class Scope(StrEnum):
    """What an API key may be used for."""

    EXECUTE_WORKFLOWS = "workflows:execute"
    READ_WORKFLOWS = "workflows:read"
    READ_EXECUTIONS = "executions:read"
    MANAGE_WEBHOOKS = "webhooks:manage"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key as it is stored: `prefix` is its readable beginning, `expires_at` epoch seconds or `None`."""

    id: str
    hash: str
    prefix: str
    workspace_id: str
    scopes: frozenset[str]
    created_at: str
    expires_at: int | None

    def is_expired(self, now: datetime) -> bool:
        """Whether the key's time is over."""
        return self.expires_at is not None and self.expires_at <= epoch_seconds(now)


def new_text() -> str:
    """Make the text of a key: 256 bits from the system's secure source. It is kept nowhere."""
    return _START + secrets.token_urlsafe(32)


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
    )


def create(api_key: ApiKey, limit: int) -> tuple[Write, Write]:
    """Store a new key of a workspace that may have so many, or refuse with `KeyLimitReached`."""
    item: Item = {
        "id": api_key.id,
        "prefix": api_key.prefix,
        "workspace_id": api_key.workspace_id,
        "scopes": set(api_key.scopes),
        "created_at": api_key.created_at,
        "expires_at": api_key.expires_at,
    }
    return (
        Write.update(
            _set_key(api_key.workspace_id),
            "ADD api_keys :key",
            condition="attribute_not_exists(api_keys) OR size(api_keys) < :limit",
            values={":key": {api_key.hash}, ":limit": limit},
            refusal=lambda _: KeyLimitReached(limit),
        ),
        Write.put(key(api_key.hash), item, condition=ABSENT),
    )


def remove(workspace_id: str, hashes: Collection[str]) -> list[Write]:
    """Remove keys, and their places in the set of the workspace's keys."""
    return [
        Write.update(_set_key(workspace_id), "DELETE api_keys :gone", values={":gone": set(hashes)}),
        *(Write.delete(key(key_hash)) for key_hash in sorted(hashes)),
    ]


def read_hashes(table: Table, workspace_id: str) -> set[str]:
    """Read the hashes of a workspace's keys, those included that TTL has deleted since."""
    return set((table.get(_set_key(workspace_id)) or {}).get("api_keys", ()))


def read_all(table: Table, workspace_id: str) -> list[ApiKey]:
    """Read a workspace's API keys, oldest first; revoked ones are gone."""
    return read_some(table, read_hashes(table, workspace_id))


def read_some(table: Table, hashes: Collection[str]) -> list[ApiKey]:
    """Read the API keys of these hashes that are still there, oldest first."""
    found = table.get_many(*map(key, sorted(hashes))) if hashes else {}
    return sorted(map(from_item, found.values()), key=lambda one: one.id)
