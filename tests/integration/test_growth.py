"""What must not grow: with the waits of an execution, with those that sleep, with those that run."""

import os
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.aws.writes import Item, Write
from domain.engine import slices
from domain.engine.slices import run_slice
from domain.entities import executions, workspaces
from domain.entities.executions import Status
from domain.entities.workspaces import Plan
from domain.moments import to_text
from domain.operations import accounts, deciding, reconciliation
from domain.refusals import ConcurrencyLimitReached, Contention, Unavailable
from tests.support.conformance import START, World, slices_of, start
from tests.support.given import PROGRAM
from tests.support.machines import Flight
from tests.support.operations import publish, run
from tests.support.programs import call, do, for_each, literal, program, sleep
from tests.support.system import Fresh, System

WAITS = int(os.environ.get("LODOL_WAITS", "240"))
SLICES = min(slices.SLICES, WAITS // 4)
"""Of a generation: as many as there are, or few enough for several."""

SLEEPING = int(os.environ.get("LODOL_SLEEPING", "2000"))


def test_thousands_of_waits_cost_the_same_each_and_no_history_is_filled(dynamodb: Any, stack: Stack) -> None:
    units: list[int] = []

    def count(parsed: Any, **_: Any) -> None:
        found = parsed.get("Items") or [item for items in parsed.get("Responses", {}).values() for item in items]
        units.append(sum(1 + len(str(item)) // 4096 for item in found))

    ids, world = start(stack, program(for_each("n", literal(list(range(WAITS))), sleep(1)))), World()
    dynamodb.meta.events.register("after-call.dynamodb.*", count)
    by_slice: list[int] = []

    while (state := executions.read_state(stack.table, *ids)).execution.status is Status.RUNNING:
        units.clear()
        context = replace(slices_of(stack, world), slices_of_generation=SLICES)
        following = run_slice(context, *ids, state.generation.number)
        world.now = following.until or world.now
        by_slice.append(sum(units))

    assert state.execution.status is Status.SUCCESS
    assert state.generation.number == 1 + WAITS // SLICES
    assert state.progress.slices == WAITS + 1
    third = len(by_slice) // 3
    assert sum(by_slice[-third:]) <= 1.1 * sum(by_slice[third : 2 * third])


def _clone(table: Table, item: Item, number: int, due_at: str) -> str:
    """Store one more execution like another, due at a moment."""
    execution_id = f"{item['id'][:16]}{number:08x}"
    key = executions.key(item["pk"].removeprefix("WS#"), execution_id)
    shard = f"OPEN#{number % 4}"
    table.commit(Write.put(key, {**item, "id": execution_id, "due_at": due_at, "open_shard": shard}))
    return execution_id


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


def _population(system: System, sleeping: int, due: int, broken: int) -> list[str]:
    """Executions that sleep, that are due, and the last of those lost; answers with the ids of these."""
    execution_id = system.run(system.workflow(sleep(2_000_000))).body["execution_id"]
    item = system.table.get(executions.key(system.workspace.id, execution_id))
    assert item is not None
    now, later = system.world.now, to_text(system.world.now + timedelta(days=20))
    for number in range(sleeping):
        _clone(system.table, item, number, later)
    ids = [_clone(system.table, item, sleeping + number, to_text(now)) for number in range(due + broken)]
    for number, name in enumerate(ids):
        given = {**system.machines.flights[execution_id].input, "execution_id": name}
        system.machines.flights[name] = Flight(given, "RUNNING" if number < due else "FAILED")
    return ids[due:]


def test_a_pass_says_how_long_what_it_looks_at_first_has_been_due(system: System) -> None:
    """What has ended, or was heard of since, is not overdue, though an index that lags still shows it."""
    _, second = _population(system, 1, 0, 2)
    system.pass_time(seconds=100)
    read = executions.read_state(system.table, system.workspace.id, second)
    system.table.commit(executions.postpone(read, to_text(system.world.now - timedelta(seconds=30))))

    def overdue() -> float:
        return reconciliation.reconcile(system.stack, system.world.clock, lambda: True).overdue_seconds

    assert overdue() == 100
    assert overdue() == 0
    system.pass_time(hours=1)
    for stored in system.stored():
        system.stop(stored.id)
    assert overdue() == 0


@pytest.mark.parametrize("sleeping", [0, SLEEPING])
def test_a_pass_looks_only_at_what_is_due(system: System, sleeping: int) -> None:
    due, broken = max(150, sleeping // 100), 10
    lost = _population(system, sleeping, due, broken)
    system.wire.clear()

    found = system.reconcile()

    assert found == {"running": due, "continued": broken}
    calls = Counter(system.wire.calls)
    # Of one that runs: whether it waits for people, and when to look again.
    assert calls == {
        "Query": 4 + due,
        "BatchGetItem": -(-(due + broken) // 100),
        "DescribeExecution": due + broken,
        "UpdateItem": due + broken,
        "StartExecution": broken,
    }
    assert {system.latest(name) for name in lost} == {f"{name}-2" for name in lost}
    assert system.reconcile() == {}


def test_a_pass_without_time_goes_on_with_those_due_longest(system: System) -> None:
    _population(system, 0, 12, 0)
    turns = iter([True] * 5 + [False])
    first = reconciliation.reconcile(system.stack, system.world.clock, lambda: next(turns))
    assert first.found == {"running": 5, "left": 7}
    system.pass_time(minutes=1)

    assert system.reconcile() == {"running": 7 + 1}


def test_what_cannot_be_looked_at_does_not_come_first_again(system: System) -> None:
    _population(system, 0, 3, 0)
    describe = system.machine.describe

    def throttled(*_: Any) -> Any:
        raise Unavailable

    system.machine.describe = throttled  # type: ignore[method-assign,assignment]
    assert system.reconcile() == {"unavailable": 3}
    system.machine.describe = describe  # type: ignore[method-assign]

    assert system.reconcile() == {}
    system.pass_time(minutes=5)
    assert system.reconcile() == {"running": 3 + 1}


def test_an_admission_writes_as_much_with_ten_thousand_running_as_with_one(stack: Stack) -> None:
    table = stack.table
    workspace = accounts.create_workspace(
        table, START, name="Big", plan=Plan.ENTERPRISE, credits=9, concurrent_executions=10_000
    )
    workflow = publish(table, START, workspace.id, name="A", description="", program=PROGRAM)

    def admit() -> int:
        run(stack, START, workspace, workflow.id)
        return len(str(table.get(workspaces.key(workspace.id))))

    few = admit()
    at = workspaces.key(workspace.id)
    table.commit(Write.update(at, "SET slots_taken = :many", values={":many": 9_999}))
    assert admit() <= few + 4
    with pytest.raises(ConcurrencyLimitReached):
        run(stack, START, workspace, workflow.id)


@pytest.mark.parametrize(
    ("time_outs", "after"),
    [
        ((), timedelta(minutes=5)),
        ((None,), timedelta(days=1)),
        ((7200,), timedelta(hours=2)),
        ((None, 7200, 3600), timedelta(hours=1)),
    ],
)
def test_what_waits_for_people_is_looked_at_again_when_their_time_is_over(
    stack: Stack, time_outs: tuple[int | None, ...], after: timedelta
) -> None:
    asks = [
        do(
            call("human.create", literal("?"))
            if seconds is None
            else call(
                "human.create",
                literal("?"),
                literal(None),
                literal(None),
                literal({"timeoutSeconds": seconds, "defaultDecision": "rejected"}),
            )
        )
        for seconds in time_outs
    ]
    ids, world = start(stack, program(*asks, sleep(2_000_000))), World()
    run_slice(slices_of(stack, world), *ids)
    stack.table.commit(executions.postpone(executions.read_state(stack.table, *ids), to_text(START)))

    assert reconciliation.reconcile(stack, world.clock, lambda: True).found == {"running": 1}

    assert executions.read_state(stack.table, *ids).due_at == to_text(START + after)


def test_a_pass_survives_what_ends_or_is_contended_while_it_looks(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [system.run(system.workflow(sleep(60))).body["execution_id"] for _ in range(3)]
    system.pass_time(minutes=2)
    wake = deciding.wake_if_due

    def beside(stack: Stack, now: Any, execution_id: str) -> Any:
        if execution_id == ids[0]:
            raise Contention
        if execution_id == ids[1]:
            system.stop(execution_id)
        return wake(stack, now, execution_id)

    monkeypatch.setattr(deciding, "wake_if_due", beside)

    assert system.reconcile() == {"unavailable": 1, "running": 2}
