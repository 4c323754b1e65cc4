"""Access: who sends a request, what they may do, and how many more the workspace may send this minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.entities import api_keys, request_windows, workspaces
from domain.entities.api_keys import ApiKey, Scope
from domain.entities.workspaces import Workspace
from domain.refusals import ApiKeyInvalid, AuthorizationMissing, PlanLacksApi, RateLimitExceeded, ScopeMissing

if TYPE_CHECKING:
    from domain.aws.table import Table

_REMEMBERED_KEYS = 1000


@dataclass(frozen=True, slots=True)
class Quota:
    """The request window as it stood with this request counted: numbers of requests, seconds to the next window."""

    limit: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """How many more requests this window takes."""
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever presented a known API key."""

    workspace: Workspace
    key: ApiKey
    quota: Quota

    def authorize(self, scope: Scope) -> None:
        """Refuse what plan, scope and rate do not allow, in this order. Rule: contract "Order of checks"."""
        if not self.workspace.has_api:
            raise PlanLacksApi
        if scope not in self.key.scopes:
            raise ScopeMissing(scope)
        if self.quota.used > self.quota.limit:
            raise RateLimitExceeded(retry_after=self.quota.reset)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a worker knows of a key, good for one minute and as long as no key of the workspace is revoked in it."""

    key: ApiKey
    workspace: Workspace
    minute: datetime
    revocation: str | None


class Authenticator:
    """Finds callers by their keys; one a worker, which remembers the keys it has seen for the rest of the minute.

    A warm request costs one call, the count of the request. The item that counts also carries the mark
    that a revocation changes, so a revoked key is refused from the next request on, by every worker.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: dict[str, _Known] = {}

    def authenticate(self, authorization: str | None, now: datetime) -> Caller:
        """Find the caller of a request by its Authorization header, and count the request.

        Raises `AuthorizationMissing`, or `ApiKeyInvalid` for a key that is unknown, revoked or expired.
        """
        key_hash = api_keys.hash_of(_bearer(authorization))
        known = self._known.get(key_hash)
        workspace_id = known.key.workspace_id if known else self._workspace_of(key_hash)
        minute = request_windows.minute_of(now)
        window = request_windows.count_request(self._table, workspace_id, minute)
        if known is None or known.minute != minute or known.revocation != window.revocation:
            known = self._look_up(key_hash, workspace_id, minute, window.revocation)
        if known.key.is_expired(now):
            raise ApiKeyInvalid
        reset = int((minute + timedelta(minutes=1) - now).total_seconds()) + 1
        quota = Quota(known.workspace.limits.requests_per_minute, window.requests, min(reset, 60))
        return Caller(known.workspace, known.key, quota)

    def _workspace_of(self, key_hash: str) -> str:
        item = self._table.get(api_keys.key(key_hash))
        if item is None:
            raise ApiKeyInvalid
        return api_keys.from_item(item).workspace_id

    def _look_up(self, key_hash: str, workspace_id: str, minute: datetime, revocation: str | None) -> _Known:
        """Read key and workspace after the mark was read: what is remembered is never older than its mark."""
        key_at, workspace_at = api_keys.key(key_hash), workspaces.key(workspace_id)
        found = self._table.get_many(key_at, workspace_at)
        if key_at not in found or workspace_at not in found:
            self._known.pop(key_hash, None)
            raise ApiKeyInvalid
        if len(self._known) >= _REMEMBERED_KEYS:
            self._known.clear()
        key, workspace = api_keys.from_item(found[key_at]), workspaces.from_item(found[workspace_at])
        known = _Known(key, workspace, minute, revocation)
        self._known[key_hash] = known
        return known


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthorizationMissing
    return token.strip()
