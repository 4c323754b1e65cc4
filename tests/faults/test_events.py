"""Every end of an execution and every review is told, in order, whatever breaks between the commit and the bus."""

from collections import Counter
from itertools import count

import pytest

from domain.aws.stream import change_of
from domain.entities import events
from domain.refusals import Unavailable
from tests.support.programs import call, do, let, literal
from tests.support.streams import Told
from tests.support.system import Fresh, System
from tests.support.wire import Died, Fault


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
    system = fresh()
    told = Told(system)
    busy(system)
    told.deliver()

    told.check()
    details = told.outside.details
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
            system = fresh()
            told = Told(system)
            busy(system)
            told.outside.dies_at, told.outside.is_applied = dies_at, is_applied
            try:
                told.deliver()
            except Died:
                told.deliver()
                figures["crash points of the publisher"] += 1
                told.check()
            else:
                break


@pytest.mark.parametrize("fault", [Fault.NEVER_ARRIVES, Fault.DIES_BEFORE, Fault.ANSWERED_LATE])
def test_a_review_that_cannot_be_read_now_is_told_when_its_batch_comes_again(fresh: Fresh, fault: Fault) -> None:
    system = fresh()
    told = Told(system)
    busy(system)
    system.wire.clear()
    system.wire.faults = {1: fault}
    if fault is not Fault.ANSWERED_LATE:
        with pytest.raises((Died, Exception)):
            told.deliver()
    system.wire.clear()
    told.deliver()

    assert told.outside.letters == []
    told.check()


def test_what_the_bus_refuses_comes_again_and_nothing_of_its_execution_overtakes_it(fresh: Fresh) -> None:
    system = fresh()
    told = Told(system)
    busy(system)
    refused = iter([True])
    told.outside.refuses = lambda entry: entry["DetailType"] == "review.asked" and next(refused, False)
    with pytest.raises(Unavailable):
        told.deliver()
    told.deliver()

    told.check()


def test_a_record_that_nobody_can_read_holds_up_no_other_and_is_kept(fresh: Fresh) -> None:
    system = fresh()
    told = Told(system)
    busy(system)
    records = told.stream.batch()
    broken = {**records[0], "dynamodb": {**records[0]["dynamodb"], "NewImage": {"sk": {"S": "EXECUTION#"}}}}
    told.stream.batch = lambda: [broken, *records]  # type: ignore[method-assign]
    told.deliver()

    assert [letter["eventID"] for letter in told.outside.letters] == [broken["eventID"]]
    told.check()


def test_the_function_is_invoked_for_what_makes_an_event_true_and_for_nothing_else(fresh: Fresh) -> None:
    system = fresh()
    stream = Told(system).stream
    busy(system)
    batch = [record["eventID"] for record in stream.batch()]
    making = [one["eventID"] for one in stream.records if any(events.read_of(system.table, change_of(one)))]

    assert batch == making
    assert len(batch) < len(stream.records) / 4
