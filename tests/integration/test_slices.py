"""Slices: limits of an execution, stops in between, two workers with one execution, retries and reviews."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from domain.aws import keys
from domain.aws.keys import Index, Key, Page
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import ConditionNotMet, Write
from domain.engine.checkpoints import Checkpoint, ExecutionEnded, SliceSuperseded
from domain.engine.journaled_calls import Diverged
from domain.engine.slices import SLICES, WORTH_A_WRITE, run_slice
from domain.entities import executions, journal, ledger, resume_points, steps, workspaces
from domain.entities.executions import End, Status
from domain.entities.journal import CallState, Entry
from domain.entities.steps import StepStatus
from domain.moments import to_precise_text, to_text
from domain.operations import outcomes
from domain.operations.reconciliation import Finding, reconcile
from domain.refusals import ExecutionAlreadyTerminal, Unavailable
from tests.support.conformance import START, World, slices_of, start
from tests.support.given import AtCommit
from tests.support.operations import end, stack_of, stop
from tests.support.programs import block, call, do, for_each, literal, post, program, sleep, var

TIMES_OUT = {"timeoutSeconds": 7200, "defaultDecision": "rejected"}
LATER = START + timedelta(days=90)


def test_a_generation_hands_over_long_before_the_history_of_its_state_machine_is_full() -> None:
    # Seven events of a task that works at once, two of a wait; a task that is tried again takes more.
    assert (7 + 2) * SLICES < 25_000 / 4


def test_two_workers_with_one_execution_are_not_both_let_on(unreachable: Stack) -> None:
    ids = start(unreachable, program(sleep(60), do(post("https://a/1"))))
    world = World()
    assert run_slice(slices_of(unreachable, world), *ids).action == "wait"
    world.now = START + timedelta(seconds=61)
    stale = executions.read_state(unreachable.table, *ids)

    assert run_slice(slices_of(unreachable, world), *ids).action == "done"

    with pytest.raises(ExecutionEnded):
        Checkpoint(unreachable.table, stale, world.now).commit()
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
    stale = executions.read_state(unreachable.table, *ids)
    slice_()

    with pytest.raises(SliceSuperseded):
        Checkpoint(unreachable.table, stale, world.now).commit()
    with pytest.raises(SliceSuperseded):
        Checkpoint(unreachable.table, stale, world.now).commit_end(End(Status.SUCCESS, world.now))
    assert executions.read(unreachable.table, *ids).status is Status.RUNNING


def test_a_replay_that_calls_something_else_is_the_platforms_failure(unreachable: Stack) -> None:
    workspace_id, execution_id = start(unreachable, program(sleep(60), do(post("https://a/1"))))
    world = World()
    run_slice(slices_of(unreachable, world), workspace_id, execution_id)
    world.now = START + timedelta(seconds=61)
    journaled = Entry(1, "log.info", CallState.DONE, START)
    unreachable.table.commit(*journal.writes(execution_id, 0, [(journaled, journaled.row())]))

    with pytest.raises(Diverged, match=r"call 1 of step 0 was log\.info and is now time\.sleep"):
        run_slice(slices_of(unreachable, world), workspace_id, execution_id)

    assert world.attempts == []
    assert executions.read(unreachable.table, workspace_id, execution_id).status is Status.RUNNING


def test_a_step_began_when_its_first_slice_began_it(unreachable: Stack) -> None:
    ids, world = start(unreachable, program(block(sleep(60), sleep(60)))), World()
    for _ in range(3):
        world.now += timedelta(seconds=61)
        run_slice(slices_of(unreachable, world), *ids)
        [step] = steps.read_all(unreachable.table, executions.read_state(unreachable.table, *ids))
        assert step.started_at == to_precise_text(START + timedelta(seconds=61))
    assert step.status is StepStatus.COMPLETED


def test_a_slice_ends_where_its_execution_is_gone(dynamodb: Any, unreachable: Stack, at_commit: AtCommit) -> None:
    ids = start(unreachable, program(do(post("https://a/1"))))
    at = executions.key(*ids)
    gone = {name: {"S": value} for name, value in at._asdict().items()}
    world = World()
    at_commit(lambda: dynamodb.delete_item(TableName="table", Key=gone))

    assert run_slice(slices_of(unreachable, world), *ids).action == "done"
    assert world.attempts == []
    assert unreachable.table.get(at) is None


def test_a_wait_for_no_time_takes_none(unreachable: Stack) -> None:
    past = do(call("time.sleep_until", literal("2026-01-01")))
    ids = start(unreachable, program(sleep(0), past, do(literal(1))))

    assert run_slice(slices_of(unreachable, World()), *ids).action == "done"


def test_who_waits_for_people_has_that_in_its_journal(unreachable: Stack) -> None:
    ids = start(unreachable, program(do(call("human.create", literal("Go?"))), do(call("human.wait"))))

    assert run_slice(slices_of(unreachable, World()), *ids).action == "await"

    [entry] = journal.read_step(unreachable.table, ids[1], 1, 0)
    assert entry.state is CallState.AWAITING


def test_an_execution_that_there_is_not_is_done(unreachable: Stack) -> None:
    assert run_slice(slices_of(unreachable, World()), "0" * 24, "1" * 24).action == "done"


def test_a_generation_that_was_followed_starts_its_successor_and_does_nothing_else(
    stack: Stack, unreachable: Stack
) -> None:
    ids, world = start(unreachable, program(do(post("https://a/1")))), World()
    with pytest.raises(Unavailable):
        outcomes.hand_over(unreachable, START, executions.read_state(stack.table, *ids))
    assert stack.state_machine.describe(ids[1], 2) == "never started"

    assert run_slice(slices_of(stack, world), *ids, generation=1).action == "done"

    assert stack.state_machine.describe(ids[1], 2) == "running"
    assert world.attempts == []


@pytest.mark.parametrize("meanwhile", ["stopped", "handed over"])
def test_a_handover_that_comes_too_late_changes_nothing(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    ids, world = start(stack, program(sleep(60), sleep(60))), World()
    run_slice(slices_of(stack, world), *ids)
    commit = stack.table.commit

    def beside(*writes: Any) -> None:
        monkeypatch.setattr(stack.table, "commit", commit)
        if meanwhile == "stopped":
            stop(stack, START, *ids)
        else:
            outcomes.hand_over(stack, START, executions.read_state(stack.table, *ids))
        commit(*writes)

    monkeypatch.setattr(stack.table, "commit", beside)
    full = replace(slices_of(stack, world), slices_of_generation=1)

    if meanwhile == "stopped":
        assert run_slice(full, *ids).action == "done"
    else:
        with pytest.raises(SliceSuperseded):
            run_slice(full, *ids)

    assert executions.read_state(stack.table, *ids).generation.number == (1 if meanwhile == "stopped" else 2)


def test_a_resume_point_is_stored_once_it_is_worth_it(dynamodb: Any, unreachable: Stack) -> None:
    waits = 4 * WORTH_A_WRITE
    ids, world = start(unreachable, program(for_each("n", literal(list(range(waits))), sleep(1)))), World()
    waited, stored = 0, list[int]()

    def note(params: Any, **_: Any) -> None:
        written = [write["Put"]["Item"]["sk"]["S"] for write in params["TransactItems"] if "Put" in write]
        stored.extend(waited for key in written if key == "RESUME_POINT")

    dynamodb.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", note)
    while (following := run_slice(slices_of(unreachable, world), *ids)).until is not None:
        world.now, waited = following.until, waited + 1

    assert stored == [WORTH_A_WRITE, 2 * WORTH_A_WRITE, 3 * WORTH_A_WRITE]


def test_what_a_bookmark_of_another_step_counts_does_not_count(unreachable: Stack) -> None:
    loops = [for_each("n", literal(list(range(count))), sleep(1)) for count in (WORTH_A_WRITE + 1, WORTH_A_WRITE + 2)]
    ids, world = start(unreachable, program(*loops)), World()
    stands: list[int] = []
    while (following := run_slice(slices_of(unreachable, world), *ids)).until is not None:
        world.now = following.until
        item = unreachable.table.get(resume_points.key(ids[1]))
        stands.append(-1 if item is None else resume_points.from_item(item).next_step)

    # One point for each loop, after as many rounds; finished steps count as well.
    assert stands == [-1] * WORTH_A_WRITE + [0] * WORTH_A_WRITE + [1] * 3


def test_a_resume_point_is_worth_its_write_by_what_its_own_step_has_called(unreachable: Stack) -> None:
    """In the slice that ends one loop, the next makes many calls before it waits."""
    waits = for_each("n", literal(list(range(WORTH_A_WRITE + 1))), sleep(1))
    at_last = {"kind": "BinaryExpr", "op": "==", "left": var("n"), "right": literal(WORTH_A_WRITE + 3)}
    rounds = literal(list(range(WORTH_A_WRITE + 4)))
    calls = for_each("n", rounds, do(call("time.now")), {"kind": "IfStmt", "cond": at_last, "thenBranch": sleep(1)})
    ids, world = start(unreachable, program(waits, calls)), World()
    for _ in range(WORTH_A_WRITE + 2):
        world.now = run_slice(slices_of(unreachable, world), *ids).until or world.now

    item = unreachable.table.get(resume_points.key(ids[1]))
    assert item is not None
    point = resume_points.from_item(item)
    assert (point.next_step, point.bookmark and point.bookmark.calls) == (1, WORTH_A_WRITE + 3)


def test_a_call_that_failed_is_not_made_again_by_a_replay(unreachable: Stack) -> None:
    tries = {"kind": "TryStmt", "body": do(post("https://fail/")), "name": "e", "handler": do(literal(1))}
    ids, world = start(unreachable, program(block(tries, sleep(1), sleep(1)))), World()

    while (following := run_slice(slices_of(unreachable, world), *ids)).until is not None:
        world.now = following.until

    assert executions.read(unreachable.table, *ids).status is Status.SUCCESS
    assert len(world.attempts) == 1


@pytest.mark.parametrize("action", ["continue", "wait", "await"])
def test_an_execution_is_due_a_minute_after_it_should_be_heard_of(unreachable: Stack, action: str) -> None:
    body = {
        "continue": program(do(post("https://a/1")), do(post("https://a/2"))),
        "wait": program(sleep(7200), do(post("https://a/2"))),
        "await": program(
            do(call("human.create", literal("?"), literal(None), literal(None), literal(TIMES_OUT))),
            do(call("human.wait")),
        ),
    }[action]
    ids, world = start(unreachable, body), World(START + timedelta(minutes=10))
    context = slices_of(unreachable, world, slice_seconds=0)
    while (following := run_slice(context, *ids)).action != action:
        assert following.action == "continue"

    expected = world.now if action == "continue" else world.now + timedelta(hours=2)
    assert executions.read_state(unreachable.table, *ids).due_at == to_text(expected + timedelta(minutes=1))


def test_short_waits_leave_an_execution_where_it_stands_in_its_index(unreachable: Stack) -> None:
    ids, world = start(unreachable, program(*[sleep(5)] * 9)), World()
    seen: list[str] = []
    while (following := run_slice(slices_of(unreachable, world), *ids)).until is not None:
        world.now = following.until
        seen.append(executions.read_state(unreachable.table, *ids).due_at)

    # Written at the start, and again when less than half a minute was left to it.
    first, second = to_text(START + timedelta(seconds=60)), to_text(START + timedelta(seconds=35 + 60))
    assert seen == [first] * 6 + [second] * 3


@pytest.mark.parametrize(("written", "kept"), [(29, False), (30, True), (60, True), (300, True), (301, False)])
def test_a_moment_that_lies_near_enough_is_kept(written: int, kept: bool) -> None:
    stands = to_text(START + timedelta(seconds=written))

    assert executions.due_at(START, stands) == (stands if kept else to_text(START + timedelta(seconds=60)))


def test_reconciliation_leaves_alone_what_was_heard_of_since_the_index_showed_it(dynamodb: Any, stack: Stack) -> None:
    ids = start(stack, program(sleep(60)))
    later = START + timedelta(minutes=2)

    class Lagging(Table):
        """A table whose index shows the execution as due."""

        def query_index(self, *_: Any) -> Iterator[Any]:
            yield {**executions.key(*ids)._asdict(), "due_at": ""}

    table = Lagging(dynamodb, "table")
    table.commit(executions.postpone(executions.read_state(table, *ids), to_text(later + timedelta(seconds=1))))

    assert dict(reconcile(stack_of(table, stack.state_machine), lambda: later, lambda: True).found) == {}


def test_a_slice_that_comes_too_early_waits_on(unreachable: Stack) -> None:
    """A call that waits for another attempt is not made before its time."""
    ids, world = start(unreachable, program(do(post("https://down/")))), World()
    first = run_slice(slices_of(unreachable, world), *ids)
    assert first.until is not None

    world.now = first.until - timedelta(seconds=1)
    again = run_slice(slices_of(unreachable, world), *ids)

    assert again == first
    assert len(world.attempts) == 1


def test_a_bookmark_is_of_its_own_step_alone(unreachable: Stack) -> None:
    loop = for_each("n", literal(list(range(WORTH_A_WRITE + 2))), sleep(1))
    behind = block(do(post("https://a/1")), sleep(1), do(post("https://a/2")))
    ids, world = start(unreachable, program(loop, behind, sleep(1), do(post("https://a/3")))), World()

    while (following := run_slice(slices_of(unreachable, world), *ids)).until is not None:
        world.now = following.until

    assert [url for _, url in world.attempts] == ["https://a/1", "https://a/2", "https://a/3"]
    assert executions.read(unreachable.table, *ids).status is Status.SUCCESS


def test_a_slice_between_two_steps_reads_no_journal(dynamodb: Any, unreachable: Stack) -> None:
    ids = start(unreachable, program(*[do(literal(n)) for n in range(3)]))
    context = slices_of(unreachable, World(), slice_seconds=0)
    run_slice(context, *ids)
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    run_slice(context, *ids)

    assert calls == ["BatchGetItem", "Query", "TransactWriteItems"]


def test_an_execution_that_was_heard_of_is_not_put_off(unreachable: Stack) -> None:
    ids = start(unreachable, program(sleep(60)))
    stale = executions.read_state(unreachable.table, *ids)
    unreachable.table.commit(executions.postpone(stale, to_text(LATER)))

    with pytest.raises(ConditionNotMet):
        unreachable.table.commit(executions.postpone(stale, to_text(START)))

    assert executions.read_state(unreachable.table, *ids).due_at == to_text(LATER)


def test_an_execution_is_ended_in_the_generation_that_was_read(stack: Stack) -> None:
    ids = start(stack, program(sleep(60)))
    for _ in range(2):
        read = executions.read_state(stack.table, *ids)
        outcomes.hand_over(stack, START, read)
        with pytest.raises(ConditionNotMet):
            stack.table.commit(executions.end(read, End(Status.STOPPED, START)))
    stack.table.commit(executions.end(executions.read_state(stack.table, *ids), End(Status.STOPPED, START)))


def test_after_a_stop_no_effect_begins(unreachable: Stack) -> None:
    ids = start(unreachable, program(sleep(60), do(post("https://a/1"))))
    world = World()
    assert run_slice(slices_of(unreachable, world), *ids).action == "wait"

    stop(unreachable, START, *ids)
    world.now = START + timedelta(seconds=61)

    assert run_slice(slices_of(unreachable, world), *ids).action == "done"
    assert world.attempts == []
    state = executions.read_state(unreachable.table, *ids)
    assert [step.status for step in steps.read_all(unreachable.table, state)] == [StepStatus.STOPPED]


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
    state = executions.read_state(table, workspace_id, execution_id)

    outcomes.record_broken(table, START, state)
    with pytest.raises(ExecutionAlreadyTerminal):
        outcomes.record_broken(table, START, state)

    workspace = workspaces.read(table, workspace_id)
    assert (workspace.credits, workspace.running) == (1, 0)
    assert [entry.amount for entry in ledger.read_all(table, workspace_id)] == [1, 1]


@pytest.mark.parametrize("how", ["success", "failure", "stop", "platform"])
def test_what_has_ended_leaves_the_index_of_running_executions(unreachable: Stack, how: str) -> None:
    body = do(literal(1)) if how == "success" else do(post("https://fail/"))
    ids = start(unreachable, program(body))
    assert list(executions.list_due(unreachable.table, LATER)) == [executions.key(*ids)]

    match how:
        case "stop":
            stop(unreachable, START, *ids)
        case "platform":
            outcomes.record_broken(unreachable.table, START, executions.read_state(unreachable.table, *ids))
        case _:
            run_slice(slices_of(unreachable, World()), *ids)

    assert executions.read(unreachable.table, *ids).completed_at is not None
    assert list(executions.list_due(unreachable.table, LATER)) == []


def test_reconciliation_starts_what_was_never_started(stack: Stack, unreachable: Stack) -> None:
    _, execution_id = start(unreachable, program())

    def reconciled(after: int) -> dict[Finding, int]:
        now = START + timedelta(seconds=after)
        return dict(reconcile(stack, lambda: now, lambda: True).found)

    assert reconciled(after=59) == {}
    assert reconciled(after=60) == {"started": 1}
    assert stack.state_machine.describe(execution_id, 1) == "running"
    assert reconciled(after=359) == {}
    assert reconciled(after=360) == {"running": 1}


def test_reconciliation_starts_nothing_that_has_ended_whatever_the_index_shows(
    dynamodb: Any, machine: StateMachine, unreachable: Stack
) -> None:
    class Lagging(Table):
        """A table whose index of open executions still shows what was there at first."""

        shown: ClassVar[dict[str, list[Any]]] = {}

        def query_index(self, index: Index, partition: str, page: Page) -> Iterator[Any]:
            if partition not in self.shown:
                self.shown[partition] = list(super().query_index(index, partition, page))
            yield from self.shown[partition]

    table = Lagging(dynamodb, "table")
    workspace_id, execution_id = start(unreachable, program())
    now = START + timedelta(seconds=60)
    assert list(executions.list_due(table, now)) == [executions.key(workspace_id, execution_id)]
    end(table, workspace_id, execution_id, End(Status.STOPPED, now))

    assert dict(reconcile(stack_of(table, machine), lambda: now, lambda: True).found) == {}
    assert machine.describe(execution_id, 1) == "never started"


def test_reconciliation_leaves_what_it_has_no_time_for_and_says_so(stack: Stack, unreachable: Stack) -> None:
    for _ in range(3):
        start(unreachable, program())
    now, times = START + timedelta(seconds=60), iter([True, False])

    assert dict(reconcile(stack, lambda: now, lambda: next(times)).found) == {"started": 1, "left": 2}


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
            for ids in shown:
                yield {**executions.key(*ids)._asdict(), "due_at": ""}

    table = Lagging(stack.table._client, "table")
    now = START + timedelta(seconds=60)

    done = reconcile(stack_of(table, stack.state_machine), lambda: now, lambda: True)
    # Each of the four parts of the index shows both.
    assert dict(done.found) == {"started": 1, "running": 3}


def test_finished_steps_are_read_from_one_on_and_before_another_whatever_stands_with_them(unreachable: Stack) -> None:
    """What an earlier release has stored of a step is beside them, and its mark of the one under way."""
    numbers = (do(call("list.length", literal(["x"] * number))) for number in range(3))
    world = World()
    workspace_id, execution_id = start(unreachable, program(*numbers))
    run_slice(slices_of(unreachable, world), workspace_id, execution_id)
    at, ended = keys.execution_partition(execution_id), to_text(START)
    earlier = {"status": StepStatus.COMPLETED.value, "started_at": ended, "completed_at": ended, "result": "42"}
    unreachable.table.commit(Write.put(Key(at, "STEP#00003"), earlier))
    unreachable.table.commit(Write.put(Key(at, "STEP#00004"), {"status": "running", "started_at": ended}))

    def read(first: int, end: int) -> list[tuple[int, Any]]:
        return [(step.index, step.result) for step in steps.read_finished(unreachable.table, execution_id, first, end)]

    assert read(0, 9) == [(0, 0), (1, 1), (2, 2), (3, 42)]
    assert read(1, 3) == [(1, 1), (2, 2)]
    assert [steps.find_item(unreachable.table, execution_id, index) is not None for index in range(6)] == [True] * 4 + [
        False
    ] * 2
