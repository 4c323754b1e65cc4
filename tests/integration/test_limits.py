"""The limits of an execution: each is reached exactly, and told by its name."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.writes import TRANSACTION_WRITES
from domain.engine import checkpoints
from domain.engine.slices import WORTH_A_WRITE, run_slice
from domain.entities import executions, resume_points, steps
from domain.program import limits
from tests.support.conformance import START, KillingTable, WorkerKilled, World, run, slices_of, start
from tests.support.operations import stack_of
from tests.support.programs import call, do, for_each, let, literal, plus, post, program, sleep, var

FOREVER = {"kind": "WhileStmt", "cond": literal(True), "body": sleep(1)}
NOTHING = program(let("x", literal(1)))
EXECUTION_SECONDS = 5_184_000


def test_an_execution_fails_at_its_time_limit_and_not_before(stack: Stack) -> None:
    early, late = start(stack, NOTHING), start(stack, NOTHING)
    deadline = START + timedelta(seconds=EXECUTION_SECONDS)

    run_slice(slices_of(stack, World(deadline - timedelta(seconds=1))), *early)
    run_slice(slices_of(stack, World(deadline)), *late)

    assert executions.read(stack.table, *early).status == "success"
    ended = executions.read(stack.table, *late)
    assert (ended.status, ended.error) == ("failed", "The execution reached its limit of 5184000 seconds.")


def test_a_wait_ends_at_the_time_limit_of_its_execution(stack: Stack) -> None:
    ids = start(stack, program(sleep(3600)))
    now = START + timedelta(seconds=EXECUTION_SECONDS - 60)

    following = run_slice(slices_of(stack, World(now)), *ids)

    assert following.output(now) == {"action": "wait", "until": "2026-03-16T10:30:00Z"}


def test_an_execution_fails_at_its_limit_of_calls_and_not_before(
    dynamodb: Any, unreachable_machine: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLS", 7)

    def calling(times: int) -> Any:
        return {"program": program(for_each("x", literal(list(range(times))), do(call("time.now"))))}

    assert run(dynamodb, unreachable_machine, calling(7)).execution.status == "success"
    error = run(dynamodb, unreachable_machine, calling(8)).execution.error
    assert error == "Step 0 failed: body[0].body.body[0].expr: the execution reached its limit of 7 calls"


def test_calls_of_earlier_slices_count_towards_the_limit(
    dynamodb: Any, unreachable_machine: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CALLS", 4)

    ran = run(dynamodb, unreachable_machine, {"program": program(FOREVER)})

    assert ran.execution.error == "Step 0 failed: body[0].body.expr: the execution reached its limit of 4 calls"
    assert ran.slices == 5


@pytest.mark.parametrize(
    "body",
    [
        # Of each two that follow each other one fits into an item: there are no more items for as many bytes.
        [let(f"x{number}", call("string.repeat", literal("x"), literal(2_000))) for number in range(250)],
        [for_each("x", literal(list(range(250))), do(call("log.info", literal("😀" * 500))))],
    ],
    ids=["steps", "calls"],
)
def test_no_commit_has_more_writes_than_a_transaction_takes(dynamodb: Any, stack: Stack, body: Any) -> None:
    sizes: list[int] = []
    dynamodb.meta.events.register(
        "before-parameter-build.dynamodb.TransactWriteItems",
        lambda params, **_: sizes.append(len(params["TransactItems"])),
    )
    ids = start(stack, program(*body))
    sizes.clear()

    # As long as it takes: on a busy machine more than a slice's usual seconds.
    assert run_slice(slices_of(stack, World(), slice_seconds=3600), *ids).action == "done"

    assert executions.read(stack.table, *ids).status == "success"
    assert len(steps.read_all(stack.table, executions.read_state(stack.table, *ids))) == len(body)
    assert len(sizes) == 4
    assert TRANSACTION_WRITES // 2 < max(sizes) <= TRANSACTION_WRITES


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.999])
def test_a_wait_is_never_shorter_than_asked_for(stack: Stack, fraction: float) -> None:
    """Step Functions waits until whole seconds."""
    now = START + timedelta(seconds=fraction)
    ids = start(stack, program(sleep(1.5)))

    following = run_slice(slices_of(stack, World(now)), *ids)

    assert following.until is not None
    assert following.until.microsecond == 0
    assert timedelta(seconds=1.5) <= following.until - now < timedelta(seconds=2.5)


def _repeated(text: str, times: int) -> Any:
    return call("string.repeat", literal(text), literal(times))


def test_a_step_stores_no_more_than_an_item_holds(dynamodb: Any, unreachable_machine: StateMachine) -> None:
    def storing(first: int, second: int) -> Any:
        both = [
            {"kind": "AssignStmt", "name": "a", "value": _repeated("a", first)},
            {"kind": "AssignStmt", "name": "b", "value": _repeated("b", second)},
        ]
        return {"program": program(let("a", literal(0)), let("b", literal(0)), {"kind": "BlockStmt", "body": both})}

    # Both names, both values with their quotes; the result is the value of b, which is stored there alone.
    most = 320 * 1024 - 6
    assert run(dynamodb, unreachable_machine, storing(150_000, most - 150_000)).execution.status == "success"
    error = run(dynamodb, unreachable_machine, storing(150_000, most - 149_999)).execution.error
    assert error == (
        "Step 2 failed: body[2]: its result and the variables it changed take 327681 bytes, "
        "over the limit of 327680 for one step"
    )


def test_an_execution_stores_no_more_than_a_function_can_answer(
    dynamodb: Any, unreachable_machine: StateMachine
) -> None:
    ran = run(dynamodb, unreachable_machine, {"program": program(*[do(_repeated("a", 250_000))] * 9)})

    assert ran.execution.error == (
        "Step 8 failed: body[8]: the steps of this execution store more than the limit of 2097152 bytes together"
    )
    assert [step.status for step in ran.steps] == ["completed"] * 8 + ["failed"]


def test_a_step_of_many_calls_leaves_a_slice_that_has_lasted_long_enough(stack: Stack) -> None:
    """At a call, and after at least one: what it has done is safe, and the next slice goes on behind it."""
    ids = start(stack, program(do({"kind": "ArrayExpr", "elements": [post(f"https://a/{n}") for n in range(3)]})))
    world, seconds = World(), iter(range(0, 10_000, 6))
    context = replace(slices_of(stack, world, slice_seconds=1), monotonic=lambda: float(next(seconds)))

    actions = []
    while (following := run_slice(context, *ids)).action != "done":
        actions.append(following.action)

    assert actions == ["continue"]
    assert [url for _, url in world.attempts] == ["https://a/0", "https://a/1", "https://a/2"]
    assert executions.read(stack.table, *ids).status == "success"


@pytest.mark.parametrize(("slice_seconds", "calls"), [(1, 2), (20, 4)])
def test_a_step_stays_for_ten_seconds_or_as_long_as_its_slice(stack: Stack, slice_seconds: float, calls: int) -> None:
    ids = start(stack, program(do({"kind": "ArrayExpr", "elements": [post(f"https://a/{n}") for n in range(6)]})))
    world = World()
    # Each call takes five seconds.
    monotonic = lambda: 5.0 * len(world.attempts)  # noqa: E731
    context = replace(slices_of(stack, world, slice_seconds=slice_seconds), monotonic=monotonic)

    assert run_slice(context, *ids).action == "continue"
    assert len(world.attempts) == calls


def test_steps_leave_a_slice_whose_time_is_over_and_the_last_one_ends_it(unreachable: Stack) -> None:
    """A resume point is stored on the way, as it is where steps wait."""
    count = WORTH_A_WRITE + 1
    ids = start(unreachable, program(*[let(f"x{number}", literal(number)) for number in range(count)]))
    context = replace(slices_of(unreachable, World(), slice_seconds=0), monotonic=lambda: 0.0)

    actions = [run_slice(context, *ids).action for _ in range(count)]

    assert actions == ["continue"] * (count - 1) + ["done"]
    item = unreachable.table.get(resume_points.key(ids[1]))
    assert item is not None
    assert resume_points.from_item(item).next_step == WORTH_A_WRITE
    assert len(steps.read_all(unreachable.table, executions.read_state(unreachable.table, *ids))) == count


def test_calls_that_are_committed_on_the_way_show_their_step_as_running(dynamodb: Any, unreachable: Stack) -> None:
    table = KillingTable(dynamodb, "table")
    stack = stack_of(table, unreachable.state_machine)
    ids = start(stack, program(for_each("x", literal(list(range(200))), do(call("log.info", literal("x" * 1_000))))))
    table.kill_after = table.commits + 1

    with pytest.raises(WorkerKilled):
        run_slice(slices_of(stack, World()), *ids)

    state = executions.read_state(table, *ids)
    assert state.progress.is_step_begun
    assert 100 <= state.progress.calls <= 140
    assert [step.status for step in steps.read_all(table, state)] == ["running"]


@pytest.mark.parametrize("spare", [0, -1])
def test_an_execution_may_store_as_much_as_its_limit(
    unreachable: Stack, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    body = program(do(literal("a" * 98)), do(literal("b" * 98)))
    monkeypatch.setattr(checkpoints, "RECORD_BYTES", 2 * 100 + spare)
    ids = start(unreachable, body)

    run_slice(slices_of(unreachable, World()), *ids)

    found = executions.read(unreachable.table, *ids)
    assert found.status == ("success" if spare == 0 else "failed")
    assert (found.error or "").endswith("store more than the limit of 199 bytes together" if spare else "")


@pytest.mark.parametrize(("size", "is_stored"), [(140_000, True), (160_000, False)])
def test_a_resume_point_that_would_be_too_large_is_not_stored_and_not_needed(
    unreachable: Stack, size: int, is_stored: bool
) -> None:
    steps_before = [let(f"x{number}", literal(number)) for number in range(20)]
    large = [let(name, call("string.repeat", literal(name), literal(size))) for name in ("a", "b")]
    ids, world = start(unreachable, program(*large, *steps_before, sleep(60), do(var("a")))), World()

    world.now = run_slice(slices_of(unreachable, world), *ids).until or world.now

    assert (unreachable.table.get(resume_points.key(ids[1])) is not None) is is_stored
    assert run_slice(slices_of(unreachable, world), *ids).action == "done"
    found = steps.read_all(unreachable.table, executions.read_state(unreachable.table, *ids))
    assert found[-1].result == "a" * size


def _spinning(rounds: int) -> Any:
    """A statement of some visits for each of its rounds."""
    return for_each("x", call("list.range", literal(0), literal(rounds)), let("y", plus(var("x"), literal(1))))


def test_an_execution_fails_at_its_limit_of_visits_and_not_before(
    unreachable: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = start(unreachable, program(_spinning(100), _spinning(100)))
    run_slice(slices_of(unreachable, World()), *ids)
    visits = executions.read_state(unreachable.table, *ids).progress.visits
    assert executions.read(unreachable.table, *ids).status == "success"

    for limit, status in ((visits // 2 + 1, "success"), (visits // 2, "failed")):
        monkeypatch.setattr(limits, "EXECUTION_VISITS", limit)
        again = start(unreachable, program(_spinning(100), _spinning(100)))
        run_slice(slices_of(unreachable, World()), *again)
        assert executions.read(unreachable.table, *again).status == status

    ended = executions.read_state(unreachable.table, *again)
    assert ended.execution.error == f"The execution reached its limit of {visits // 2} node visits."
    assert [step.status for step in steps.read_all(unreachable.table, ended)] == ["completed"]


def test_what_a_step_does_again_after_each_wait_counts_towards_the_limit(
    unreachable: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that, a step of a million visits and of twenty thousand waits would be done twenty thousand times."""
    monkeypatch.setattr(limits, "EXECUTION_VISITS", 5_000)
    step = {"kind": "BlockStmt", "body": [_spinning(200), *[sleep(60)] * 50]}
    ids, world = start(unreachable, program(step)), World()

    slices = 0
    while (following := run_slice(slices_of(unreachable, world), *ids)).action != "done":
        world.now, slices = following.until or world.now, slices + 1

    ended = executions.read_state(unreachable.table, *ids)
    assert ended.execution.error == "The execution reached its limit of 5000 node visits."
    assert 5_000 <= ended.progress.visits < 5_000 + 1_500
    assert slices < 8
