"""Slices: limits of an execution, stops in between, two workers with one execution, retries and reviews."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from domain.aws.keys import Page
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import Write
from domain.engine.checkpoints import Checkpoint, ExecutionEnded, SliceSuperseded
from domain.engine.journaled_calls import Diverged
from domain.engine.slices import SLICES, run_slice
from domain.entities import executions, ledger, steps, workspaces
from domain.entities.executions import End, Status
from domain.entities.journal import CallState, Entry
from domain.entities.steps import StepStatus
from domain.operations import outcomes
from domain.operations.reconciliation import Finding, reconcile
from domain.program import limits
from tests.support.conformance import START, World, run, slices_of, start
from tests.support.operations import stack_of, stop
from tests.support.programs import do, literal, post, program, sleep


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


def test_two_workers_with_one_execution_are_not_both_let_on(unreachable: Stack) -> None:
    ids = start(unreachable, program(sleep(60), do(post("https://a/1"))))
    world = World()
    assert run_slice(slices_of(unreachable, world), *ids).action == "wait"
    world.now = START + timedelta(seconds=61)
    stale = executions.read_progress(unreachable.table, *ids)

    assert run_slice(slices_of(unreachable, world), *ids).action == "done"

    with pytest.raises(ExecutionEnded):
        Checkpoint(unreachable.table, *stale).commit()
    assert len(world.attempts) == 1


@pytest.mark.parametrize("slices_before", [0, 1])
def test_a_worker_that_was_overtaken_commits_nothing_more(unreachable: Stack, slices_before: int) -> None:
    """The execution still runs; another slice of it has gone on since this worker read it."""
    ids = start(unreachable, program(sleep(60), sleep(60), sleep(60)))
    world = World()

    def slice_() -> None:
        assert run_slice(slices_of(unreachable, world), *ids).action == "wait"
        world.now += timedelta(seconds=61)

    for _ in range(slices_before):
        slice_()
    stale = executions.read_progress(unreachable.table, *ids)
    slice_()

    with pytest.raises(SliceSuperseded):
        Checkpoint(unreachable.table, *stale).commit()
    with pytest.raises(SliceSuperseded):
        Checkpoint(unreachable.table, *stale).commit_end(End(Status.SUCCESS, world.now))
    assert executions.read(unreachable.table, *ids).status is Status.RUNNING


def test_a_replay_that_calls_something_else_is_the_platforms_failure(unreachable: Stack) -> None:
    workspace_id, execution_id = start(unreachable, program(sleep(60), do(post("https://a/1"))))
    world = World()
    run_slice(slices_of(unreachable, world), workspace_id, execution_id)
    world.now = START + timedelta(seconds=61)
    journaled = Entry(1, "log.info", CallState.DONE, START)
    unreachable.table.commit(journaled.write(execution_id, 0))

    with pytest.raises(Diverged, match=r"call 1 of step 0 was log\.info and is now time\.sleep"):
        run_slice(slices_of(unreachable, world), workspace_id, execution_id)

    assert world.attempts == []
    assert executions.read(unreachable.table, workspace_id, execution_id).status is Status.RUNNING


def test_after_a_stop_no_effect_begins(unreachable: Stack) -> None:
    ids = start(unreachable, program(sleep(60), do(post("https://a/1"))))
    world = World()
    assert run_slice(slices_of(unreachable, world), *ids).action == "wait"

    stop(unreachable, START, *ids)
    world.now = START + timedelta(seconds=61)

    assert run_slice(slices_of(unreachable, world), *ids).action == "done"
    assert world.attempts == []
    execution = executions.read(unreachable.table, *ids)
    assert [step.status for step in steps.read_all(unreachable.table, execution)] == [StepStatus.STOPPED]


class StoppingTable(Table):
    """A table in which a stop comes right before a certain commit."""

    stop: Any = None

    def commit(self, *writes: Write) -> None:
        stop, self.stop = self.stop, None
        if stop:
            stop()
        super().commit(*writes)


def test_a_stop_between_the_read_and_the_effect_wins(dynamodb: Any, unreachable: Stack) -> None:
    table = StoppingTable(dynamodb, "table")
    stoppable = stack_of(table, unreachable.state_machine)
    ids = start(stoppable, program(do(post("https://a/1"))))
    table.stop = lambda: stop(unreachable, START, *ids)
    world = World()

    assert run_slice(slices_of(stoppable, world), *ids).action == "done"

    assert world.attempts == []
    assert executions.read(table, *ids).status == "stopped"


def test_an_execution_that_the_platform_broke_gets_its_credit_back_once(table: Table, unreachable: Stack) -> None:
    workspace_id, execution_id = start(unreachable, program())
    execution = executions.read(table, workspace_id, execution_id)

    assert outcomes.record_broken(table, START, execution)
    assert not outcomes.record_broken(table, START, execution)

    workspace = workspaces.read(table, workspace_id)
    assert (workspace.credits, workspace.running) == (1, frozenset())
    assert [entry.amount for entry in ledger.read_all(table, workspace_id)] == [1, 1]


@pytest.mark.parametrize("how", ["success", "failure", "stop", "platform"])
def test_what_has_ended_leaves_the_index_of_running_executions(unreachable: Stack, how: str) -> None:
    body = do(literal(1)) if how == "success" else do(post("https://fail/"))
    ids = start(unreachable, program(body))
    assert list(executions.list_open(unreachable.table, 0)) == [ids]

    match how:
        case "stop":
            stop(unreachable, START, *ids)
        case "platform":
            outcomes.record_broken(unreachable.table, START, executions.read(unreachable.table, *ids))
        case _:
            run_slice(slices_of(unreachable, World()), *ids)

    assert executions.read(unreachable.table, *ids).completed_at is not None
    assert list(executions.list_open(unreachable.table, 0)) == []


def test_reconciliation_starts_what_was_never_started(stack: Stack, unreachable: Stack) -> None:
    _, execution_id = start(unreachable, program())

    def reconciled(after: int) -> dict[Finding, int]:
        now = START + timedelta(seconds=after)
        return dict(reconcile(stack, lambda: now, lambda: True))

    assert reconciled(after=10) == {"starting": 1}
    assert reconciled(after=60) == {"started": 1}
    assert reconciled(after=60) == {"running": 1}
    assert stack.state_machine.describe(execution_id) == "running"


def test_what_was_not_started_for_a_day_is_not_started_any_more(stack: Stack, unreachable: Stack) -> None:
    """Step Functions forgets names; so late a start might be a second one."""
    early, late = start(unreachable, program()), start(unreachable, program())
    a_day = START + timedelta(days=1)

    assert dict(reconcile(stack, lambda: a_day - timedelta(seconds=1), lambda: True)) == {"started": 2}
    stack.table.commit(executions.end(*early, End(Status.STOPPED, a_day)))
    stopped = stack_of(stack.table, unreachable.state_machine)
    assert dict(reconcile(stopped, lambda: a_day, lambda: True)) == {"recorded": 1}

    assert executions.read(stack.table, *late).error == outcomes.PLATFORM_FAILED


def test_reconciliation_starts_nothing_that_has_ended_whatever_the_index_shows(
    dynamodb: Any, machine: StateMachine, unreachable: Stack
) -> None:
    class Lagging(Table):
        """A table whose index of open executions still shows what was there at first."""

        shown: ClassVar[dict[str, list[Any]]] = {}

        def query_index(self, index: str, attribute: str, value: str, page: Page) -> Iterator[Any]:
            if value not in self.shown:
                self.shown[value] = list(super().query_index(index, attribute, value, page))
            yield from self.shown[value]

    table = Lagging(dynamodb, "table")
    workspace_id, execution_id = start(unreachable, program())
    now = START + timedelta(seconds=60)
    assert list(executions.list_open(table, 0)) == [(workspace_id, execution_id)]
    table.commit(executions.end(workspace_id, execution_id, End(Status.STOPPED, now)))

    assert dict(reconcile(stack_of(table, machine), lambda: now, lambda: True)) == {}
    assert machine.describe(execution_id) == "never started"


def test_reconciliation_leaves_what_it_has_no_time_for_and_says_so(stack: Stack, unreachable: Stack) -> None:
    for _ in range(3):
        start(unreachable, program())
    now, times = START + timedelta(seconds=60), iter([True, False])

    assert dict(reconcile(stack, lambda: now, lambda: next(times))) == {"started": 1, "left": 1}


def test_reconciliation_passes_over_what_the_index_shows_and_is_not_there(stack: Stack, unreachable: Stack) -> None:
    """An index may show an item that is gone."""
    gone, there = start(unreachable, program()), start(unreachable, program())
    shown = [gone, there]
    stack.table._client.delete_item(
        TableName="table", Key={name: {"S": value} for name, value in executions.key(*gone)._asdict().items()}
    )

    class Lagging(Table):
        """A table whose index still shows the item."""

        def query_index(self, *_: Any) -> Iterator[Any]:
            for workspace_id, execution_id in shown:
                yield {"pk": executions.key(workspace_id, execution_id).pk, "id": execution_id}
            shown.clear()

    table = Lagging(stack.table._client, "table")
    now = START + timedelta(seconds=60)

    assert dict(reconcile(stack_of(table, stack.state_machine), lambda: now, lambda: True)) == {"started": 1}
