"""Every call of AWS that an operation makes, lost or applied with its answer lost: nothing is lost or doubled."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Any

import pytest

from tests.support.programs import call, do, let, literal, post, sleep
from tests.support.streams import Told
from tests.support.system import Answer, Fresh, System
from tests.support.wire import Died, Fault

ANY_CALL = [fault for fault in Fault if fault is not Fault.STILL_IN_PROGRESS]
"""What can happen to any call; only a transaction can be found in progress."""

REVIEWED = (do(call("human.create", literal("Go?"))), do(call("human.wait")))


@dataclass(frozen=True)
class Operation:
    """What comes before, what is done under faults, and how often it counts."""

    prepare: Callable[[System], Any]
    act: Callable[[System, Any], Any]
    executions: tuple[int, int] = (1, 1)
    """How many executions there are in the end: after another try, and after reconciliation alone, at most."""
    is_repeated: bool = True
    """Whether whoever asked may ask again and mean the same."""


def started(*body: Any) -> Callable[[System], Any]:
    def prepare(system: System) -> Any:
        return system.run(system.workflow(*body)).body["execution_id"]

    return prepare


def resumed(*body: Any) -> Callable[[System], Any]:
    """An execution that has waited once."""

    def prepare(system: System) -> Any:
        execution_id = started(*body)(system)
        system.step(execution_id)
        return execution_id

    return prepare


def asking(system: System) -> Any:
    execution_id = started(*REVIEWED)(system)
    system.step(execution_id)
    return system.reviews()[0]["review_id"]


def broken(system: System) -> Any:
    execution_id = resumed(sleep(60))(system)
    system.machines.end(execution_id, "TIMED_OUT")
    return execution_id


def never_started(system: System) -> Any:
    workflow_id = system.workflow(do(post("https://a/1")))
    system.wire.clear()
    # The key, its workspace, the count, that it is used, what is read, and then the commit.
    system.wire.faults = {6: Fault.DIES_AFTER}
    execution_id = None
    try:
        system.run(workflow_id)
    except Died:
        execution_id = "admitted"
    system.wire.clear()
    system.pass_time(seconds=60)
    return execution_id


def handing_over(system: System) -> Any:
    system.slices = replace(system.slices, slices_of_generation=1)
    return resumed(sleep(60), do(post("https://a/1")))(system)


def failed(system: System) -> Any:
    execution_id = started(let("x", literal(1)), do(post("https://fail/")))(system)
    system.drive()
    return execution_id


def rerun(system: System) -> Any:
    return system.rerun(failed(system)).body["execution_id"]


def step(system: System, execution_id: str) -> None:
    system.step(execution_id)


OPERATIONS = {
    "run": Operation(lambda s: s.workflow(let("x", literal(1))), lambda s, w: s.run(w), is_repeated=False),
    "run with a key": Operation(lambda s: s.workflow(let("x", literal(1))), lambda s, w: s.run(w, "key", {"a": 1})),
    "stop": Operation(resumed(sleep(60), do(post("https://a/1"))), lambda s, e: s.stop(e)),
    "stop with a key": Operation(resumed(sleep(60), do(post("https://a/1"))), lambda s, e: s.stop(e, "key")),
    "rerun with a key": Operation(failed, lambda s, e: s.rerun(e, "key"), executions=(2, 2)),
    "slice that takes over": Operation(rerun, step, executions=(2, 2)),
    "stop of many": Operation(resumed(sleep(60), do(post("https://a/1"))), lambda s, _: s.stop_many()),
    "slice of a pure program": Operation(started(let("x", literal(1)), do(call("list.length", literal([])))), step),
    "slice with effects": Operation(started(do(post("https://a/1")), do(post("https://a/2"))), step),
    "slice that falls asleep": Operation(started(let("x", literal(1)), sleep(60)), step),
    "slice after a sleep": Operation(resumed(sleep(60), do(post("https://a/1"))), step),
    "slice whose call is tried again": Operation(started(do(post("https://flaky/"))), step),
    "slice that fails": Operation(started(do(post("https://fail/"))), step),
    "slice that asks a person": Operation(started(*REVIEWED), step),
    "record_outcome": Operation(broken, lambda s, _: s.deliver()),
    "slice that hands over": Operation(handing_over, step),
    "reconcile what never started": Operation(never_started, lambda s, _: s.reconcile_later()),
    "reconcile what broke": Operation(broken, lambda s, _: s.reconcile_later()),
    "decide a review": Operation(asking, lambda s, r: s.decide(r)),
    "decide a review with a key": Operation(asking, lambda s, r: s.decide(r, "key")),
    "grant": Operation(lambda s: None, lambda s, _: s.grant(5), executions=(0, 0), is_repeated=False),
}


def attempt(system: System, operation: Operation, prepared: Any, faults: dict[int, Fault]) -> Any:
    """Try the operation under faults; the answer, `None` where none came."""
    system.wire.clear()
    system.wire.faults.update(faults)
    try:
        return operation.act(system, prepared)
    except (Died, Exception):  # noqa: BLE001
        system.crashes += 1
        return None
    finally:
        system.wire.clear()


def finish(system: System) -> None:
    """Let everything run to its end; whoever is asked says yes, and a worker that holds a sleep wakes."""
    system.drive()
    for review in system.reviews():
        if review["status"] == "pending":
            system.decide(review["review_id"])
    system.drive()


def ends(system: System, operation: Operation, answer: Any, *, asked_again: bool) -> None:
    system.check_quiet()
    runs = system.executions()
    expected, at_most = operation.executions
    assert len(runs) == expected if asked_again else len(runs) <= at_most
    if isinstance(answer, Answer) and answer.status == 202:
        assert answer.body["execution_id"] in {run["execution_id"] for run in runs}


@pytest.mark.parametrize("name", OPERATIONS)
def test_any_call_of_an_operation_may_break(fresh: Fresh, figures: Counter[str], name: str) -> None:
    operation = OPERATIONS[name]
    clean = fresh()
    prepared = operation.prepare(clean)
    clean.wire.clear()
    operation.act(clean, prepared)
    calls = list(clean.wire.calls)
    finish(clean)
    ends(clean, operation, None, asked_again=False)
    figures["operations"] += 1

    for number in range(1, len(calls) + 1):
        for fault in ANY_CALL:
            for asked_again in (True, False) if operation.is_repeated else (False,):
                system = fresh()
                told = Told(system)
                prepared = operation.prepare(system)
                answer = attempt(system, operation, prepared, {number: fault})
                system.check()
                told.deliver()
                if asked_again:
                    answer = attempt(system, operation, prepared, {}) or answer
                else:
                    finish(system)
                    system.reconcile_later()
                finish(system)
                ends(system, operation, answer, asked_again=asked_again)
                told.deliver()
                told.check()
                figures["crash points (call, fault, recovery)"] += 1


@pytest.mark.parametrize(
    "body", ['http.request("GET", "https://a/")\ny = 1 + [2]', 'http.request("GET", "https://fail/")']
)
def test_whatever_breaks_a_slice_that_fails_it_names_the_same_line(
    fresh: Fresh, figures: Counter[str], body: str
) -> None:
    def run(faults: dict[int, Fault]) -> tuple[System, str]:
        system = fresh()
        execution_id = system.run(system.python(body)).body["execution_id"]
        system.wire.clear()
        system.wire.faults.update(faults)
        try:
            system.step(execution_id)
        except (Died, Exception):  # noqa: BLE001
            system.crashes += 1
        return system, execution_id

    clean, execution_id = run({})
    told = clean.get(execution_id).body["error"]
    assert re.match(r"Step \d failed: line \d: ", told)
    for number in range(1, len(clean.wire.calls) + 1):
        for fault in ANY_CALL:
            system, execution_id = run({number: fault})
            system.wire.clear()
            finish(system)
            system.reconcile_later()
            finish(system)
            system.check_quiet()
            assert system.get(execution_id).body["error"] == told
            figures["crash points of a failure"] += 1


@pytest.mark.parametrize("name", ["run with a key", "stop with a key"])
def test_any_call_of_a_second_try_may_break_as_well(fresh: Fresh, figures: Counter[str], name: str) -> None:
    operation = OPERATIONS[name]
    for faults in product((Fault.DIES_BEFORE, Fault.DIES_AFTER), repeat=2):
        for first in count(1):
            if not _break_second_tries(fresh, figures, operation, first, faults):
                break


def _break_second_tries(
    fresh: Fresh, figures: Counter[str], operation: Operation, first: int, faults: tuple[Fault, ...]
) -> bool:
    """Break the first try at a call, and the second at each of its own; answers whether there was such a call."""
    for second in count(1):
        system = fresh()
        prepared = operation.prepare(system)
        if attempt(system, operation, prepared, {first: faults[0]}) is not None:
            return False
        is_broken = attempt(system, operation, prepared, {second: faults[1]}) is None
        system.check()
        answer = attempt(system, operation, prepared, {})
        assert answer.status in {200, 202}
        finish(system)
        ends(system, operation, answer, asked_again=True)
        figures["pairs of crash points"] += 1
        if not is_broken:
            return True
    raise AssertionError
