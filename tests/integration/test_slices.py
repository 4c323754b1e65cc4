"""Slices: limits of an execution, stops in between, two workers with one execution, retries and reviews."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from domain import executions, keys, outcomes, reconciliation, stopping, workspaces
from domain.executions import Status, StepStatus
from domain.journal import CallState, Entry
from domain.journaled_calls import Diverged
from domain.program import limits
from domain.records import ExecutionEnded, Record, SliceSuperseded
from domain.slices import SLICES, run_slice
from domain.state_machine import Flight, StateMachine
from domain.table import Page, Table
from domain.writes import Write
from tests.integration.conformance import START, World, run, start, workshop
from tests.programs import do, literal, post, sleep


def program(*body: Any) -> Any:
    return {"kind": "Program", "body": list(body)}


def test_one_wait_too_many_is_refused_by_the_limits_name(
    dynamodb: Any, unreachable_machine: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WAITS", 15)
    forever = {"kind": "WhileStmt", "cond": literal(value=True), "body": sleep(1)}

    ran = run(dynamodb, unreachable_machine, {"program": program(forever)})

    assert ran.execution.error == "Step 0 failed: body[0].body.expr: the execution reached its limit of 15 waits"
    assert ran.slices == 16


def test_no_execution_outlives_the_history_of_its_state_machine() -> None:
    # Step Functions ends one of its own after 25,000 events. A slice makes seven (state entered, task scheduled,
    # started, succeeded, exited; choice entered, exited), a wait two.
    assert 7 * SLICES + 2 * limits.WAITS < 25_000


def test_two_workers_with_one_execution_are_not_both_let_on(table: Table, unreachable_machine: StateMachine) -> None:
    ids = start(table, unreachable_machine, program(sleep(60), do(post("https://a/1"))), None)
    world = World()
    assert run_slice(workshop(table, world), *ids).action == "wait"
    world.now = START + timedelta(seconds=61)
    stale = executions.read(table, *ids)

    assert run_slice(workshop(table, world), *ids).action == "done"

    with pytest.raises(ExecutionEnded):
        Record(table, stale).commit()
    assert len(world.attempts) == 1


@pytest.mark.parametrize("slices_before", [0, 1])
def test_a_worker_that_was_overtaken_commits_nothing_more(
    table: Table, unreachable_machine: StateMachine, slices_before: int
) -> None:
    """The execution still runs; another slice of it has gone on since this worker read it."""
    ids = start(table, unreachable_machine, program(sleep(60), sleep(60), sleep(60)), None)
    world = World()

    def slice_() -> None:
        assert run_slice(workshop(table, world), *ids).action == "wait"
        world.now += timedelta(seconds=61)

    for _ in range(slices_before):
        slice_()
    stale = executions.read(table, *ids)
    slice_()

    with pytest.raises(SliceSuperseded):
        Record(table, stale).commit()
    with pytest.raises(SliceSuperseded):
        Record(table, stale).commit_end(Status.SUCCESS, world.now, None)
    assert executions.read(table, *ids).status is Status.RUNNING


def test_a_replay_that_calls_something_else_is_the_platforms_failure(
    table: Table, unreachable_machine: StateMachine
) -> None:
    workspace_id, execution_id = start(table, unreachable_machine, program(sleep(60), do(post("https://a/1"))), None)
    world = World()
    run_slice(workshop(table, world), workspace_id, execution_id)
    world.now = START + timedelta(seconds=61)
    journaled = Entry(1, "log.info", CallState.DONE, START)
    table.commit(journaled.write(execution_id, 0))

    with pytest.raises(Diverged, match=r"call 1 of step 0 was log\.info and is now time\.sleep"):
        run_slice(workshop(table, world), workspace_id, execution_id)

    assert world.attempts == []
    assert executions.read(table, workspace_id, execution_id).status is Status.RUNNING


def test_after_a_stop_no_effect_begins(table: Table, unreachable_machine: StateMachine) -> None:
    ids = start(table, unreachable_machine, program(sleep(60), do(post("https://a/1"))), None)
    world = World()
    assert run_slice(workshop(table, world), *ids).action == "wait"

    stopping.stop(table, unreachable_machine, START, *ids, None)
    world.now = START + timedelta(seconds=61)

    assert run_slice(workshop(table, world), *ids).action == "done"
    assert world.attempts == []
    execution = executions.read(table, *ids)
    assert [step.status for step in executions.read_steps(table, execution)] == [StepStatus.STOPPED]


class StoppingTable(Table):
    """A table in which a stop comes right before a certain commit."""

    stop: Any = None

    def commit(self, *writes: Write) -> None:
        stop, self.stop = self.stop, None
        if stop:
            stop()
        super().commit(*writes)


def test_a_stop_between_the_read_and_the_effect_wins(dynamodb: Any, unreachable_machine: StateMachine) -> None:
    table = StoppingTable(dynamodb, "table")
    ids = start(table, unreachable_machine, program(do(post("https://a/1"))), None)
    table.stop = lambda: stopping.stop(Table(dynamodb, "table"), unreachable_machine, START, *ids, None)
    world = World()

    assert run_slice(workshop(table, world), *ids).action == "done"

    assert world.attempts == []
    assert executions.read(table, *ids).status == "stopped"


def test_an_execution_that_the_platform_broke_gets_its_credit_back_once(
    table: Table, unreachable_machine: StateMachine
) -> None:
    workspace_id, execution_id = start(table, unreachable_machine, program(), None)
    execution = executions.read(table, workspace_id, execution_id)

    assert outcomes.record_broken(table, START, execution)
    assert not outcomes.record_broken(table, START, execution)

    workspace = workspaces.read(table, workspace_id)
    assert (workspace.credits, workspace.running) == (1, frozenset())
    assert [entry["amount"] for entry in workspaces.ledger(table, workspace_id)] == [1, 1]


def test_reconciliation_starts_what_was_never_started(
    table: Table, machine: StateMachine, unreachable_machine: StateMachine
) -> None:
    _, execution_id = start(table, unreachable_machine, program(), None)

    def look(after: int) -> dict[str, int]:
        now = START + timedelta(seconds=after)
        return dict(reconciliation.reconcile(table, machine, lambda: now, lambda: True))

    assert look(after=10) == {"starting": 1}
    assert look(after=60) == {"started": 1}
    assert look(after=60) == {"running": 1}
    assert machine.look(execution_id).value == "running"


def test_reconciliation_starts_nothing_that_has_ended_whatever_the_index_shows(
    dynamodb: Any, machine: StateMachine, unreachable_machine: StateMachine
) -> None:
    class Lagging(Table):
        """A table whose index still shows what was there at first."""

        rows: list[Any] | None = None

        def query_index(self, *which: Any) -> Iterator[Any]:
            if which[2] == keys.open_shard(execution_id):
                self.rows = self.rows or list(super().query_index(*which))
                yield from self.rows

    table = Lagging(dynamodb, "table")
    workspace_id, execution_id = start(table, unreachable_machine, program(), None)
    now = START + timedelta(seconds=60)
    assert len(list(table.query_index("open", "open_shard", keys.open_shard(execution_id), Page("0", "~")))) == 1
    table.commit(outcomes.end_running(workspace_id, execution_id, Status.STOPPED, now, None))

    assert dict(reconciliation.reconcile(table, machine, lambda: now, lambda: True)) == {}
    assert machine.look(execution_id) is Flight.NEVER_STARTED
