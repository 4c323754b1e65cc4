"""Every end of an execution and every review is told, in order, whatever breaks between the commit and the bus."""

from collections import Counter
from itertools import count, groupby
from typing import Any

import pytest

from domain.aws.stream import change_of
from domain.entities import events
from domain.refusals import Unavailable
from handlers.worker import Worker
from tests.faults.test_crash_points import ANY_CALL, OPERATIONS, attempt, finish
from tests.support.programs import call, do, let, literal
from tests.support.streams import Outside, Stream
from tests.support.system import Fresh, System
from tests.support.truth import events_of
from tests.support.wire import Died, Fault

MAKE_EVENTS = [name for name in OPERATIONS if name not in {"grant", "run", "run with a key"}]


def check(system: System, outside: Outside) -> None:
    """Each event was told at least once, those of an execution in order, and the same each time."""
    details = outside.details
    assert {
        (one["data"]["execution_id"], one["type"], one["data"].get("review_id", "")) for one in details
    } == events_of(system.table, system.stored())
    by_id: dict[str, Any] = {}
    for one in details:
        assert by_id.setdefault(one["id"], one) == one
    by_execution = sorted(by_id.values(), key=lambda one: one["data"]["execution_id"])
    for execution_id, its in groupby(by_execution, key=lambda one: one["data"]["execution_id"]):
        first_told = list(its)
        assert [one["sequence"] for one in first_told] == list(range(1, len(first_told) + 1))
        assert [one["id"] for one in first_told] == [f"{execution_id}-{one['sequence']}" for one in first_told]
        assert [one["type"] for one in first_told if one["type"].startswith("execution.")] == [
            one["type"] for one in first_told[-1:] if one["type"].startswith("execution.")
        ]


@pytest.mark.parametrize("name", MAKE_EVENTS)
def test_whatever_call_of_an_operation_breaks_its_events_are_told(
    fresh: Fresh, figures: Counter[str], name: str
) -> None:
    operation = OPERATIONS[name]
    for number in count(1):
        for fault in ANY_CALL:
            system, outside = fresh(), Outside()
            stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
            prepared = operation.prepare(system)
            attempt(system, operation, prepared, {number: fault})
            stream.deliver(worker)
            finish(system)
            system.reconcile_later()
            finish(system)
            stream.deliver(worker)
            check(system, outside)
            figures["crash points before an event"] += 1
        system = fresh()
        prepared = operation.prepare(system)
        system.wire.clear()
        operation.act(system, prepared)
        if number >= len(system.wire.calls):
            break


def busy(system: System) -> None:
    """Executions that end in each way, with reviews that a person decides and that their time decides."""
    limited = literal({"timeoutSeconds": 60, "defaultDecision": "rejected"})
    ask = (do(call("human.create", literal("Go?"))), do(call("human.wait")))
    asks_in_time = do(call("human.create", literal("Go?"), literal(None), literal(None), limited))
    system.run(system.workflow(*ask, *ask))
    system.run(system.workflow(asks_in_time, do(call("human.wait"))))
    system.run(system.workflow(do(call("human.create", literal("Seen?")))))
    system.run(system.workflow(do(call("http.request", literal("GET"), literal("https://fail/")))))
    stopped = system.run(system.workflow(let("x", literal(1)), *ask)).body["execution_id"]
    system.drive()
    for review in system.reviews():
        if review["times_out_at"] is None and review["execution_id"] != stopped and review["status"] == "pending":
            system.decide(review["review_id"])
    system.drive()
    for review in system.reviews():
        if review["execution_id"] != stopped and review["status"] == "pending" and review["times_out_at"] is None:
            system.decide(review["review_id"])
    system.drive()
    system.stop(stopped)
    system.pass_time(minutes=2)
    system.reconcile()
    system.drive()


def test_all_that_happens_is_told_once_when_nothing_breaks(fresh: Fresh) -> None:
    system, outside = fresh(), Outside()
    stream = Stream()
    busy(system)
    stream.deliver(Worker(outside.stack(system.stack), system.world.clock))

    check(system, outside)
    details = outside.details
    assert len({one["id"] for one in details}) == len(details)
    assert Counter(one["type"] for one in details) == {
        "execution.succeeded": 3,
        "execution.failed": 1,
        "execution.stopped": 1,
        "review.asked": 5,
        "review.decided": 3,
    }
    assert {one["data"]["by_default"] for one in details if one["type"] == "review.decided"} == {True, False}
    assert all("decision" not in one["data"] for one in details if one["type"] == "review.asked")


def test_wherever_the_publisher_dies_everything_is_told_in_order(fresh: Fresh, figures: Counter[str]) -> None:
    for is_applied in (False, True):
        for dies_at in count(1):
            system, outside = fresh(), Outside()
            stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
            busy(system)
            outside.dies_at, outside.is_applied = dies_at, is_applied
            try:
                stream.deliver(worker)
            except Died:
                stream.deliver(worker)
                figures["crash points of the publisher"] += 1
                check(system, outside)
            else:
                break


@pytest.mark.parametrize("fault", [Fault.NEVER_ARRIVES, Fault.DIES_BEFORE, Fault.ANSWERED_LATE])
def test_a_review_that_cannot_be_read_now_is_told_when_its_batch_comes_again(fresh: Fresh, fault: Fault) -> None:
    system, outside = fresh(), Outside()
    stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
    busy(system)
    system.wire.clear()
    system.wire.faults = {1: fault}
    if fault is not Fault.ANSWERED_LATE:
        with pytest.raises((Died, Exception)):
            stream.deliver(worker)
    system.wire.clear()
    stream.deliver(worker)

    assert outside.letters == []
    check(system, outside)


def test_what_the_bus_refuses_comes_again_and_nothing_of_its_execution_overtakes_it(fresh: Fresh) -> None:
    system, outside = fresh(), Outside()
    stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
    busy(system)
    refused = iter([True])
    outside.refuses = lambda entry: entry["DetailType"] == "review.asked" and next(refused, False)
    with pytest.raises(Unavailable):
        stream.deliver(worker)
    stream.deliver(worker)

    check(system, outside)


def test_a_record_that_nobody_can_read_holds_up_no_other_and_is_kept(fresh: Fresh) -> None:
    system, outside = fresh(), Outside()
    stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
    busy(system)
    records = stream.batch()
    broken = {**records[0], "dynamodb": {**records[0]["dynamodb"], "NewImage": {"sk": {"S": "EXECUTION#"}}}}
    stream.batch = lambda: [broken, *records]  # type: ignore[method-assign]
    stream.deliver(worker)

    assert [letter["eventID"] for letter in outside.letters] == [broken["eventID"]]
    check(system, outside)


def test_the_function_is_invoked_for_what_makes_an_event_true_and_for_nothing_else(fresh: Fresh) -> None:
    system = fresh()
    stream = Stream()
    busy(system)
    batch = [record["eventID"] for record in stream.batch()]
    making = [one["eventID"] for one in stream.records if any(events.read_of(system.table, change_of(one)))]

    assert batch == making
    assert len(batch) < len(stream.records) / 4
