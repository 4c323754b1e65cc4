"""What no emulator does: conflicts, throttles, silence, late and doubled events; and what the client sees of each."""

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from domain.aws.state_machine import MachineStatus
from domain.aws.writes import Write
from domain.operations import outcomes
from domain.refusals import Unavailable
from handlers import run_steps
from tests.support.programs import call, do, let, literal, post, sleep
from tests.support.requests import Context
from tests.support.system import Fresh, System
from tests.support.wire import Answers, Died, Fault, cancelled

BUSY = {
    "error": "A request with this Idempotency-Key is currently being processed. Please retry later.",
}
CROWDED = {"error": "The workspace is very busy at the moment. Please retry later."}
AWAY = {
    "error": "The service is not available at the moment. Please retry later, with the same Idempotency-Key if any."
}


def forever(make: Callable[[], Answers]) -> Any:
    """As many of these answers as anybody asks for."""

    class Endless(list[Answers]):
        def __iter__(self) -> Any:
            return (make() for _ in itertools.count())

    return Endless()


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


@pytest.fixture
def workflow(system: System) -> str:
    workflow_id = system.workflow(sleep(60), do(post("https://a/1")))
    system.executions()
    system.wire.clear()
    return workflow_id


@pytest.mark.parametrize("times", [1, 3, 6])
@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_cancelled_commit_is_tried_again(system: System, workflow: str, reason: str, times: int) -> None:
    system.wire.answers["TransactWriteItems"] = [cancelled(4, at=1, reason=reason) for _ in range(times)]

    assert system.run(workflow, "key").status == 202

    assert system.wire.calls.count("TransactWriteItems") == times + 1
    system.drive()
    system.wire.clear()
    system.check_quiet()
    assert system.credits == 9


@pytest.mark.parametrize(("key", "status", "body"), [("key", 409, BUSY), (None, 503, CROWDED)])
def test_conflicts_without_end_are_neither_402_nor_429(
    system: System, workflow: str, key: str | None, status: int, body: Any
) -> None:
    system.wire.answers["TransactWriteItems"] = forever(lambda: cancelled(4, at=1, reason="TransactionConflict"))

    answer = system.run(workflow, key)

    assert (answer.status, answer.body) == (status, body)
    system.wire.clear()
    system.check_quiet()
    assert system.credits == 10
    assert system.run(workflow, key).status == 202


@pytest.mark.parametrize("at", ["TransactWriteItems", "UpdateItem"])
@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "TransactionConflictException",
        "TransactionInProgressException",
    ],
)
def test_a_call_that_is_turned_away_is_tried_again(system: System, workflow: str, at: str, code: str) -> None:
    """Four times: the client gives up after three."""
    system.wire.answers[at] = [Answers(400, code, times=4)]

    assert system.run(workflow).status == 202

    system.wire.clear()
    system.drive()
    system.check_quiet()
    assert system.credits == 9


def test_a_commit_that_is_still_in_progress_is_not_carried_out_again(system: System, workflow: str) -> None:
    system.wire.faults = {3: Fault.STILL_IN_PROGRESS}

    assert system.run(workflow).status == 202

    assert system.wire.calls[2:4] == ["TransactWriteItems", "TransactWriteItems"]
    system.wire.clear()
    system.drive()
    system.check_quiet()
    assert (len(system.executions()), system.credits) == (1, 9)


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("UpdateItem", 500, "InternalServerError"),
        ("BatchGetItem", 500, "InternalServerError"),
        ("BatchGetItem", 400, "ThrottlingException"),
        ("TransactWriteItems", 503, "ServiceUnavailable"),
    ],
)
def test_trouble_of_dynamodb_is_503_and_a_retry_does_it_once(
    system: System, workflow: str, at: str, status: int, code: str
) -> None:
    system.wire.answers[at] = [Answers(status, code)]
    if code == "ThrottlingException":
        system.wire.answers[at] = forever(lambda: Answers(400, code))

    answer = system.run(workflow, "key")

    assert (answer.status, answer.body) == (503, AWAY)
    system.wire.clear()
    assert system.run(workflow, "key").status == 202
    system.drive()
    system.check_quiet()
    assert system.credits == 9


@pytest.mark.parametrize("at", ["UpdateItem", "BatchGetItem", "TransactWriteItems"])
@pytest.mark.parametrize("fault", [Fault.NEVER_ARRIVES, Fault.NEVER_ANSWERED])
def test_silence_of_dynamodb_is_503_and_a_retry_does_it_once(
    system: System, workflow: str, at: str, fault: Fault
) -> None:
    system.run(workflow)
    number = system.wire.calls.index(at) + 1
    system.wire.clear()
    system.wire.faults = {number: fault}

    answer = system.run(workflow, "key")

    assert (answer.status, answer.body) == (503, AWAY)
    system.wire.clear()
    again = system.run(workflow, "key")
    assert again.status == 202
    assert again.replayed == (at == "TransactWriteItems" and fault is Fault.NEVER_ANSWERED)
    system.drive()
    system.check_quiet()
    assert system.credits == 8


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "StateMachineDeleting"])
def test_a_run_that_cannot_be_started_is_admitted_and_started_later(system: System, workflow: str, code: str) -> None:
    system.wire.answers["StartExecution"] = [Answers(400, code)]

    answer = system.run(workflow)

    assert answer.status == 202
    assert system.machines.flights == {}
    system.wire.clear()
    system.pass_time(seconds=59)
    assert system.reconcile() == {}
    system.pass_time(seconds=1)
    assert system.reconcile() == {"started": 1}
    system.drive()
    system.check_quiet()
    assert system.status(answer.body["execution_id"]) == "success"


def test_a_start_that_was_made_already_counts_as_made(system: System, workflow: str) -> None:
    system.wire.answers["StartExecution"] = [Answers(400, "ThrottlingException")]
    execution_id = system.run(workflow).body["execution_id"]
    system.pass_time(seconds=60)
    system.wire.clear()
    system.wire.answers["StartExecution"] = [Answers(400, "ExecutionAlreadyExists")]

    assert system.reconcile() == {"started": 1}
    system.machine.start(system.workspace.id, execution_id, 1)


def test_a_stop_that_overtakes_the_start_wins(system: System, workflow: str) -> None:
    system.wire.answers["StartExecution"] = [Answers(400, "ThrottlingException")]
    execution_id = system.run(workflow, "key").body["execution_id"]
    system.wire.clear()

    assert system.stop(execution_id).status == 200
    system.machine.start(system.workspace.id, execution_id, 1)
    system.drive()

    assert system.status(execution_id) == "stopped"
    assert system.machines.flights[execution_id].status == "SUCCEEDED"
    assert system.effects == []
    system.check_quiet()


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerError", "ExecutionDoesNotExist"])
def test_a_stop_that_step_functions_does_not_hear_still_stops(system: System, workflow: str, code: str) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.step(execution_id)
    system.wire.answers["StopExecution"] = [Answers(400, code)]

    assert system.stop(execution_id).status == 200
    system.wire.clear()
    system.drive()

    assert system.effects == []
    assert system.status(execution_id) == "stopped"
    system.check_quiet()


def test_a_repeated_stop_ends_what_the_first_did_not_live_to_end(system: System, workflow: str) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.wire.clear()
    system.wire.faults = {4: Fault.DIES_BEFORE}
    with pytest.raises(Died):
        system.stop(execution_id, "key")
    system.wire.clear()
    assert system.machine.describe(execution_id, 1) == "running"

    assert system.stop(execution_id, "key").replayed

    assert system.machine.describe(execution_id, 1) == "broken"
    system.check_quiet()


@pytest.mark.parametrize("order", ["once", "twice", "after reconciliation", "never"])
def test_a_status_event_may_come_late_twice_or_never(system: System, workflow: str, order: str) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.step(execution_id)
    system.machines.end(execution_id, "TIMED_OUT")

    if order in {"once", "twice"}:
        system.deliver()
    if order == "twice":
        system.deliver()
    if order in {"after reconciliation", "never"}:
        assert system.reconcile_later() == {"continued": 1}
    if order == "after reconciliation":
        system.deliver()

    assert list(system.machines.flights) == [execution_id, f"{execution_id}-2"]
    assert system.status(execution_id) == "running"
    system.drive()
    assert system.status(execution_id) == "success"
    assert system.credits == 9
    assert len(system.effects) == len(set(system.effects))
    system.check_quiet()


def test_an_event_starts_the_next_generation_that_was_recorded_and_not_started(system: System, workflow: str) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.step(execution_id)
    system.machines.end(execution_id, "TIMED_OUT")
    system.wire.answers["StartExecution"] = [Answers(400, "ThrottlingException")]
    with pytest.raises(Unavailable):
        system.deliver()
    assert list(system.machines.flights) == [execution_id]
    system.wire.clear()

    system.deliver()

    assert list(system.machines.flights) == [execution_id, f"{execution_id}-2"]


@pytest.mark.parametrize("way", ["events", "reconciliation"])
def test_an_execution_is_given_up_after_three_generations_that_came_no_further(system: System, way: str) -> None:
    execution_id = system.run(system.workflow(sleep(60), sleep(60), sleep(60))).body["execution_id"]
    system.step(execution_id)

    def lose() -> None:
        system.machines.end(system.latest(execution_id), "FAILED")
        if way == "events":
            system.deliver(len(system.machines.events) - 1)
        else:
            system.reconcile_later()

    lose()
    # The first had come further; the second comes further as well, and then three do not.
    system.step(execution_id)
    for generation in (3, 4, 5):
        lose()
        assert system.latest(execution_id) == f"{execution_id}-{generation}"
        assert system.status(execution_id) == "running"
    lose()

    assert system.status(execution_id) == "failed"
    assert system.get(execution_id).body["error"] == outcomes.PLATFORM_FAILED
    assert system.credits == 10
    system.check_quiet()


def test_a_slice_of_a_generation_that_was_lost_records_nothing_more(system: System) -> None:
    """Step Functions has given a worker up that is still at work, and the next generation has begun."""
    execution_id = system.run(system.workflow(do(post("https://a/1")), do(post("https://a/2")))).body["execution_id"]

    def request(context: Any, method: str, url: str, *more: Any) -> Any:
        if not system.machines.events:
            system.machines.end(execution_id, "TIMED_OUT")
            system.deliver()
        return system._request(context, method, url, *more)

    effects = {**system.slices.effects, "http.request": replace(system.slices.effects["http.request"], perform=request)}
    system.slices = replace(system.slices, effects=effects)
    system.drive()

    assert system.status(execution_id) == "success"
    assert Counter(system.effects) == {f"{execution_id}:0:1 attempt 1": 2, f"{execution_id}:1:1 attempt 1": 1}


def test_a_token_of_a_generation_that_was_lost_is_not_kept(system: System) -> None:
    execution_id = system.run(system.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait")))).body[
        "execution_id"
    ]
    system.step(execution_id)
    system.machines.end(execution_id, "FAILED")
    system.deliver()
    system.step(execution_id)
    late = {**system.machines.flights[execution_id].input, "task_token": "late"}
    run_steps.handler(late, Context(), system.slices)  # type: ignore[arg-type]

    system.decide(system.reviews()[0]["review_id"])
    system.drive()

    assert system.status(execution_id) == "success"
    system.check_quiet()


def test_a_generation_hands_over_before_its_history_is_full(system: System) -> None:
    system.slices = replace(system.slices, slices_of_generation=3)
    execution_id = system.run(system.workflow(*[sleep(60)] * 8)).body["execution_id"]

    system.drive()

    assert list(system.machines.flights) == [execution_id, *(f"{execution_id}-{number}" for number in (2, 3))]
    assert {flight.status for flight in system.machines.flights.values()} == {"SUCCEEDED"}
    assert system.status(execution_id) == "success"
    system.check_quiet()


@pytest.mark.parametrize("moment", ["before the stop", "before the handover"])
def test_a_stop_beside_a_handover_ends_whichever_generation_runs(
    system: System, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    system.slices = replace(system.slices, slices_of_generation=1)
    execution_id = system.run(system.workflow(sleep(60), sleep(60), do(post("https://a/1")))).body["execution_id"]
    system.step(execution_id)
    commit = system.table.commit

    def beside(*writes: Write) -> None:
        monkeypatch.setattr(system.table, "commit", commit)
        if moment == "before the stop":
            system.step(execution_id)
        else:
            assert system.stop(execution_id).status == 200
        commit(*writes)

    monkeypatch.setattr(system.table, "commit", beside)
    if moment == "before the stop":
        assert system.stop(execution_id).status == 200
    else:
        system.step(execution_id)

    assert system.status(execution_id) == "stopped"
    assert "RUNNING" not in {flight.status for flight in system.machines.flights.values()}
    system.drive()
    assert system.effects == []
    system.check_quiet()


def test_an_event_of_an_execution_that_was_stopped_or_ended_changes_nothing(system: System, workflow: str) -> None:
    stopped, ended = (system.run(workflow).body["execution_id"] for _ in range(2))
    system.step(stopped)
    system.stop(stopped)
    system.drive()
    system.machines.end(ended, "FAILED")

    # The aborted one is told of last, and the one that succeeded is said to have failed.
    for number in reversed(range(len(system.machines.events))):
        system.deliver(number)

    assert (system.status(stopped), system.status(ended)) == ("stopped", "success")
    assert system.credits == 8
    system.check_quiet()


def test_an_event_of_an_unknown_execution_changes_nothing(system: System, workflow: str) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.machines.end(execution_id, "FAILED")
    told = system.machines.events[0]["detail"]
    told["input"] = told["input"].replace(execution_id, "0" * 24)

    system.deliver()

    assert system.status(execution_id) == "running"


def test_a_worker_that_fails_for_good_gives_the_credit_back_once(system: System) -> None:
    execution_id = system.run(system.workflow(let("x", literal(1)))).body["execution_id"]
    system.wire.answers["BatchGetItem"] = [Answers(500, "InternalServerError")]

    for generation in range(3):
        system.drive()
        system.deliver(generation)
    system.wire.clear()
    for _ in range(2):
        system.deliver()
        system.reconcile_later()

    assert system.status(execution_id) == "failed"
    assert system.credits == 10
    system.check_quiet()


def test_one_execution_that_cannot_be_looked_at_does_not_hold_up_the_others(system: System, workflow: str) -> None:
    ids = [system.run(workflow).body["execution_id"] for _ in range(3)]
    for execution_id in ids:
        system.machines.end(execution_id, "TIMED_OUT")
    system.wire.answers["DescribeExecution"] = [Answers(400, "ThrottlingException", times=3)]

    assert system.reconcile_later() == {"unavailable": 1, "continued": 2}
    system.wire.clear()
    assert system.reconcile_later() == {"continued": 1, "running": 2}
    system.drive()
    system.check_quiet()


def overtaken(system: System, monkeypatch: pytest.MonkeyPatch, other: dict[str, int]) -> None:
    """Let another reconciliation find this, once the next one has been told what Step Functions knows."""
    describe = system.machine.describe

    def describe_slowly(asked: str, generation: int) -> MachineStatus:
        monkeypatch.setattr(system.machine, "describe", describe)
        seen = describe(asked, generation)
        assert system.reconcile() == other
        return seen

    monkeypatch.setattr(system.machine, "describe", describe_slowly)


def test_of_two_reconciliations_at_once_one_goes_on(
    system: System, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.machines.end(execution_id, "TIMED_OUT")
    overtaken(system, monkeypatch, {"continued": 1})

    assert system.reconcile_later() == {"moved on": 1}
    assert list(system.machines.flights) == [execution_id, f"{execution_id}-2"]
    system.drive()
    system.check_quiet()


def test_of_two_reconciliations_at_once_one_refunds(
    system: System, workflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    for _ in range(2):
        system.machines.end(system.latest(execution_id), "TIMED_OUT")
        system.reconcile_later()
    system.machines.end(system.latest(execution_id), "TIMED_OUT")
    overtaken(system, monkeypatch, {"recorded": 1})

    assert system.reconcile_later() == {"ended": 1}
    assert system.credits == 10
    system.check_quiet()


def test_an_effect_whose_journal_was_lost_is_repeated_under_its_own_key(system: System) -> None:
    execution_id = system.run(system.workflow(do(post("https://a/1")), do(post("https://a/2")))).body["execution_id"]
    system.wire.clear()
    system.step(execution_id)
    commits = [
        number for number, name in enumerate(system.wire.calls, 1) if name in {"UpdateItem", "TransactWriteItems"}
    ]

    for number, fault in itertools.product(commits, (Fault.DIES_BEFORE, Fault.DIES_AFTER)):
        again = system.run(system.workflow(do(post("https://a/1")), do(post("https://a/2")))).body["execution_id"]
        system.effects.clear()
        system.wire.clear()
        system.wire.faults = {number: fault}
        system.step(again)
        system.wire.clear()
        system.drive()
        assert set(system.effects) == {f"{again}:0:1 attempt 1", f"{again}:1:1 attempt 1"}
        assert len(system.effects) <= 3
        system.check()


def test_a_decision_whose_wake_up_was_lost_wakes_it_later(system: System) -> None:
    execution_id = system.run(system.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait")))).body[
        "execution_id"
    ]
    system.step(execution_id)
    system.wire.answers["SendTaskSuccess"] = [Answers(400, "ThrottlingException")]
    assert system.decide(system.reviews()[0]["review_id"]).status == 200
    system.wire.clear()
    system.drive()
    assert system.status(execution_id) == "running"

    system.pass_time(minutes=1)
    assert system.reconcile() == {"woken": 1}
    system.drive()

    assert system.status(execution_id) == "success"
    system.check_quiet()


def test_a_decision_that_comes_right_before_the_token_is_kept_wakes_the_execution(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who decides finds no token yet: whoever keeps it must look for decisions afterwards."""
    execution_id = system.run(system.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait")))).body[
        "execution_id"
    ]
    commit = system.table.commit

    def decide_before_the_token(*writes: Write) -> None:
        if writes[0].key.sk == "TASK":
            monkeypatch.undo()
            assert system.decide(system.reviews()[0]["review_id"]).status == 200
        commit(*writes)

    monkeypatch.setattr(system.table, "commit", decide_before_the_token)

    system.drive()

    assert system.status(execution_id) == "success"


def test_a_second_decision_is_refused_and_wakes_what_the_first_could_not(system: System) -> None:
    execution_id = system.run(system.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait")))).body[
        "execution_id"
    ]
    system.step(execution_id)
    review = system.reviews()[0]["review_id"]
    system.wire.answers["SendTaskSuccess"] = [Answers(400, "ThrottlingException")]
    assert system.decide(review).status == 200
    system.wire.clear()

    assert system.decide(review).status == 400

    system.drive()
    assert system.status(execution_id) == "success"


def test_a_late_event_of_an_execution_that_has_ended_starts_nothing(system: System, workflow: str) -> None:
    execution_id = system.run(workflow).body["execution_id"]
    system.machines.end(execution_id, "TIMED_OUT")
    system.deliver()
    system.stop(execution_id)
    system.wire.clear()

    system.deliver()

    assert "StartExecution" not in system.wire.calls
