"""API keys: let in until the second they expire, remembered for a minute at the most, counted in every minute."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet, Write
from domain.entities import api_keys, request_windows, workspaces
from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan, Workspace
from domain.moments import epoch_seconds, to_text
from domain.operations import access, accounts
from domain.operations.access import Authenticator
from domain.refusals import (
    ApiKeyInvalid,
    ApiKeyNotFound,
    AuthorizationMissing,
    InvalidRequest,
    KeyLimitReached,
    PlanLacksApi,
)
from handlers import list_executions
from handlers.worker import Worker
from tests.support.given import NOW, AtCommit
from tests.support.requests import Context, event, send

DAY = timedelta(days=1)
BORN = NOW + timedelta(seconds=20)
"""When keys are made: they end within a minute, which a worker remembers to its end."""


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def _key(stack: Stack, workspace: Workspace, expires_in_days: int | None = None) -> str:
    key, _ = accounts.create_key(stack.table, BORN, workspace, frozenset(Scope), expires_in_days)
    return key


def _status(worker: Worker, key: str) -> int:
    return send(worker, list_executions.handler, "GET", "/v1/executions", key)[0]


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("seconds", [0, 1])
def test_a_key_is_let_in_until_the_second_in_which_it_expires(
    stack: Stack, workspace: Workspace, is_warm: bool, seconds: int
) -> None:
    clock = Clock()
    worker, key = Worker(stack, clock), _key(stack, workspace, expires_in_days=1)
    clock.now = BORN + DAY - timedelta(seconds=1)
    if is_warm:
        assert _status(worker, key) == 200

    clock.now = BORN + DAY + timedelta(seconds=seconds)
    status, _, body = send(worker, list_executions.handler, "GET", "/v1/executions", key)

    assert (status, body) == (401, {"error": "Invalid API key"})


class Door:
    """A worker that a key is presented to, and the calls of AWS that each request takes."""

    def __init__(self, stack: Stack, dynamodb: Any) -> None:
        self.clock = Clock()
        self.stack, self.worker, self.calls = stack, Worker(stack, self.clock), list[str]()
        dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: self.calls.append(model.name))

    def present(self, key: str) -> Any:
        """The whole answer, as bytes would have it."""
        self.calls.clear()
        asked = event("GET", "/v1/executions", key, None, None, {})
        return list_executions.handler(asked, Context(), self.worker)  # type: ignore[arg-type]

    def revoke(self, key: str, workspace: Workspace) -> None:
        accounts.revoke_key(self.stack.table, self.clock.now, workspace.id, key[:14])


UNKNOWN = f"sk_live_{'A' * 43}"


@pytest.fixture
def door(stack: Stack, dynamodb: Any) -> Door:
    return Door(stack, dynamodb)


def _unknown(_: Door, __: Workspace) -> str:
    return UNKNOWN


def _revoked(door: Door, workspace: Workspace) -> str:
    key = _key(door.stack, workspace)
    door.revoke(key, workspace)
    return key


def _revoked_and_remembered(door: Door, workspace: Workspace) -> str:
    key = _key(door.stack, workspace)
    door.present(key)
    door.revoke(key, workspace)
    return key


def _revoked_and_remembered_since_the_last_minute(door: Door, workspace: Workspace) -> str:
    key = _revoked_and_remembered(door, workspace)
    door.clock.now += timedelta(minutes=1)
    return key


def _revoked_and_forgotten(door: Door, workspace: Workspace) -> str:
    key = _revoked_and_remembered(door, workspace)
    door.present(key)
    return key


def _expired(door: Door, workspace: Workspace) -> str:
    key = _key(door.stack, workspace, expires_in_days=1)
    door.clock.now = BORN + DAY
    return key


def _expired_and_remembered(door: Door, workspace: Workspace) -> str:
    key = _key(door.stack, workspace, expires_in_days=1)
    door.clock.now = BORN + DAY - timedelta(seconds=1)
    assert door.present(key)["statusCode"] == 200
    door.clock.now += timedelta(seconds=1)
    return key


def _expired_and_remembered_since_the_last_minute(door: Door, workspace: Workspace) -> str:
    key = _expired_and_remembered(door, workspace)
    door.clock.now += timedelta(minutes=2)
    return key


def _replaced(door: Door, workspace: Workspace) -> str:
    key = _key(door.stack, workspace)
    accounts.rotate_key(door.stack.table, NOW, workspace, key[:14], timedelta(hours=1))
    door.clock.now += timedelta(hours=1)
    return key


@pytest.mark.parametrize(
    "wrong",
    [
        _unknown,
        _revoked,
        _revoked_and_remembered,
        _revoked_and_remembered_since_the_last_minute,
        _revoked_and_forgotten,
        _expired,
        _expired_and_remembered,
        _expired_and_remembered_since_the_last_minute,
        _replaced,
    ],
)
def test_whatever_is_wrong_with_a_key_the_answer_is_the_same_bytes_and_takes_one_call(
    door: Door, workspace: Workspace, wrong: Callable[[Door, Workspace], str]
) -> None:
    unknown = door.present(UNKNOWN)
    assert unknown["statusCode"] == 401
    key = wrong(door, workspace)

    assert door.present(key) == unknown
    assert len(door.calls) == 1


@pytest.mark.parametrize(
    "key",
    [
        *("x", "sk_live_", "sk_test_" + "A" * 43, "SK_LIVE_" + "A" * 43, UNKNOWN[:-1], UNKNOWN + "A", UNKNOWN + " A"),
        *(UNKNOWN[:-1] + end for end in "=/+.é\u0661\x00\n\ud800"),
    ],
)
def test_what_is_not_laid_out_as_a_key_is_looked_up_nowhere_and_told_the_same(door: Door, key: str) -> None:
    unknown = door.present(UNKNOWN)

    assert door.present(key) == unknown
    assert door.calls == []


def test_every_key_that_is_made_is_laid_out_as_one() -> None:
    assert all(api_keys.is_laid_out(api_keys.new_text()) for _ in range(200))


# Rotation.


@pytest.mark.parametrize("is_warm", [True, False])
def test_a_key_that_is_rotated_is_let_in_for_the_overlap_to_the_second_and_the_new_one_at_once(
    stack: Stack, workspace: Workspace, is_warm: bool
) -> None:
    clock = Clock()
    worker, key = Worker(stack, clock), _key(stack, workspace)
    if is_warm:
        assert _status(worker, key) == 200
    new, stored, old = accounts.rotate_key(stack.table, NOW, workspace, key[:14], timedelta(minutes=1))

    assert _status(worker, new) == _status(worker, key) == 200
    assert {one.id for one in api_keys.read_all(stack.table, workspace.id)} == {old.id, stored.id}
    for seconds, status in ((59, 200), (60, 401), (61, 401)):
        clock.now = NOW + timedelta(seconds=seconds)
        assert (_status(worker, key), _status(worker, new)) == (status, 200)


def test_the_new_key_has_the_scopes_of_the_old_and_lasts_as_long(stack: Stack, workspace: Workspace) -> None:
    scopes = frozenset({Scope.READ_WORKFLOWS})
    _, first = accounts.create_key(stack.table, NOW, workspace, scopes, expires_in_days=7)
    later = NOW + 3 * DAY

    text, new, old = accounts.rotate_key(stack.table, later, workspace, first.id, timedelta(hours=24))

    assert text.startswith(new.prefix)
    assert (new.scopes, new.expires_at, new.replaced_by) == (scopes, epoch_seconds(later + 7 * DAY), None)
    assert (old.id, old.expires_at, old.replaced_by) == (first.id, epoch_seconds(later + DAY), new.id)
    assert {(one.id, one.expires_at, one.replaced_by) for one in api_keys.read_all(stack.table, workspace.id)} == {
        (one.id, one.expires_at, one.replaced_by) for one in (old, new)
    }


def test_an_overlap_never_makes_a_key_last_longer(stack: Stack, workspace: Workspace) -> None:
    _, first = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope), expires_in_days=1)

    _, _, old = accounts.rotate_key(stack.table, NOW, workspace, first.id, timedelta(days=2))

    assert old.expires_at == first.expires_at


def test_a_key_that_was_replaced_holds_no_place_and_its_successor_holds_it(stack: Stack, workspace: Workspace) -> None:
    made = [accounts.create_key(stack.table, NOW, workspace, frozenset(Scope))[1] for _ in range(3)]

    for one in made:
        accounts.rotate_key(stack.table, NOW, workspace, one.id, timedelta(days=30))
    with pytest.raises(KeyLimitReached):
        _key(stack, workspace)

    assert len(api_keys.read_all(stack.table, workspace.id)) == 6
    accounts.revoke_key(stack.table, NOW, workspace.id, made[0].id)
    with pytest.raises(KeyLimitReached):
        _key(stack, workspace)
    successor = next(one for one in api_keys.read_all(stack.table, workspace.id) if one.replaced_by is None)
    accounts.revoke_key(stack.table, NOW, workspace.id, successor.id)
    _key(stack, workspace)


def test_what_was_replaced_is_forgotten_once_it_is_over(stack: Stack, workspace: Workspace) -> None:
    _, first = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope))
    _, second, _ = accounts.rotate_key(stack.table, NOW, workspace, first.id, timedelta(hours=1))

    later = NOW + timedelta(hours=1)
    _, third, _ = accounts.rotate_key(stack.table, later, workspace, second.id, timedelta(hours=1))

    assert {one.id for one in api_keys.read_all(stack.table, workspace.id)} == {second.id, third.id}
    assert api_keys.read_set(stack.table, workspace.id).replaced == {second.hash}


def test_a_key_is_rotated_once(stack: Stack, workspace: Workspace) -> None:
    _, first = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope))
    _, second, _ = accounts.rotate_key(stack.table, NOW, workspace, first.id, timedelta(hours=1))

    with pytest.raises(InvalidRequest, match=f"has been rotated already, to {second.id}"):
        accounts.rotate_key(stack.table, NOW, workspace, first.id, timedelta(hours=1))


@pytest.mark.parametrize("what", ["revoked", "rotated", "deleted since it has expired"])
def test_of_two_who_change_a_key_at_once_one_is_told_that_it_was_changed(
    stack: Stack, workspace: Workspace, at_commit: AtCommit, what: str
) -> None:
    _, first = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope))

    def meanwhile() -> None:
        if what == "revoked":
            accounts.revoke_key(stack.table, NOW, workspace.id, first.id)
        elif what == "rotated":
            accounts.rotate_key(stack.table, NOW, workspace, first.id, timedelta(hours=1))
        else:
            stack.table.commit(Write.delete(api_keys.key(first.hash)))

    at_commit(meanwhile)
    with pytest.raises(ConditionNotMet):
        accounts.rotate_key(stack.table, NOW, workspace, first.id, timedelta(hours=1))

    assert len(api_keys.read_all(stack.table, workspace.id)) == (2 if what == "rotated" else 0)


def test_a_key_that_is_gone_is_rotated_by_nobody(stack: Stack, workspace: Workspace) -> None:
    _, expired = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope), expires_in_days=1)
    for name in ("0" * 24, expired.id):
        with pytest.raises(ApiKeyNotFound):
            accounts.rotate_key(stack.table, NOW + DAY, workspace, name, timedelta(hours=1))


@pytest.mark.parametrize(
    ("overlap", "is_taken"),
    [
        (timedelta(seconds=59), False),
        (timedelta(minutes=1), True),
        (timedelta(days=30), True),
        (timedelta(days=30, seconds=1), False),
    ],
)
def test_an_overlap_is_a_minute_to_thirty_days(
    stack: Stack, workspace: Workspace, overlap: timedelta, is_taken: bool
) -> None:
    _, first = accounts.create_key(stack.table, NOW, workspace, frozenset(Scope))
    if is_taken:
        accounts.rotate_key(stack.table, NOW, workspace, first.id, overlap)
    else:
        with pytest.raises(InvalidRequest, match="overlap must be from 1 minute to 30 days"):
            accounts.rotate_key(stack.table, NOW, workspace, first.id, overlap)


# When a key was used.


def _last_used(door: Door, workspace: Workspace) -> str | None:
    [key] = api_keys.read_all(door.stack.table, workspace.id)
    return key.last_used_at


def test_that_a_key_is_used_is_noted_once_an_hour_and_costs_no_other_request_a_call(
    door: Door, workspace: Workspace
) -> None:
    key = _key(door.stack, workspace)
    assert _last_used(door, workspace) is None
    written = Counter[str]()

    for minute in range(150):
        door.clock.now = NOW + timedelta(minutes=minute)
        before = _last_used(door, workspace)
        for attempt in range(2):
            door.present(key)
            # A warm list is the count and a query; the first of a minute reads the key, the first of an hour notes it.
            calls = Counter({"UpdateItem": 1, "Query": 1})
            if attempt == 0:
                calls["BatchGetItem"] += 1
                calls["GetItem"] += minute == 0
                if minute % 60 == 0:
                    calls["UpdateItem"] += 1
                    written["notes"] += 1
            assert Counter(door.calls) == +calls, (minute, attempt)
        assert (_last_used(door, workspace) != before) == (minute % 60 == 0)

    assert written["notes"] == 3
    assert _last_used(door, workspace) == to_text(NOW + timedelta(hours=2))


def test_of_many_workers_one_notes_that_a_key_is_used_and_nobody_warns_of_the_others(
    stack: Stack, workspace: Workspace, dynamodb: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has read the key before any has noted it."""
    key = _key(stack, workspace)
    notes: list[bool] = []

    def other(params: Any, **_: Any) -> None:
        if "last_used_at" in str(params) and not notes:
            notes.append(True)
            Authenticator(stack.table).authenticate(f"Bearer {key}", NOW + timedelta(seconds=1))

    dynamodb.meta.events.register("before-parameter-build.dynamodb.UpdateItem", other)
    Authenticator(stack.table).authenticate(f"Bearer {key}", NOW)

    [stored] = api_keys.read_all(stack.table, workspace.id)
    assert stored.last_used_at == to_text(NOW + timedelta(seconds=1))
    assert caplog.records == []


def test_a_key_that_is_revoked_while_its_use_is_noted_does_not_come_back(
    stack: Stack, workspace: Workspace, dynamodb: Any
) -> None:
    key = _key(stack, workspace)
    left = [1]

    def meanwhile(params: Any, **_: Any) -> None:
        if "last_used_at" in str(params) and left.pop():
            accounts.revoke_key(stack.table, NOW, workspace.id, key[:14])

    dynamodb.meta.events.register("before-parameter-build.dynamodb.UpdateItem", meanwhile)
    Authenticator(stack.table).authenticate(f"Bearer {key}", NOW)

    assert not [item for item in stack.table.scan() if item["sk"] == "KEY"]


def test_no_request_fails_because_its_use_could_not_be_noted(
    door: Door, workspace: Workspace, dynamodb: Any, caplog: pytest.LogCaptureFixture
) -> None:
    key = _key(door.stack, workspace)

    def refuse(params: Any, **_: Any) -> None:
        if "last_used_at" in str(params):
            error = {"Code": "AccessDeniedException", "Message": "no"}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}, "UpdateItem")  # type: ignore[typeddict-item]

    dynamodb.meta.events.register("before-parameter-build.dynamodb.UpdateItem", refuse)

    assert door.present(key)["statusCode"] == 200
    assert _last_used(door, workspace) is None


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

    key, stored = accounts.create_key(stack.table, BORN + DAY, workspace, frozenset(Scope))

    assert [one.id for one in api_keys.read_all(stack.table, workspace.id)] == [stored.id]
    assert stored.prefix == key[:14]
    assert stored.created_at == to_text(BORN + DAY)


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
    with pytest.raises(PlanLacksApi):
        accounts.rotate_key(stack.table, NOW, free, "0" * 24, timedelta(hours=1))


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

    # The key, its workspace, the count, and that it is used; then only the count.
    assert calls == ["BatchGetItem", "GetItem", "UpdateItem", "UpdateItem"] * 2 + ["UpdateItem"] * 2


@pytest.mark.parametrize("by", ["id", "prefix"])
def test_the_key_that_is_named_is_revoked_and_no_other(stack: Stack, workspace: Workspace, by: str) -> None:
    made = [accounts.create_key(stack.table, NOW, workspace, frozenset(Scope)) for _ in range(3)]
    revoked = made[1][1]

    accounts.revoke_key(stack.table, NOW, workspace.id, getattr(revoked, by))

    assert {key.id for key in api_keys.read_all(stack.table, workspace.id)} == {made[0][1].id, made[2][1].id}


def test_where_requests_are_counted_is_found_for_as_long_as_it_may_be_there() -> None:
    noted = NOW.replace(second=59)
    there = [write.key for write in request_windows.note_revocation("w", "hash", noted)]

    assert set(there) <= set(request_windows.recent_keys("w", noted + timedelta(minutes=10) - timedelta(seconds=1)))
