"""API keys: let in until the second they expire, remembered for a minute at the most, counted in every minute."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.entities import api_keys, request_windows, workspaces
from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan, Workspace
from domain.moments import epoch_seconds, to_text
from domain.operations import access, accounts
from domain.operations.access import Authenticator
from domain.refusals import ApiKeyInvalid, AuthorizationMissing, InvalidRequest, KeyLimitReached, PlanLacksApi
from handlers import list_executions
from handlers.worker import Worker
from tests.support.given import NOW
from tests.support.requests import send

DAY = timedelta(days=1)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def _key(stack: Stack, workspace: Workspace, expires_in_days: int | None = None) -> str:
    key, _ = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope), expires_in_days)
    return key


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_key_is_let_in_until_the_second_in_which_it_expires(
    stack: Stack, workspace: Workspace, is_warm: bool
) -> None:
    clock = Clock()
    worker, key = Worker(stack, clock), _key(stack, workspace, expires_in_days=1)
    clock.now = NOW + DAY - timedelta(seconds=1)
    if is_warm:
        assert send(worker, list_executions.handler, "GET", "/v1/executions", key)[0] == 200

    clock.now = NOW + DAY
    status, _, body = send(worker, list_executions.handler, "GET", "/v1/executions", key)

    assert (status, body) == (401, {"error": "Invalid API key"})


def test_a_key_without_an_expiry_is_let_in_after_years(stack: Stack, workspace: Workspace) -> None:
    key = _key(stack, workspace)

    caller = Authenticator(stack.table).authenticate(f"Bearer {key}", NOW + 3650 * DAY)

    assert caller.workspace.id == workspace.id


def test_an_expired_key_gives_up_its_place_and_a_live_one_does_not(stack: Stack) -> None:
    workspace = accounts.create_workspace(stack.table, NOW, name="Acme", plan=Plan.PRO)
    for _ in range(3):
        _key(stack, workspace, expires_in_days=1)
    with pytest.raises(KeyLimitReached):
        _key(stack, workspace)

    key, stored = accounts.create_key(stack.table, NOW + DAY, workspace, frozenset(Scope))

    assert [one.id for one in api_keys.read_all(stack.table, workspace.id)] == [stored.id]
    assert stored.prefix == key[:14]
    assert stored.created_at == to_text(NOW + DAY)


@pytest.mark.parametrize(
    ("scopes", "days"), [(frozenset[Scope](), None), (frozenset(Scope), 0), (frozenset(Scope), -1)]
)
def test_a_key_needs_a_scope_and_an_expiry_in_the_future(
    stack: Stack, workspace: Workspace, scopes: frozenset[Scope], days: int | None
) -> None:
    with pytest.raises(InvalidRequest):
        accounts.create_key(stack.table, NOW, workspace, scopes, days)
    assert api_keys.read_all(stack.table, workspace.id) == []


def test_a_plan_without_the_api_has_no_keys(stack: Stack) -> None:
    free = accounts.create_workspace(stack.table, NOW, name="Free", plan=Plan.FREE)

    with pytest.raises(PlanLacksApi):
        _key(stack, free)


def test_a_worker_knows_of_new_limits_in_the_next_minute(stack: Stack, workspace: Workspace) -> None:
    authenticator, key = Authenticator(stack.table), _key(stack, workspace)
    assert authenticator.authenticate(f"Bearer {key}", NOW).quota.limit == 15
    stack.table.update(workspaces.key(workspace.id), "SET requests_per_minute = :limit", {":limit": 99})

    assert authenticator.authenticate(f"Bearer {key}", NOW + timedelta(minutes=1)).quota.limit == 99


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "sk_live_abc", "Bearersk_live_abc"])
def test_what_carries_no_bearer_token_is_told_so(stack: Stack, header: str | None) -> None:
    with pytest.raises(AuthorizationMissing):
        Authenticator(stack.table).authenticate(header, NOW)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_in_any_case(stack: Stack, workspace: Workspace, scheme: str) -> None:
    key = _key(stack, workspace)

    assert Authenticator(stack.table).authenticate(f" {scheme}  {key} ", NOW).workspace.id == workspace.id


def test_the_window_says_how_many_requests_are_left_and_when_the_next_begins(
    stack: Stack, workspace: Workspace
) -> None:
    authenticator, header = Authenticator(stack.table), f"Bearer {_key(stack, workspace)}"

    first = authenticator.authenticate(header, NOW).quota
    second = authenticator.authenticate(header, NOW + timedelta(seconds=59)).quota
    next_minute = authenticator.authenticate(header, NOW + timedelta(seconds=60)).quota

    assert (first.used, first.remaining, first.reset) == (1, 14, 60)
    assert (second.used, second.remaining, second.reset) == (2, 13, 2)
    assert (next_minute.used, next_minute.remaining) == (1, 14)


def test_a_key_whose_workspace_is_gone_is_refused(stack: Stack, workspace: Workspace) -> None:
    header = f"Bearer {_key(stack, workspace)}"
    at = workspaces.key(workspace.id)
    stack.table._client.delete_item(TableName="table", Key={"pk": {"S": at.pk}, "sk": {"S": at.sk}})

    with pytest.raises(ApiKeyInvalid):
        Authenticator(stack.table).authenticate(header, NOW)


def test_a_worker_remembers_so_many_keys_and_no_more(
    stack: Stack, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "_REMEMBERED_KEYS", 2)
    authenticator, headers = Authenticator(stack.table), [f"Bearer {_key(stack, workspace)}" for _ in range(3)]

    for header in headers:
        authenticator.authenticate(header, NOW)

    assert len(authenticator._known) == 1


def test_a_revoked_key_is_forgotten_so_that_it_uses_up_no_requests_of_its_workspace(
    stack: Stack, workspace: Workspace
) -> None:
    authenticator = Authenticator(stack.table)
    revoked, other = f"Bearer {_key(stack, workspace)}", f"Bearer {_key(stack, workspace)}"
    authenticator.authenticate(revoked, NOW)
    accounts.revoke_key(stack.table, NOW, workspace.id, revoked.removeprefix("Bearer ")[:14])

    for _ in range(3):
        with pytest.raises(ApiKeyInvalid):
            authenticator.authenticate(revoked, NOW)

    # The first refusal still counts: only after it does the worker know.
    assert authenticator.authenticate(other, NOW).quota.used == 3


def test_a_window_is_kept_for_ten_minutes(stack: Stack, workspace: Workspace) -> None:
    minute = request_windows.minute_of(NOW)
    request_windows.count_request(stack.table, workspace.id, minute)

    [window] = [item for item in stack.table.scan() if item["sk"] == "WINDOW"]

    assert window["expires_at"] == epoch_seconds(minute + timedelta(minutes=10))


def test_a_worker_remembers_several_keys_at_once(stack: Stack, workspace: Workspace, dynamodb: Any) -> None:
    keys = [_key(stack, workspace) for _ in range(2)]
    authenticator = Authenticator(stack.table)
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    for key in keys * 2:
        authenticator.authenticate(f"Bearer {key}", NOW)

    assert calls == ["GetItem", "UpdateItem", "BatchGetItem"] * 2 + ["UpdateItem"] * 2


@pytest.mark.parametrize("by", ["id", "prefix"])
def test_the_key_that_is_named_is_revoked_and_no_other(stack: Stack, workspace: Workspace, by: str) -> None:
    made = [accounts.create_key(stack.table, NOW, workspace, frozenset(Scope)) for _ in range(3)]
    revoked = made[1][1]

    accounts.revoke_key(stack.table, NOW, workspace.id, getattr(revoked, by))

    assert {key.id for key in api_keys.read_all(stack.table, workspace.id)} == {made[0][1].id, made[2][1].id}
