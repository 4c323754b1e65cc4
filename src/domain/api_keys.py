"""API keys: made once and shown once, kept as a prefix and a hash, revoked at once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain import keys
from domain.ids import new_id
from domain.moments import epoch_seconds, to_text
from domain.refusals import ApiKeyNotFound, InvalidRequest, KeyLimitReached, PlanLacksApi
from domain.table import Table
from domain.workspaces import Workspace
from domain.writes import ABSENT, Item, Write

KEY_START = "sk_live_"
_SHOWN_CHARACTERS = len(KEY_START) + 6
_WINDOW_SECONDS = 600


class Scope(StrEnum):
    """What an API key may be used for."""

    EXECUTE_WORKFLOWS = "workflows:execute"
    READ_WORKFLOWS = "workflows:read"
    READ_EXECUTIONS = "executions:read"


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


def hash_of(key: str) -> str:
    """The SHA-256 of a key, by which it is stored and found; a key has 256 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def from_item(item: Item) -> ApiKey:
    """Read a stored API key."""
    return ApiKey(
        id=item["id"],
        hash=item["pk"].removeprefix("KEY#"),
        prefix=item["prefix"],
        workspace_id=item["workspace_id"],
        scopes=frozenset(item["scopes"]),
        created_at=item["created_at"],
        expires_at=item.get("expires_at"),
    )


def create(
    table: Table, now: datetime, workspace: Workspace, scopes: frozenset[Scope], expires_in_days: int | None = None
) -> tuple[str, ApiKey]:
    """Make an API key and answer with its text, which is kept nowhere, and what is stored.

    Raises `PlanLacksApi`, `KeyLimitReached` (expired keys do not count), or `InvalidRequest` for no scope or
    an expiry that is not in the future.
    """
    if not workspace.has_api:
        raise PlanLacksApi
    if not scopes:
        raise InvalidRequest(f"A key needs at least one scope of: {', '.join(Scope)}.")
    if expires_in_days is not None and expires_in_days < 1:
        raise InvalidRequest(f"A key expires in at least 1 day, not {expires_in_days}.")
    _forget_expired(table, now, workspace.id)
    key = KEY_START + secrets.token_urlsafe(32)
    key_hash = hash_of(key)
    item: Item = {
        "id": new_id(now),
        "prefix": key[:_SHOWN_CHARACTERS],
        "workspace_id": workspace.id,
        "scopes": set(scopes),
        "created_at": to_text(now),
    }
    if expires_in_days is not None:
        item = {**item, "expires_at": epoch_seconds(now + timedelta(days=expires_in_days))}
    limit = workspace.limits.api_keys
    table.commit(
        Write.update(
            keys.api_key_set(workspace.id),
            "ADD api_keys :key",
            condition="attribute_not_exists(api_keys) OR size(api_keys) < :limit",
            values={":key": {key_hash}, ":limit": limit},
            refusal=lambda _: KeyLimitReached(limit),
        ),
        Write.put(keys.api_key(key_hash), item, condition=ABSENT),
    )
    return key, from_item({**item, "pk": keys.api_key(key_hash).pk})


def list_all(table: Table, workspace_id: str) -> list[ApiKey]:
    """Read a workspace's API keys, oldest first; revoked ones are gone."""
    hashes = sorted((table.get(keys.api_key_set(workspace_id)) or {}).get("api_keys", ()))
    if not hashes:
        return []
    found = table.get_many(*map(keys.api_key, hashes))
    return sorted(map(from_item, found.values()), key=lambda key: key.id)


def revoke(table: Table, now: datetime, workspace_id: str, key_id: str) -> None:
    """Take an API key away, or raise `ApiKeyNotFound`; no request that comes after this is let in.

    Workers keep what they know of a key for the rest of the minute; a new `epoch` on the request windows that
    they count into makes them look again.
    """
    for key in list_all(table, workspace_id):
        if key_id in {key.id, key.prefix}:
            table.commit(*_removal(workspace_id, {key.hash}), *_new_epoch(workspace_id, now))
            return
    raise ApiKeyNotFound


def _forget_expired(table: Table, now: datetime, workspace_id: str) -> None:
    """Expired keys must not hold places; those that TTL has deleted are found by their hash alone."""
    listed = set((table.get(keys.api_key_set(workspace_id)) or {}).get("api_keys", ()))
    alive = {key.hash for key in list_all(table, workspace_id) if not key.is_expired(now)}
    if gone := listed - alive:
        table.commit(*_removal(workspace_id, gone))


def _removal(workspace_id: str, hashes: set[str]) -> list[Write]:
    return [
        Write.update(keys.api_key_set(workspace_id), "DELETE api_keys :gone", values={":gone": hashes}),
        *(Write.delete(keys.api_key(key_hash)) for key_hash in sorted(hashes)),
    ]


def _new_epoch(workspace_id: str, now: datetime) -> list[Write]:
    epoch = secrets.token_hex(8)
    return [
        Write.update(
            window,
            "SET epoch = :epoch, expires_at = :gone",
            values={":epoch": epoch, ":gone": epoch_seconds(now) + _WINDOW_SECONDS},
        )
        for window in keys.windows_around(workspace_id, now)
    ]
