"""What an execution costs: by its history as much as what was counted, and told by item and by line."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lodol.cli import cost
from lodol.cli.main import main
from lodol.cost import estimate
from lodol.cost.usage import Usage, price_list
from lodol.models import History
from scripts.bench.machine import states_entered
from scripts.bench.parts import usage_of
from scripts.bench.product import Product, product
from scripts.bench.telling import Telling
from tests.support.api import Api
from tests.support.histories import call, history, log, retry, step, waiting
from tests.support.programs import call as calls
from tests.support.programs import do, for_each, let, literal, post, ret, sleep, var

PROGRAMS: dict[str, list[Any]] = {
    "pure steps": [let(f"x{number}", literal(number)) for number in range(10)],
    "an effect a step": [do(post(f"https://a/{number}")) for number in range(10)],
    "effects, log lines and a wait": [
        for_each("n", literal([1, 2, 3, 4]), do(post("https://a/")), do(calls("log.info", literal("x")))),
        sleep(5),
    ],
    "a call that is tried again": [do(post("https://flaky/"))],
    "a person": [do(calls("human.create", literal("?"))), do(calls("human.wait"))],
    "a loop of long waits": [for_each("n", literal(list(range(40))), sleep(600))],
    "a loop of short waits": [for_each("n", literal(list(range(40))), sleep(5))],
}


@pytest.fixture(scope="module")
def on() -> Iterator[Product]:
    with product() as found:
        yield found


def _history(on: Product, execution_id: str) -> History:
    with Api(on.system).client() as client:
        return client.history(execution_id)


def _amounts(history: History, *without: str) -> Usage:
    return sum((line.usage for line in estimate.lines_of(history) if line.part not in without), Usage())


@pytest.mark.parametrize("body", PROGRAMS.values(), ids=PROGRAMS)
def test_what_a_history_tells_is_what_was_counted(on: Product, body: list[Any]) -> None:
    workflow_id = on.system.workflow(*body)
    on.run(workflow_id)
    telling = Telling(on)
    request, slices, execution_id = on.run(workflow_id)
    counted = usage_of(request) + usage_of(slices) + usage_of(telling.publish())

    told = _amounts(_history(on, execution_id), "decision")

    assert told.transitions == counted.transitions
    assert told.lambda_requests == counted.lambda_requests
    assert told.custom_events == counted.custom_events > 0
    assert told.write_units == pytest.approx(counted.write_units, rel=0.06, abs=2)
    assert told.read_units == pytest.approx(counted.read_units, rel=0.06, abs=2)
    assert price_list().total(told) == pytest.approx(price_list().total(counted), rel=0.05)


@pytest.mark.parametrize("kilobytes", [1, 3, 20])
def test_an_input_costs_an_item_of_its_own_by_its_size(on: Product, kilobytes: int) -> None:
    given = {"text": "x" * (1024 * kilobytes)}
    workflow_id = on.system.workflow(let("x", literal(1)), ret(literal(None)))
    on.run(workflow_id)
    request, slices, execution_id = on.run(workflow_id, given)

    told = _amounts(_history(on, execution_id), "event")

    # Of the two steps the second takes a part of a kilobyte, on an average.
    assert told.write_units == pytest.approx(request.asked.write_units + slices.asked.write_units, abs=0.2)
    assert told.read_units == request.asked.read_units + slices.asked.read_units


def test_large_results_cost_a_unit_more_for_each_kilobyte_that_the_history_shows() -> None:
    small, large = (_amounts(history(step(0, "x", 0, 1, result="x" * size))) for size in (1024, 1500))

    assert large.write_units - small.write_units == 2


def test_a_result_that_a_call_and_its_step_have_is_stored_once() -> None:
    def units(of_call: str) -> float:
        both = step(0, "x", 0, 1, result="x" * 5000), call(0, 1, None, "http.request", 0, 1, result=of_call)
        return _amounts(history(*both)).write_units

    assert units("y" * 5000) - units("x" * 5000) == 2 * 4


def test_a_slow_call_is_billed_for_its_time_and_for_the_slices_that_it_takes() -> None:
    slow = history(step(0, "x", 0, 12), call(0, 1, None, "http.request", 0, 12))
    lines = {line.part: line for line in estimate.lines_of(slow)}

    assert lines["calls"].usage.gb_seconds == 12
    assert lines["slice"].times == 2
    assert not lines["slice"].is_counted
    assert lines["first_effect"].is_counted


def test_nothing_is_billed_for_the_time_between_attempts_and_for_waits() -> None:
    tried = call(0, 1, None, "http.request", 0, 62, attempt=2, retries=[retry(1, "503", 1, 61)])
    slept = call(0, 2, None, "time.sleep", 62, 3600, until="2026-01-15T11:30:00.000+00:00")
    asked = [call(0, 3, None, "human.create", 70, 0), call(0, 4, None, "human.wait", 70, 9000)]
    lines = {line.part: line for line in estimate.lines_of(history(step(0, "x", 0), tried, slept, *asked))}

    assert lines["calls"].usage.gb_seconds == pytest.approx(2)
    assert [lines[name].times for name in ("retry", "long_wait", "review", "await", "decision")] == [1] * 5


def test_a_review_that_nobody_has_decided_has_cost_no_decision() -> None:
    asked = [call(0, 1, None, "human.create", 0, 0), call(0, 2, None, "human.wait", 0, status="waiting")]
    lines = estimate.lines_of(history(step(0, "x", 0), *asked, waiting_for=waiting("decisions", None)))

    assert "decision" not in {line.part for line in lines}
    assert "await" in {line.part for line in lines}


def test_an_end_and_each_review_asked_and_decided_are_an_event_and_what_runs_has_told_of_no_end() -> None:
    asked = [call(0, 1, None, "human.create", 0, 0), call(0, 2, None, "human.wait", 0, 5)]
    ended, running = (
        estimate.lines_of(history(step(0, "x", 0), *asked, status=status)) for status in ("success", "running")
    )

    for lines, events in ((ended, {"event": 1, "review_event": 2}), (running, {"review_event": 2})):
        times = {line.part: line.times for line in lines}
        assert {name: times[name] for name in times if name.endswith("event")} == events
        assert sum(line.usage.custom_events for line in lines) == sum(events.values())


def test_a_callee_of_a_newer_release_counts_as_one_that_reaches_out_and_a_log_line_does_not() -> None:
    told = estimate.lines_of(history(step(0, "x", 0), call(0, 1, None, "new.thing", 0, 0), log(0, 2, None, "x", 1)))

    assert {line.part: line.times for line in told} == {"request": 1, "execution": 1, "first_effect": 1, "note": 1}


def test_thousands_of_waits_are_handed_over_every_five_hundred_slices() -> None:
    until = "2026-01-15T11:30:00.000+00:00"
    slept = [call(0, number, None, "time.sleep", 0, 1, until=until) for number in range(1, 1201)]
    lines = {line.part: line.times for line in estimate.lines_of(history(step(0, "x", 0), *slept))}

    assert lines["generation"] == 2


def test_the_parts_count_the_states_that_the_machine_enters() -> None:
    assert estimate.part("execution").transitions == len(states_entered("done")) == 3
    assert estimate.part("wait").transitions == len(states_entered("wait")) == 3
    assert estimate.part("await").transitions == len(states_entered("await")) == 3
    assert estimate.part("slice").transitions == len(states_entered("continue")) == 2


def test_every_price_says_where_it_stands_and_counts_something_that_exists() -> None:
    prices = price_list()

    assert {price.counts for price in prices.prices} == set(Usage().amounts())
    for price in prices.prices:
        assert price.source.startswith("https://aws.amazon.com/")
        assert price.checked
    assert price_list().total(Usage(transitions=1000)) == pytest.approx(0.025)


@pytest.fixture
def lodol(on: Product, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    api = Api(on.system)
    monkeypatch.setattr(cost, "connect", lambda _: api.client())

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_a_command_tells_the_cost_by_line_and_by_item(on: Product, lodol: Callable[..., Any]) -> None:
    _, _, execution_id = on.run(on.system.workflow(let("x", literal(1)), do(post("https://a/")), ret(var("x"))))

    status, out, _ = lodol("cost", execution_id, "--json")

    told = json.loads(out)
    assert status == 0
    assert told["dollars"] == pytest.approx(sum(line["dollars"] for line in told["lines"]), abs=1e-8)
    assert told["dollars"] == pytest.approx(sum(item["dollars"] for item in told["items"]), abs=1e-8)
    assert {line["what"]: line["times"] for line in told["lines"]}["further steps"] == 2
    transitions = next(item for item in told["items"] if item["item"].startswith("Step Functions"))
    assert transitions == {**transitions, "amount": 3, "basis": "counted", "dollars": 0.000075}
    assert {item["basis"] for item in told["items"] if "duration" in item["item"]} == {"estimated"}

    status, out, _ = lodol("cost", execution_id)
    assert status == 0
    assert out.splitlines()[0].endswith(f"{execution_id}, success: {told['dollars']:.8f} US dollars")
    assert "counted" in out
    assert "List prices of us-east-1, read on " in out


def test_an_execution_that_is_none_is_refused_as_everywhere(lodol: Callable[..., Any]) -> None:
    status, _, err = lodol("cost", "0" * 24, "--json")

    assert status == 1
    assert json.loads(err)["code"] == "execution_not_found"
