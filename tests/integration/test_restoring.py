"""A table that is older than what Step Functions has done since: what puts that right, by itself and in one command."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.aws.writes import ConditionNotMet, Write
from domain.entities import executions, workspaces
from domain.operations import audits, outcomes, restoring
from tests.support.programs import call, do, literal, post, sleep
from tests.support.system import Fresh, System

ASKS = (do(call("human.create", literal("Go?"))), do(call("human.wait")), do(post("https://site/")))
ASKS_AGAIN = (*ASKS, do(call("human.create", literal("Sure?"))), do(call("human.wait")))


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


class Backup:
    """The table as it is now, to be put back later: everything else goes on."""

    def __init__(self, system: System) -> None:
        self._client: Any = system.table._client
        self._items = self._client.scan(TableName="table")["Items"]

    def put_back(self) -> None:
        for item in self._client.scan(TableName="table")["Items"]:
            self._client.delete_item(TableName="table", Key={"pk": item["pk"], "sk": item["sk"]})
        for item in self._items:
            self._client.put_item(TableName="table", Item=item)


def run(system: System, *body: Any) -> str:
    execution_id = str(system.run(system.workflow(*body)).body["execution_id"])
    system.step(execution_id)
    return execution_id


def put_right(system: System, before: datetime | None = None, *, is_dry: bool = False) -> list[str]:
    now = system.world.now
    return list(restoring.continue_executions(system.stack, now, before or now, is_dry=is_dry))


def lose(system: System, execution_id: str) -> None:
    """Let Step Functions lose the present generation, and another follow in which nothing is done."""
    state = executions.read_state(system.table, system.workspace.id, execution_id)
    outcomes.hand_over(system.stack, system.world.now, state)
    system.machines.end(list(system.machines.flights)[-2], "SUCCEEDED")


def meanwhile(system: System, monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Let something happen right before the next commit."""
    commit = system.table.commit

    def late(*writes: Write) -> None:
        monkeypatch.setattr(system.table, "commit", commit)
        action()
        commit(*writes)

    monkeypatch.setattr(system.table, "commit", late)


def generation(system: System, execution_id: str) -> int:
    return executions.read_state(system.table, system.workspace.id, execution_id).generation.number


def test_what_step_functions_has_ended_since_goes_on_by_itself_and_ends_once(system: System) -> None:
    sleeping = run(system, sleep(60), do(post("https://site/")))
    backup = Backup(system)
    system.drive()
    assert (system.status(sleeping), len(system.effects)) == ("success", 1)

    backup.put_back()

    assert system.status(sleeping) == "running"
    assert system.reconcile_later()["continued"] == 1
    system.drive()
    assert system.status(sleeping) == "success"
    # What was done and is lost is done again under its own key.
    assert len(set(system.effects)) == 1
    assert system.credits == 9
    system.crashes += 1
    system.check_quiet()


def test_what_waits_where_the_table_knows_nothing_of_it_goes_on_in_another_generation(system: System) -> None:
    asking = run(system, *ASKS_AGAIN)
    backup = Backup(system)
    [review] = system.reviews()
    system.decide(review["review_id"])
    system.step(asking)
    assert system.machines.flights[asking].token, "it waits for the second decision"

    backup.put_back()
    system.decide(review["review_id"])
    system.reconcile_later()
    assert not system.step(asking), "nobody can wake it"

    assert put_right(system) == ["continued"]

    assert generation(system, asking) == 2
    assert system.machines.flights[asking].cause == restoring.LOST
    for _ in range(2):
        system.drive()
        [system.decide(one["review_id"]) for one in system.reviews() if one["status"] == "pending"]
    system.drive()
    assert system.status(asking) == "success"
    system.crashes += 1
    system.check_quiet()


def test_the_other_generation_is_one_in_which_nothing_was_done(system: System) -> None:
    asking = run(system, *ASKS)
    lose(system, asking)
    assert executions.read_state(system.table, system.workspace.id, asking).generation.fruitless == 0
    lose(system, asking)
    assert executions.read_state(system.table, system.workspace.id, asking).generation.fruitless == 1
    backup = Backup(system)
    lose(system, asking)

    backup.put_back()
    assert generation(system, asking) == 3
    assert put_right(system) == ["continued"]

    assert generation(system, asking) == 5
    assert executions.read_state(system.table, system.workspace.id, asking).generation.fruitless == 0
    assert [flight.status for flight in system.machines.flights.values()].count("RUNNING") == 1
    system.decide(system.reviews()[0]["review_id"])
    system.drive()
    assert system.status(asking) == "success"
    system.check_quiet()


def test_what_its_user_has_stopped_since_is_stopped_again_and_what_a_restore_has_is_not(system: System) -> None:
    stopped, other = run(system, *ASKS), run(system, *ASKS)
    backup = Backup(system)
    system.stop(stopped)
    system.machine.try_stop(other, 1, restoring.LOST)

    backup.put_back()
    assert sorted(put_right(system)) == ["continued", "stopped"]

    assert (system.status(stopped), system.status(other)) == ("stopped", "running")
    assert generation(system, other) == 2
    system.check()


def test_what_began_since_or_was_never_started_is_left(system: System) -> None:
    began, never = run(system, *ASKS), run(system, *ASKS)
    at = system.world.now + timedelta(minutes=1)
    system.machines.flights[began].started = at.timestamp()
    del system.machines.flights[never]
    stored = Backup(system)._items

    assert put_right(system, at) == ["left", "left"]
    assert Backup(system)._items == stored
    # One that began right before is not.
    system.machines.flights[began].started = (at - timedelta(seconds=1)).timestamp()
    assert sorted(put_right(system, at)) == ["continued", "left"]


def test_a_dry_run_says_the_same_and_changes_nothing(system: System) -> None:
    stopped, _ = run(system, *ASKS), run(system, *ASKS)
    backup = Backup(system)
    system.stop(stopped)
    backup.put_back()
    stored, flights = Backup(system)._items, json.dumps(system.machines.flights, default=vars)

    said = put_right(system, is_dry=True)

    assert Backup(system)._items == stored
    assert json.dumps(system.machines.flights, default=vars) == flights
    assert said == put_right(system)


def test_what_the_table_knows_nothing_of_is_stopped_in_step_functions(system: System) -> None:
    backup = Backup(system)
    lost, begun_since = run(system, *ASKS), run(system, *ASKS)
    backup.put_back()
    known = run(system, *ASKS)
    at = system.world.now
    system.machines.flights[begun_since].started = at.timestamp()

    assert list(restoring.stop_strays(system.stack, at, is_dry=True)) == [lost]
    assert system.machines.flights[lost].status == "RUNNING"
    assert list(restoring.stop_strays(system.stack, at)) == [lost]

    status = {name: flight.status for name, flight in system.machines.flights.items()}
    assert status == {lost: "ABORTED", begun_since: "RUNNING", known: "RUNNING"}
    assert system.machines.flights[lost].cause == restoring.LOST
    assert list(restoring.stop_strays(system.stack, at)) == []


@pytest.mark.parametrize("taken", [None, 0, 5])
def test_slots_that_a_recovery_has_torn_are_counted_anew(system: System, taken: int | None) -> None:
    run(system, *ASKS)
    change = "REMOVE slots_taken" if taken is None else "SET slots_taken = :taken"
    values = {} if taken is None else {"ExpressionAttributeValues": {":taken": {"N": str(taken)}}}
    pk, sk = workspaces.key(system.workspace.id)
    client: Any = system.table._client
    client.update_item(TableName="table", Key={"pk": {"S": pk}, "sk": {"S": sk}}, UpdateExpression=change, **values)

    now = system.world.now
    [(audit, is_wrong)] = restoring.count_slots(system.stack, now, is_dry=True)
    assert (audit.slots_taken, is_wrong) == (taken or 0, True)
    [(audit, is_wrong)] = restoring.count_slots(system.stack, now)
    assert (audit.slots_taken, audit.running, audit.differences, is_wrong) == (1, 1, (), True)
    [(audit, is_wrong)] = restoring.count_slots(system.stack, now)
    assert not is_wrong
    system.check()


@pytest.mark.parametrize("seen", [(5, 9), (1, 8)], ids=["slots", "balance"])
def test_slots_are_not_counted_over_what_has_changed_meanwhile(system: System, seen: tuple[int, int]) -> None:
    run(system, *ASKS)

    with pytest.raises(ConditionNotMet):
        system.table.commit(workspaces.set_slots(system.workspace.id, *seen, 7))

    assert workspaces.read(system.table, system.workspace.id).running == 1


def test_slots_that_were_lost_meanwhile_are_not_those_that_were_seen(system: System) -> None:
    run(system, *ASKS)
    system.table.commit(Write.update(workspaces.key(system.workspace.id), "REMOVE slots_taken"))

    with pytest.raises(ConditionNotMet):
        system.table.commit(workspaces.set_slots(system.workspace.id, 1, 9, 7))


def test_slots_that_are_right_are_not_written(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    run(system, *ASKS)
    monkeypatch.setattr(system.table, "commit", lambda *_: pytest.fail("it was written"))

    [(audit, is_wrong)] = restoring.count_slots(system.stack, system.world.now)

    assert (audit.slots_taken, is_wrong) == (1, False)


def test_what_step_functions_has_forgotten_meanwhile_is_no_stray(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = Backup(system)
    run(system, *ASKS)
    backup.put_back()
    monkeypatch.setattr(system.machine, "look", lambda *_: None)

    assert list(restoring.stop_strays(system.stack, system.world.now)) == []


def test_what_others_run_in_step_functions_is_not_unknown_to_us(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or has been gone since it was listed: nobody says any more whose it is."""
    monkeypatch.setattr(system.machine, "workspace_of", lambda *_: None)

    assert not audits.is_unknown(system.stack, "a" * 24, 1)


def test_what_ends_or_is_admitted_meanwhile_is_none_of_its_business(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = run(system, *ASKS)
    meanwhile(system, monkeypatch, lambda: system.stop(asking))
    assert put_right(system) == ["moved on"]
    assert (system.status(asking), generation(system, asking)) == ("stopped", 1)

    moving = run(system, *ASKS)
    meanwhile(system, monkeypatch, lambda: lose(system, moving))
    assert put_right(system) == ["moved on"]
    assert generation(system, moving) == 2
    system.stop(moving)

    at = workspaces.key(system.workspace.id)
    system.table.update(at, "SET slots_taken = :taken", {":taken": 3})
    meanwhile(system, monkeypatch, lambda: run(system, *ASKS))
    [(audit, is_wrong)] = restoring.count_slots(system.stack, system.world.now)
    assert (audit.slots_taken, is_wrong) == (3, False)
    assert workspaces.read(system.table, system.workspace.id).running == 4


def test_what_has_ended_is_not_looked_at_whatever_the_index_shows(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = run(system, sleep(60))
    system.drive()
    lags = [executions.key(system.workspace.id, ended)]
    monkeypatch.setattr(system.table, "list_due", lambda *_: iter(lags))

    assert put_right(system) == []
