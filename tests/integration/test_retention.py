"""Retention: what expires when, what readers see of it before and after DynamoDB has deleted it."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.aws.keys import Key
from domain.aws.table import Table
from domain.aws.writes import Item, Write
from domain.entities import executions, reviews
from domain.entities.executions import LIFE, Retention, Status
from domain.moments import epoch_seconds, to_text
from domain.operations.admission import the_retention
from domain.operations.deciding import Decide
from domain.operations.idempotency import carry_out
from domain.refusals import ExecutionNotFound, ReviewNotFound
from handlers import get_execution, get_history, list_executions, list_reviews
from tests.support.programs import call, do, let, literal, sleep
from tests.support.requests import send
from tests.support.system import Fresh, System

RECORD, ROW = 30, 200


@pytest.fixture
def system(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> System:
    monkeypatch.setenv("RETENTION_DAYS", str(RECORD))
    monkeypatch.setenv("EXECUTION_RETENTION_DAYS", str(ROW))
    the_retention.cache_clear()
    return fresh()


@pytest.fixture(autouse=True)
def _forget_settings() -> Any:
    yield
    the_retention.cache_clear()


def ended(system: System, *body: Any) -> str:
    execution_id: str = system.run(system.workflow(*(body or (let("x", literal(1)),))), given={"n": 1}).body[
        "execution_id"
    ]
    system.drive()
    return execution_id


def asked(system: System, handler: Any, path: str, **query: str) -> tuple[int, Any]:
    status, _, body = send(system.worker, handler, "GET", path, system.key, query)
    return status, body


def get(system: System, execution_id: str, **query: str) -> tuple[int, Any]:
    return asked(system, get_execution.handler, f"/v1/executions/{execution_id}", **query)


def history(system: System, execution_id: str) -> tuple[int, Any]:
    return asked(system, get_history.handler, f"/v1/executions/{execution_id}/history")


def expired(table: Table, now: datetime) -> list[Item]:
    return [item for item in table.scan() if (item.get("expires_at") or 1e12) <= now.timestamp()]


def delete_as_dynamodb_does(table: Table, now: datetime, share: float = 1) -> None:
    """What has expired goes, in no order, and of a share only."""
    for item in expired(table, now):
        if random.Random(item["pk"] + item["sk"]).random() < share:
            table.commit(Write.delete(Key(item["pk"], item["sk"])))


def test_a_history_ends_to_the_second_and_says_so_while_the_row_stays(system: System) -> None:
    execution_id = ended(system)
    end = datetime.fromisoformat(get(system, execution_id)[1]["completed_at"])
    gone_at = end + timedelta(days=RECORD)

    system.world.now = gone_at - timedelta(seconds=1)
    assert history(system, execution_id)[0] == 200
    assert get(system, execution_id, include_step_results="true")[0] == 200

    system.world.now = gone_at
    sentence = f"The history of this execution has expired: it was kept until {to_text(gone_at)}."
    assert history(system, execution_id) == (404, {"error": sentence})
    assert get(system, execution_id, include_step_results="true") == (404, {"error": sentence})
    assert system.rerun(execution_id, from_step=0).body == {"error": sentence}
    assert get(system, execution_id)[0] == 200


@pytest.mark.parametrize("is_deleted", [False, True])
def test_an_expired_row_is_found_by_nobody_whether_or_not_it_is_deleted(system: System, is_deleted: bool) -> None:
    execution_id = ended(system)
    end = datetime.fromisoformat(get(system, execution_id)[1]["completed_at"])
    workflow_id = get(system, execution_id)[1]["workflow_id"]
    lists: list[dict[str, str]] = [
        {},
        {"status": "success"},
        {"workflow_id": workflow_id},
        {"workflow_id": workflow_id, "status": "success,running"},
    ]

    def listed() -> list[int]:
        found = [asked(system, list_executions.handler, "/v1/executions", **query) for query in lists]
        return [len(body["executions"]) for _, body in found]

    system.world.now = end + timedelta(days=ROW) - timedelta(seconds=1)
    assert get(system, execution_id)[0] == 200
    assert listed() == [1, 1, 1, 1]

    system.world.now = end + timedelta(days=ROW)
    if is_deleted:
        delete_as_dynamodb_does(system.table, system.world.now)
    for answer in (get(system, execution_id), history(system, execution_id)):
        assert answer == (404, {"error": "Execution not found"})
    for refused in (system.stop(execution_id), system.rerun(execution_id, from_step=0)):
        assert (refused.status, refused.body) == (404, {"error": "Execution not found"})
    assert listed() == [0, 0, 0, 0]


def test_a_list_by_status_has_what_is_young_beside_what_is_old_and_nothing_that_only_the_index_shows(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ended(system)
    system.pass_time(days=ROW)
    young = ended(system)
    which = executions.Filter(statuses=frozenset({Status.SUCCESS}))
    rows = executions.list_page(system.table, system.workspace.id, which=which)
    assert {row.id for row in rows} == {old, young}

    def kept() -> list[str]:
        found = executions.list_kept_page(system.table, system.world.now, system.workspace.id, 9, None, which)
        return [row.id for row in found]

    assert kept() == [young]
    system.table.delete([executions.key(system.workspace.id, old)])
    # An index lags behind its table.
    monkeypatch.setattr(executions, "list_page", lambda *_: rows)
    assert kept() == [young]


def test_where_nothing_expires_no_earlier_execution_is_given_a_moment(system: System) -> None:
    execution = executions.read(system.table, system.workspace.id, ended(system))

    assert executions.to_shape_1(execution, Retention(0, 0), 1) == {}
    assert executions.to_shape_1(replace(execution, completed_at=None), Retention(0, 0), 1) == {}


def test_a_page_is_full_though_expired_rows_lie_between(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    runs = []
    for _ in range(4):
        system.pass_time(seconds=1)
        runs.append(system.run(workflow_id).body["execution_id"])
        system.drive()
    system.world.now += timedelta(days=ROW)
    for gone in (runs[1], runs[2]):
        at = executions.key(system.workspace.id, gone)
        system.table.commit(Write.update(at, "SET expires_at = :now", values={":now": epoch_seconds(system.world.now)}))
    for kept in (runs[0], runs[3]):
        at = executions.key(system.workspace.id, kept)
        later = epoch_seconds(system.world.now) + 9
        system.table.commit(Write.update(at, "SET expires_at = :later", values={":later": later}))

    for query in ({}, {"workflow_id": workflow_id}):
        _, body = asked(system, list_executions.handler, "/v1/executions", limit="2", **query)
        assert [row["execution_id"] for row in body["executions"]] == [runs[3], runs[0]]


def test_nothing_of_an_execution_expires_before_its_history_does_and_its_row_last(system: System) -> None:
    execution_id = ended(
        system,
        do(call("human.create", literal("Go?"))),
        do(call("log.info", literal("asked"))),
        sleep(3600 * 24 * 29),
        let("x", literal(1)),
    )
    row = executions.read(system.table, system.workspace.id, execution_id)
    stored = [item for item in system.table.scan() if execution_id in item["pk"] or "REVIEW#" in item["sk"]]

    assert row.record_until is not None
    assert row.expires_at is not None
    kinds = {item["sk"].partition("#")[0] for item in stored}
    assert kinds >= {"INPUT", "CALL", "ASKED", "REVIEW"}
    last = epoch_seconds(row.started + LIFE) + RECORD * 24 * 3600
    assert {item["expires_at"] for item in stored} == {last}
    assert row.record_until < last < row.expires_at


def test_a_row_is_kept_longer_than_all_else_however_few_days_it_is_given(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECUTION_RETENTION_DAYS", "1")
    the_retention.cache_clear()
    row = executions.read(system.table, system.workspace.id, ended(system))

    assert row.expires_at is not None
    assert row.expires_at == epoch_seconds(row.started + LIFE) + (RECORD + 7) * 24 * 3600


@pytest.mark.parametrize(("record", "row"), [("0", "1"), ("0", "0"), ("9", "0")])
def test_no_days_are_for_ever(system: System, monkeypatch: pytest.MonkeyPatch, record: str, row: str) -> None:
    monkeypatch.setenv("RETENTION_DAYS", record)
    monkeypatch.setenv("EXECUTION_RETENTION_DAYS", row)
    the_retention.cache_clear()
    execution_id = ended(system)
    system.world.now += timedelta(days=36500)
    delete_as_dynamodb_does(system.table, system.world.now)

    assert get(system, execution_id)[0] == 200
    assert history(system, execution_id)[0] == (404 if record == "9" else 200)


def test_what_applies_is_what_applied_when_it_was_admitted(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    execution_id: str = system.run(system.workflow(sleep(60), let("x", literal(1)))).body["execution_id"]
    monkeypatch.setenv("RETENTION_DAYS", "0")
    the_retention.cache_clear()
    system.drive()

    end = datetime.fromisoformat(get(system, execution_id)[1]["completed_at"])
    system.world.now = end + timedelta(days=RECORD)
    assert history(system, execution_id)[0] == 404


def test_what_runs_has_nothing_that_expires_in_its_time_and_ends_though_all_else_goes(system: System) -> None:
    waits = [do(call("human.create", literal("Go?"))), *(sleep(3600 * 24 * 19) for _ in range(3)), let("x", literal(1))]
    execution_id: str = system.run(system.workflow(*waits), given={"n": 1}).body["execution_id"]
    ended(system)
    while system.status(execution_id) == Status.RUNNING:
        delete_as_dynamodb_does(system.table, system.world.now)
        assert not [item for item in expired(system.table, system.world.now) if execution_id in item["pk"]]
        if not system.step(execution_id):
            system.advance(3600 * 24)

    assert system.status(execution_id) == "success"
    system.check_quiet()


def test_a_rerun_that_takes_steps_over_keeps_them_for_its_own_time(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ended(system, let("x", literal(1)), let("y", literal(2)))
    monkeypatch.setenv("RETENTION_DAYS", "0")
    the_retention.cache_clear()
    system.world.now += timedelta(days=1)
    again = system.rerun(first, from_step=1).body["execution_id"]
    system.drive()

    of = [item for item in system.table.scan() if item["pk"] == f"EXECUTION#{again}"]
    assert [item for item in of if first in str(item.get("steps"))]
    assert not [item for item in of if "expires_at" in item]


@pytest.mark.parametrize("share", [0.3, 0.6, 1])
def test_marks_and_reviews_may_go_in_any_order(system: System, share: float) -> None:
    body = (*(do(call("human.create", literal(f"Go {number}?"))) for number in range(6)), let("x", literal(1)))
    execution_id = ended(system, *body)
    system.world.now += LIFE + timedelta(days=RECORD)
    one = next(item for item in system.table.scan() if item["sk"].startswith("REVIEW#"))
    decided = Decide(now=system.world.now, workspace_id=system.workspace.id, review_id=one["id"], decision="approved")
    with pytest.raises(ReviewNotFound):
        carry_out(system.stack, decided)
    system.table.commit(Write.delete(Key(one["pk"], one["sk"])))
    assert len(reviews.of_execution(system.table, execution_id)) == 5

    for part in (share, 1):
        for query in ({}, {"status": "pending"}):
            status, page = asked(system, list_reviews.handler, "/v1/reviews", **query)
            assert (status, page["reviews"]) == (200, [])
        delete_as_dynamodb_does(system.table, system.world.now, part)
    assert get(system, execution_id)[0] == 200


def test_a_write_of_what_is_gone_meanwhile_finds_no_execution() -> None:
    assert isinstance(executions.not_as_read(None), ExecutionNotFound)
