"""What operations and executions may use of AWS, by DynamoDB's rules: each budget holds however much there is."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.aws.bus import Message
from scripts.bench import admissions, results
from scripts.bench.product import product
from scripts.bench.scale import Row, curves, executions, is_named, loop, operations, reconcile, shape
from scripts.bench.sections import SECTIONS
from scripts.bench.telling import Telling, told
from tests.support.conformance import START
from tests.support.programs import call, do, let, literal, post, sleep

OPERATIONS = {
    "get": (2, 1, 1),
    "history": (6, 1, 6),
    "list, 20 rows": (2, 1, 3),
    "list of those failed": (2, 1, 1),
    "list of a workflow's successes": (2, 1, 1),
    "list of all four statuses": (5, 1, 2.5),
    "run": (4, 11, 2),
    "its slices": (2, 12, 3),
    "stop": (4, 11, 1),
}
"""The most calls, write units and read units of a warm worker."""

EXECUTIONS: dict[str, tuple[list[Any], int, int]] = {
    "3 pure steps": ([let(f"x{number}", literal(number)) for number in range(3)], 2, 6 + 6),
    "30 pure steps": ([let(f"x{number}", literal(number)) for number in range(30)], 2, 6 + 8),
    "300 pure steps": ([let(f"x{number}", literal(number)) for number in range(300)], 2, 6 + 44),
    "an HTTP request": ([do(post("https://a/"))], 3, 6 + 7),
    "3 HTTP requests, each a step": ([do(post("https://a/"))] * 3, 5, 6 + 15),
    "10 HTTP requests in a loop": ([loop(10, do(post("https://a/")))], 12, 6 + 43),
}
"""The calls and the write units of all slices of an execution: six in the indexes, the others in the table."""

PASS = (336, 330, 212)
"""The same for a pass of `reconcile` with a hundred due and ten lost."""

TOLD = {
    "end": ({"Query": 1, "PutEvents": 1}, 0, 1, 1, 0),
    "ends": ({"Query": 10, "PutEvents": 10}, 0, 10, 100, 0),
    "review": ({"BatchGetItem": 2, "Query": 2, "PutEvents": 2}, 0, 4, 2, 0),
    "wanted": ({"Query": 1, "PutEvents": 1, "PutItem": 1, "SendMessageBatch": 1}, 2, 1, 1, 1),
    "attempt": ({"BatchGetItem": 1, "UpdateItem": 1}, 2, 2, 0, 0),
}
"""What is told of an execution: calls, write units, read units, events as they are billed, requests of the queue."""

EACH: dict[str, tuple[Callable[[int], list[Any]], float, float, float, float]] = {
    "a pure step": (lambda size: [let(f"x{number}", literal(number)) for number in range(size)], 0.25, 0.05, 0, 80),
    "an effect": (lambda size: [loop(size, do(post("https://a/")))], 4.2, 0.2, 0.1, 400),
    "a short wait": (lambda size: [loop(size, sleep(1))], 6.3, 5, 3, 400),
    "a review": (lambda size: [loop(size, do(call("human.create", literal("?"))))], 12, 1.1, 0.1, 1100),
    "a long wait": (lambda size: [loop(size, sleep(3600))], 8.3, 5, 3, 400),
}
"""The most write units, read units, state transitions and stored bytes of each, its share of slices and of the program
among them."""


def _amounts(row: Row) -> tuple[float, ...]:
    return row["calls"], row["write_units"], row["read_units"]


@pytest.mark.parametrize(("body", "calls", "write_units"), EXECUTIONS.values(), ids=EXECUTIONS)
def test_the_slices_of_an_execution_use_exactly_as_much(body: list[Any], calls: int, write_units: int) -> None:
    with product() as on:
        workflow_id = on.system.workflow(*body)
        on.run(workflow_id)
        _, slices, _ = on.run(workflow_id)

    assert (sum(slices.asked.calls.values()), slices.asked.write_units) == (calls, write_units)


def test_runs_of_a_workflow_meet_on_no_item_of_its_own() -> None:
    with product() as on:
        workflow_id = on.system.workflow(let("x", literal(1)))
        on.run(workflow_id)
        request, _, _ = on.run(workflow_id)

    workspace = f"WS#{on.system.workspace.id}"
    assert f"{workspace}/WORKSPACE" in request.asked.heat
    assert f"{workspace}/WORKFLOW#{workflow_id}" not in request.asked.heat


def test_operations_use_as_much_with_a_thousand_executions_as_with_a_hundred() -> None:
    found = operations((100, 1_000))

    assert set(found) == set(OPERATIONS)
    for name, (few, many) in found.items():
        budget = OPERATIONS[name]
        assert all(used <= most for used, most in zip(_amounts(many), budget, strict=True)), (name, _amounts(many))
        # A list that is not full yet may read less.
        assert all(used <= more for used, more in zip(_amounts(few), _amounts(many), strict=True))
        if "failed" not in name:
            assert _amounts(few) == _amounts(many), name


def test_a_pass_of_reconcile_uses_as_much_however_many_sleep() -> None:
    few, many = reconcile((1, 1_000), due=100)

    assert _amounts(few) == _amounts(many)
    assert all(used <= most for used, most in zip(_amounts(many), PASS, strict=True))


def test_what_is_told_of_an_execution_uses_exactly_as_much() -> None:
    found = told()

    for name, budget in TOLD.items():
        asked = getattr(found, name).asked
        amounts = asked.calls, asked.write_units, asked.read_units, asked.custom_events, asked.queue_requests
        assert amounts == budget, name


def test_an_event_costs_as_much_for_the_tenth_webhook_as_for_the_first() -> None:
    used = []
    with product() as on:
        telling, ends = Telling(on), on.system.workflow(let("x", literal(1)))
        for more in (1, 1, 8, 1):
            telling.add_webhooks(more)
            on.run(ends)
            publication, delivery = telling.publish(), telling.deliver()
            used.append((publication.asked, delivery.invocations["deliver_webhooks"], delivery.asked))

    for (published, deliveries, attempts), webhooks in zip(used, (1, 2, 10, 11), strict=True):
        assert deliveries == webhooks
        assert published.calls == {
            "Query": 1,
            "PutEvents": 1,
            "PutItem": webhooks,
            "SendMessageBatch": webhooks,
        }
        assert (published.write_units, published.queue_requests) == (2 * webhooks, webhooks)
        assert published.read_units == 1
        assert (attempts.write_units, attempts.read_units) == (2 * webhooks, 2 * webhooks)


def test_a_pass_for_deliveries_uses_as_much_however_many_have_arrived() -> None:
    with product() as on:
        telling, ends = Telling(on), on.system.workflow(let("x", literal(1)))
        nothing = telling.hand_over().asked
        telling.add_webhooks(1)
        for _ in range(20):
            on.run(ends)
        telling.publish()
        telling.deliver()
        on.system.pass_time(hours=1)
        arrived = telling.hand_over().asked

    assert nothing.calls == arrived.calls == {"Query": 4}
    assert nothing.read_units == arrived.read_units == 2


def test_an_event_and_a_message_are_billed_for_each_64_kilobytes() -> None:
    with product() as on, on.meter.counted() as asked:
        on.system.stack.bus.put([Message("a.type", START, json.dumps({"x": "x" * size})) for size in (65_527, 65_528)])
        on.system.stack.deliveries.send_in_groups([("group", "1", "x" * 65_536), ("group", "2", "x")])

    assert (asked.custom_events, asked.queue_requests) == (1 + 2, 2)


@pytest.mark.parametrize(("body", "write_units", "read_units", "transitions", "stored_bytes"), EACH.values(), ids=EACH)
def test_the_tenth_costs_as_much_as_the_hundredth(
    body: Callable[[int], list[Any]], write_units: float, read_units: float, transitions: float, stored_bytes: float
) -> None:
    found = executions((18, 50, 82), body)
    most = {
        "write_units": write_units,
        "read_units": read_units,
        "transitions": transitions,
        "stored_bytes": stored_bytes,
    }
    first, second, third = found["its slices"]
    for name, limit in most.items():
        early, late = (second[name] - first[name]) / 32, (third[name] - second[name]) / 32
        assert max(early, late) <= limit, name
        assert late == pytest.approx(early, rel=0.1, abs=0.25), name
    # Nor does it make a poll or a page of the history dearer.
    for name, budget in (("poll", (2, 1, 1)), ("a page of its history", (6, 1, 7))):
        assert all(used <= limit for used, limit in zip(_amounts(found[name][-1]), budget, strict=True)), name


def test_every_curve_that_was_kept_is_flat_or_a_line_or_named() -> None:
    result = results.read(results.KEPT, "scale")
    assert result is not None

    bent = [curve[:3] for curve in curves(result.figures) if shape(curve[3], curve[2]) == "bent"]

    assert [curve for curve in bent if not is_named(*curve)] == []
    assert "Nobody has said" not in SECTIONS["scale"].text(result.figures)


@pytest.mark.parametrize(
    ("amounts", "grows"),
    [
        ([5, 5, 5, 5], "flat"),
        ([0, 0, 0, 0], "flat"),
        ([10, 100, 1000, 10_000], "a line, 1 each"),
        ([3, 7, 9, 9], "flat from 100 on"),
        ([1, 4, 90, 10_000], "bent"),
        ([1, 100, 10_000, 1_000_000], "bent"),
    ],
)
def test_a_curve_is_told_by_its_points(amounts: list[float], grows: str) -> None:
    sizes = [10, 100, 1000, 10_000] if "from" not in grows else [1, 10, 100, 1000]
    rows = [{"size": float(size), "amount": float(amount)} for size, amount in zip(sizes, amounts, strict=True)]

    assert shape(rows, "amount") == grows


def test_the_simulation_is_the_same_each_time_and_refuses_more_the_more_is_asked_for() -> None:
    refused = [admissions.simulate(rate, 0.02).refused_share for rate in (1, 20, 100)]

    assert refused == [admissions.simulate(rate, 0.02).refused_share for rate in (1, 20, 100)]
    assert refused[0] == 0
    assert 0 < refused[1] < refused[2] < 1


def test_an_admission_that_meets_no_other_is_in_at_once_and_one_more_attempt_ends_it() -> None:
    alone = admissions.simulate(0.05, 0.01)

    assert alone.attempts == 2 * alone.asked
    assert alone.percentile(1) == pytest.approx(0.01)
