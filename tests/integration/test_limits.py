"""The limits of an execution: each is reached exactly, and told by its name."""

from datetime import timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.writes import TRANSACTION_WRITES
from domain.engine import slices
from domain.engine.slices import run_slice
from domain.entities import executions, steps
from domain.program import limits
from tests.support.conformance import START, World, run, slices_of, start
from tests.support.programs import call, do, for_each, let, literal, sleep


def program(*body: Any) -> Any:
    return {"kind": "Program", "body": list(body)}


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


def test_an_execution_fails_at_its_limit_of_slices_and_not_before(
    dynamodb: Any, unreachable_machine: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICES", 5)

    enough = run(dynamodb, unreachable_machine, {"program": program(*[sleep(1)] * 4)})
    too_many = run(dynamodb, unreachable_machine, {"program": program(*[sleep(1)] * 5)})

    assert (enough.slices, enough.execution.status) == (5, "success")
    assert too_many.execution.error == "The execution reached its limit of 5 time slices."


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
        [let(f"x{number}", literal(number)) for number in range(350)],
        [for_each("x", literal(list(range(350))), do(call("time.now")))],
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
    assert len(steps.read_all(stack.table, executions.read(stack.table, *ids))) == len(body)
    assert len(sizes) == 4
    assert max(sizes) <= TRANSACTION_WRITES


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.999])
def test_a_wait_is_never_shorter_than_asked_for(stack: Stack, fraction: float) -> None:
    """Step Functions waits until whole seconds."""
    now = START + timedelta(seconds=fraction)
    ids = start(stack, program(sleep(1.5)))

    following = run_slice(slices_of(stack, World(now)), *ids)

    assert following.until is not None
    assert following.until.microsecond == 0
    assert timedelta(seconds=1.5) <= following.until - now < timedelta(seconds=2.5)
