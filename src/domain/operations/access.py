"""Access: who sends a request, what they may do, and how many more the workspace may send this minute."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from domain.aws.writes import ConditionNotMet
from domain.entities import api_keys, request_windows, workspaces
from domain.entities.api_keys import ApiKey, Scope
from domain.entities.workspaces import Workspace
from domain.refusals import ApiKeyInvalid, AuthorizationMissing, PlanLacksApi, RateLimitExceeded, ScopeMissing

if TYPE_CHECKING:
    from domain.aws.table import Table

_LOGGER = logging.getLogger(__name__)

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
    """What a worker knows of a key, good for one minute and as long as it is not revoked in it."""

    key: ApiKey
    workspace: Workspace
    minute: datetime


class Authenticator:
    """Finds callers by their keys; one a worker, which remembers the keys it has seen for the rest of the minute.

    A warm request costs one call, the count of the request. The item that counts also names the keys that were revoked
    around that minute, so a revoked key is refused from the next request on, by every worker.

    A key that is let in nowhere costs exactly one call, whatever is wrong with it and whatever the worker remembers of
    it; what is not laid out as a key, none. Rule: contract "Authentication, scopes, plans".
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._known: dict[str, _Known] = {}

    def authenticate(self, authorization: str | None, now: datetime) -> Caller:
        """Find the caller of a request by its Authorization header, and count the request.

        Raises `AuthorizationMissing`, or `ApiKeyInvalid` for a key that is malformed, unknown, revoked or expired.
        """
        text = _bearer(authorization)
        if not api_keys.is_laid_out(text):
            raise ApiKeyInvalid
        key_hash, minute = api_keys.hash_of(text), request_windows.minute_of(now)
        remembered = self._known.get(key_hash)
        is_known = remembered is not None and remembered.minute == minute and not remembered.key.is_expired(now)
        known = remembered if remembered and is_known else self._look_up(key_hash, remembered, now)
        window = request_windows.count_request(self._table, known.workspace.id, minute)
        if key_hash in window.revoked_keys:
            self._known.pop(key_hash, None)
            raise ApiKeyInvalid
        if not is_known and known.key.is_use_to_be_noted(now):
            self._note_use(key_hash, now)
        reset = int((minute + timedelta(minutes=1) - now).total_seconds()) + 1
        quota = Quota(known.workspace.limits.requests_per_minute, window.requests, min(reset, 60))
        return Caller(known.workspace, known.key, quota)

    def _look_up(self, key_hash: str, remembered: _Known | None, now: datetime) -> _Known:
        """Read key and workspace, together if it is remembered whose key it was; who is refused took one call.

        They are read before the request is counted: a key that is revoked in between is named by the window.
        """
        self._known.pop(key_hash, None)
        key_at = api_keys.key(key_hash)
        found = self._table.get_many(key_at, *([workspaces.key(remembered.workspace.id)] if remembered else ()))
        if key_at not in found or (key := api_keys.from_item(found[key_at])).is_expired(now):
            raise ApiKeyInvalid
        workspace_at = workspaces.key(key.workspace_id)
        item = found.get(workspace_at) or self._table.get(workspace_at)
        if item is None:
            raise ApiKeyInvalid
        if len(self._known) >= _REMEMBERED_KEYS:
            self._known.clear()
        known = _Known(key, workspaces.from_item(item), request_windows.minute_of(now))
        self._known[key_hash] = known
        return known

    def _note_use(self, key_hash: str, now: datetime) -> None:
        """Note that a key is used: once an hour at most, and no request fails by it."""
        try:
            self._table.commit(api_keys.note_use(key_hash, now))
        except ConditionNotMet:
            pass  # another worker was first, or the key is gone
        except Exception:
            # Whatever it is, the key is good and the request goes on.
            _LOGGER.warning("the use of a key was not noted", exc_info=True)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthorizationMissing
    return token.strip()
