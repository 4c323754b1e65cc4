"""What an operator does for a workspace: create it, make its API keys, revoke them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.aws.writes import NOTHING
from domain.entities import api_keys, ledger, request_windows, workspaces
from domain.entities.api_keys import ApiKey, Scope
from domain.entities.workspaces import Plan, Workspace
from domain.ids import new_id
from domain.moments import epoch_seconds, to_text
from domain.refusals import ApiKeyNotFound, InvalidRequest, PlanLacksApi

if TYPE_CHECKING:
    from domain.aws.table import Table

SHORTEST_OVERLAP = timedelta(minutes=1)
"""A worker may remember for so long that the old key does not expire."""
LONGEST_OVERLAP = timedelta(days=30)
"""Keys that were replaced hold no place of the plan's: they must not last for ever."""


def create_workspace(
    table: Table,
    now: datetime,
    *,
    name: str,
    plan: Plan,
    credits: int = 0,  # noqa: A002 - the field's own term
    requests_per_minute: int | None = None,
    concurrent_executions: int | None = None,
) -> Workspace:
    """Create a workspace, its first credits being the first grant in its ledger.

    Raises `InvalidRequest` for an empty name, or a number below zero (credits) or one (limits).
    """
    if not name.strip():
        raise InvalidRequest("A workspace needs a name.")
    own = {"requests_per_minute": requests_per_minute, "concurrent_executions": concurrent_executions}
    for term, limit in own.items():
        if limit is not None and limit < 1:
            raise InvalidRequest(f"{term} must be at least 1, not {limit}.")
    if credits < 0:
        raise InvalidRequest(f"credits must not be negative, and {credits} is.")
    workspace_id = new_id(now)
    created = workspaces.create(workspace_id, now, name=name.strip(), plan=plan, credits=credits, **own)
    first = [ledger.grant(workspace_id, new_id(now), credits, "granted at creation", now)] if credits else []
    table.commit(created, *first)
    return workspaces.from_item(created.item)


def update_workspace(
    table: Table,
    workspace_id: str,
    *,
    name: str | None = None,
    plan: Plan | None = None,
    own_limits: Mapping[str, int | None] = NOTHING,
) -> Workspace:
    """Change what is not `None`: name, plan, limits of its own, of which 0 takes one away.

    Callers are held to it from the next minute on. Raises `WorkspaceNotFound`, or `InvalidRequest` for an empty name, a
    limit below zero, or where nothing is to be changed.
    """
    sets: dict[str, str | int] = {term: limit for term, limit in own_limits.items() if limit}
    gone = [term for term, limit in own_limits.items() if limit == 0]
    for term, limit in own_limits.items():
        if limit is not None and limit < 0:
            raise InvalidRequest(f"{term} must be at least 1, or 0 for the plan's, not {limit}.")
    if name is not None:
        if not name.strip():
            raise InvalidRequest("A workspace needs a name.")
        sets["name"] = name.strip()
    if plan is not None:
        sets["plan"] = plan.value
    if not sets and not gone:
        raise InvalidRequest("There is nothing to change.")
    table.commit(workspaces.change(workspace_id, sets, gone))
    return workspaces.read(table, workspace_id)


def create_key(
    table: Table, now: datetime, workspace: Workspace, scopes: frozenset[Scope], expires_in_days: int | None = None
) -> tuple[str, ApiKey]:
    """Make an API key and answer with its text, which is kept nowhere, and what is stored.

    Raises `PlanLacksApi`, `KeyLimitReached` (keys that are expired or were replaced do not count), or `InvalidRequest`
    for no scope or an expiry that is not in the future.
    """
    if not workspace.has_api:
        raise PlanLacksApi
    if not scopes:
        raise InvalidRequest(f"A key needs at least one scope of: {', '.join(Scope)}.")
    if expires_in_days is not None and expires_in_days < 1:
        raise InvalidRequest(f"A key expires in at least 1 day, not {expires_in_days}.")
    _forget_expired(table, now, workspace.id)
    lasts = None if expires_in_days is None else timedelta(days=expires_in_days)
    text, api_key = _new_key(now, workspace.id, frozenset(scopes), lasts)
    table.commit(*api_keys.create(api_key, workspace.limits.api_keys))
    return text, api_key


def _new_key(now: datetime, workspace_id: str, scopes: frozenset[str], lasts: timedelta | None) -> tuple[str, ApiKey]:
    text = api_keys.new_text()
    return text, ApiKey(
        id=new_id(now),
        hash=api_keys.hash_of(text),
        prefix=api_keys.prefix_of(text),
        workspace_id=workspace_id,
        scopes=scopes,
        created_at=to_text(now),
        expires_at=None if lasts is None else epoch_seconds(now + lasts),
    )


def rotate_key(
    table: Table, now: datetime, workspace: Workspace, id_or_prefix: str, overlap: timedelta
) -> tuple[str, ApiKey, ApiKey]:
    """Make a key that takes the place of another, which is let in for the overlap.

    The new one has the same scopes, and lasts as long as the other was made to last. Answers with its text, which is
    kept nowhere, with what is stored of it, and with the other as it is from now on. Raises `PlanLacksApi`,
    `ApiKeyNotFound`, or `InvalidRequest` for a key that was rotated before or an overlap that is too short or too long.
    Rule: contract "Authentication, scopes, plans".
    """
    if not workspace.has_api:
        raise PlanLacksApi
    if not SHORTEST_OVERLAP <= overlap <= LONGEST_OVERLAP:
        raise InvalidRequest("overlap must be from 1 minute to 30 days.")
    _forget_expired(table, now, workspace.id)
    held = api_keys.read_set(table, workspace.id)
    old = _named(api_keys.read_some(table, held.all), id_or_prefix)
    if old.replaced_by is not None:
        raise InvalidRequest(f"The key has been rotated already, to {old.replaced_by}: rotate that one.")
    ends_at, lasts = epoch_seconds(now + overlap), None
    if old.expires_at is not None:
        lasts = timedelta(seconds=old.expires_at - epoch_seconds(datetime.fromisoformat(old.created_at)))
        ends_at = min(ends_at, old.expires_at)
    text, new = _new_key(now, workspace.id, old.scopes, lasts)
    table.commit(*api_keys.replace(old, new, held.counted, ends_at))
    return text, new, replace(old, expires_at=ends_at, replaced_by=new.id)


def revoke_key(table: Table, now: datetime, workspace_id: str, id_or_prefix: str) -> None:
    """Take an API key away, or raise `ApiKeyNotFound`; no request that comes after this is let in.

    Workers keep what they know of a key for the rest of the minute; the request windows that they count into tell them
    that it was revoked.
    """
    api_key = _named(api_keys.read_all(table, workspace_id), id_or_prefix)
    removal = api_keys.remove(workspace_id, {api_key.hash})
    table.commit(*removal, *request_windows.note_revocation(workspace_id, api_key.hash, now))


def _named(found: Sequence[ApiKey], id_or_prefix: str) -> ApiKey:
    for api_key in found:
        if id_or_prefix in {api_key.id, api_key.prefix}:
            return api_key
    raise ApiKeyNotFound


def _forget_expired(table: Table, now: datetime, workspace_id: str) -> None:
    """Expired keys must not hold places; those that TTL has deleted are known by their hash alone."""
    listed = api_keys.read_set(table, workspace_id).all
    alive = {api_key.hash for api_key in api_keys.read_some(table, listed) if not api_key.is_expired(now)}
    if gone := listed - alive:
        table.commit(*api_keys.remove(workspace_id, gone))
