"""How many calls of AWS each operation takes: what must not grow."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import SHAPE, Write
from domain.engine.slices import run_slice
from domain.entities import executions, reviews, shapes
from domain.entities.executions import End, Status
from domain.entities.shapes import Progress
from domain.entities.workspaces import Plan
from domain.moments import utc_now
from domain.operations.audits import examine
from handlers import decide_review, get_history, rerun_execution
from handlers.worker import Worker
from tests.support.conformance import World, run, slices_of, start
from tests.support.given import NOW
from tests.support.operations import end, publish
from tests.support.programs import block, call, do, for_each, let, literal, plus, program, sleep, var
from tests.support.requests import send
from tests.support.shop import Shop

SLEEPS = program(sleep(60), sleep(60))


class Calls:
    """Counts calls by botocore's own events."""

    def __init__(self, *clients: Any) -> None:
        self.made: Counter[str] = Counter()
        for client in clients:
            client.meta.events.register("before-call.*.*", self._note)

    def _note(self, model: Any, **_: Any) -> None:
        self.made[model.name] += 1

    @contextmanager
    def counted(self) -> Iterator[Counter[str]]:
        self.made.clear()
        yield self.made


@pytest.fixture
def calls(stack: Stack) -> Calls:
    return Calls(stack.table._client, stack.state_machine._client)


@pytest.fixture
def worker(stack: Stack) -> Worker:
    """A worker whose minute does not end: in the next one it would look at its keys again."""
    return Worker(stack, lambda: NOW)


@pytest.fixture
def shop(worker: Worker) -> Shop:
    warm = Shop(worker, Plan.ENTERPRISE)
    warm.list()
    return warm


def test_a_warm_run_takes_four_calls(calls: Calls, shop: Shop) -> None:
    with calls.counted() as made:
        assert shop.run(Idempotency_Key="k")[0] == 202

    assert made == {"UpdateItem": 1, "BatchGetItem": 1, "TransactWriteItems": 1, "StartExecution": 1}


@pytest.mark.parametrize(
    ("query", "calls_made"),
    [
        ({}, {"Query": 1}),
        ({"include_errors": "true"}, {"Query": 1}),
        ({"status": "failed"}, {"Query": 1}),
        ({"status": "failed", "include_errors": "true"}, {"Query": 1, "BatchGetItem": 1}),
        ({"status": "success", "include_errors": "true"}, {"Query": 1}),
    ],
)
def test_a_warm_list_takes_two_calls_and_errors_of_an_index_one_more(
    calls: Calls, shop: Shop, table: Table, query: dict[str, str], calls_made: dict[str, int]
) -> None:
    for _ in range(3):
        execution_id = shop.run()[2]["execution_id"]
        end(table, shop.workspace.id, execution_id, End(Status.FAILED, NOW, "It failed."))
    with calls.counted() as made:
        assert shop.list(**query)[0] == 200

    assert made == {"UpdateItem": 1, **calls_made}


def test_a_warm_stop_takes_four_calls(calls: Calls, shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]
    with calls.counted() as made:
        assert shop.stop(execution_id, Idempotency_Key="k")[0] == 200

    assert made == {"UpdateItem": 1, "BatchGetItem": 1, "TransactWriteItems": 1, "StopExecution": 1}


def test_a_repeated_run_takes_three_calls_once_it_goes_on_or_has_ended(calls: Calls, shop: Shop, table: Table) -> None:
    execution_id = shop.run(Idempotency_Key="k")[2]["execution_id"]
    with calls.counted() as made:
        assert shop.run(Idempotency_Key="k")[0] == 202
    assert made == {"UpdateItem": 1, "BatchGetItem": 1, "GetItem": 1, "StartExecution": 1}

    end(table, shop.workspace.id, execution_id, End(Status.SUCCESS, utc_now()))
    with calls.counted() as made:
        assert shop.run(Idempotency_Key="k")[0] == 202
    assert made == {"UpdateItem": 1, "BatchGetItem": 1, "GetItem": 1}


def test_a_repeated_run_starts_nothing_that_has_begun(calls: Calls, shop: Shop, stack: Stack) -> None:
    workflow = publish(stack.table, utc_now(), shop.workspace.id, name="Two", description="", program=SLEEPS).id
    execution_id = shop.run(workflow=workflow, Idempotency_Key="k")[2]["execution_id"]
    run_slice(slices_of(stack, World(NOW)), shop.workspace.id, execution_id)

    with calls.counted() as made:
        assert shop.run(workflow=workflow, Idempotency_Key="k")[0] == 202

    assert made == {"UpdateItem": 1, "BatchGetItem": 1, "GetItem": 1}


def test_a_warm_decision_takes_six_calls_where_nobody_waits_yet(calls: Calls, shop: Shop, stack: Stack) -> None:
    asks = program(do(call("human.create", literal("Go?"))), *[sleep(60)])
    workflow = publish(stack.table, utc_now(), shop.workspace.id, name="Asks", description="", program=asks).id
    execution_id = shop.run(workflow=workflow)[2]["execution_id"]
    run_slice(slices_of(stack, World(NOW)), shop.workspace.id, execution_id)
    [review] = reviews.of_execution(stack.table, execution_id)
    path, body = f"/v1/reviews/{review.id}/decision", '{"decision": "approved"}'

    with calls.counted() as made:
        assert send(shop.worker, decide_review.handler, "POST", path, shop.key, body=body)[0] == 200
    # The count, the review, the decision; and whether it was the last: the marks, the reviews, the token.
    assert made == {"UpdateItem": 1, "BatchGetItem": 2, "TransactWriteItems": 1, "Query": 1, "GetItem": 1}

    with calls.counted() as made:
        assert send(shop.worker, decide_review.handler, "POST", path, shop.key, body=body)[0] == 400
    assert made == {"UpdateItem": 1, "BatchGetItem": 2, "Query": 1, "GetItem": 1}


def test_the_doctor_looks_closer_at_what_may_be_wrong_and_at_nothing_else(
    calls: Calls, shop: Shop, stack: Stack
) -> None:
    for number in range(4):
        execution_id = shop.run()[2]["execution_id"]
        if number % 2:
            shop.stop(execution_id)

    def asked() -> Counter[str]:
        with calls.counted() as made:
            assert not any(asdict(examine(stack, utc_now() + timedelta(hours=1))).values())
        return Counter(made)

    # The four parts of the index of due executions, all of it and what is due; and the receipts of the workspace.
    looks = Counter({"ListExecutions": 1, "Query": 9, "GetItem": 1, "BatchGetItem": 1})
    assert asked() == looks + Counter({"Scan": 1})
    stack.table.commit(shapes.put_progress(Progress(SHAPE)))
    # Once the table is migrated, an index has the workspaces.
    assert asked() == looks + Counter({"Query": 1, "BatchGetItem": 1})


@pytest.mark.parametrize("execution_id", ["x", "0" * 23, "F" * 24, "0" * 25])
def test_an_id_that_is_none_is_looked_up_nowhere(calls: Calls, shop: Shop, execution_id: str) -> None:
    with calls.counted() as made:
        assert shop.get(execution_id)[0] == shop.stop(execution_id, Idempotency_Key="k")[0] == 404

    assert made == {"UpdateItem": 2}


def test_a_stop_of_what_has_ended_writes_nothing(calls: Calls, shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]
    shop.stop(execution_id)
    with calls.counted() as made:
        assert shop.stop(execution_id)[0] == 400

    assert made == {"UpdateItem": 1, "BatchGetItem": 1}


def test_a_warm_get_takes_two_calls_and_reads_no_steps(calls: Calls, shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]
    with calls.counted() as made:
        assert shop.get(execution_id)[0] == 200

    assert made == {"UpdateItem": 1, "GetItem": 1}


def test_a_warm_list_takes_two_calls(calls: Calls, shop: Shop) -> None:
    for _ in range(3):
        shop.run()
    with calls.counted() as made:
        assert shop.list(limit="2")[0] == 200
    assert made == {"UpdateItem": 1, "Query": 1}

    with calls.counted() as made:
        assert shop.list(limit="2", workflow_id=shop.workflow)[0] == 200
    assert made == {"UpdateItem": 1, "Query": 1}


def test_a_list_by_status_takes_a_query_for_each_status(calls: Calls, shop: Shop) -> None:
    shop.run()
    for statuses, queries in (("running", 1), ("running,failed", 2), ("running,success,failed,stopped", 4)):
        with calls.counted() as made:
            assert shop.list(status=statuses)[0] == 200
        assert made == {"UpdateItem": 1, "Query": queries}


def test_a_warm_history_takes_six_calls_while_it_waits_too(calls: Calls, shop: Shop, stack: Stack) -> None:
    workflow = publish(stack.table, NOW, shop.workspace.id, name="Two", description="", program=SLEEPS).id
    execution_id = shop.run(workflow=workflow)[2]["execution_id"]

    def read() -> Counter[str]:
        path = f"/v1/executions/{execution_id}/history"
        with calls.counted() as made:
            assert send(shop.worker, get_history.handler, "GET", path, shop.key)[0] == 200
        return Counter(made)

    assert read()["GetItem"] == 2
    # Key, execution, input, then reruns, steps and calls; the outline of a version is read once.
    assert read() == {"UpdateItem": 1, "GetItem": 1, "BatchGetItem": 1, "Query": 3}
    run_slice(slices_of(stack, World(NOW)), shop.workspace.id, execution_id)
    assert executions.read_state(stack.table, shop.workspace.id, execution_id).execution.wait
    assert read() == {"UpdateItem": 1, "GetItem": 1, "BatchGetItem": 1, "Query": 3}


def test_a_rerun_takes_four_calls_and_one_for_what_it_takes_over(calls: Calls, shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]
    shop.stop(execution_id)
    path = f"/v1/executions/{execution_id}/rerun"
    with calls.counted() as made:
        assert send(shop.worker, rerun_execution.handler, "POST", path, shop.key)[0] == 202
    assert made == {"UpdateItem": 1, "BatchGetItem": 2, "TransactWriteItems": 1, "StartExecution": 1}

    with calls.counted() as made:
        assert send(shop.worker, rerun_execution.handler, "POST", path, shop.key, body='{"input": 1}')[0] == 202
    assert made == {"UpdateItem": 1, "BatchGetItem": 1, "TransactWriteItems": 1, "StartExecution": 1}


@pytest.mark.parametrize("steps", [1, 10, 90])
def test_a_slice_of_a_pure_program_takes_three_calls_when_cold_and_two_when_warm(
    dynamodb: Any, unreachable: Stack, steps: int
) -> None:
    program = {"kind": "Program", "body": [let(f"x{n}", literal(n)) for n in range(steps)]}
    workspace_id, execution_id = start(unreachable, program)
    calls = Calls(dynamodb)

    assert run_slice(slices_of(unreachable, World()), workspace_id, execution_id).action == "done"

    assert calls.made == {"BatchGetItem": 1, "GetItem": 1, "TransactWriteItems": 1}


def test_a_slice_of_what_was_stopped_is_one_read(dynamodb: Any, unreachable: Stack) -> None:
    program = {"kind": "Program", "body": [let("x", literal(1))]}
    workspace_id, execution_id = start(unreachable, program)
    end(unreachable.table, workspace_id, execution_id, End(Status.STOPPED, utc_now()))
    calls = Calls(dynamodb)

    assert run_slice(slices_of(unreachable, World()), workspace_id, execution_id).action == "done"

    assert calls.made == {"BatchGetItem": 1}


def test_an_effect_costs_one_commit_before_it(dynamodb: Any, unreachable_machine: StateMachine) -> None:
    body = [do(call("http.request", literal("GET"), literal(f"https://a/{n}"))) for n in range(5)]

    ran = run(dynamodb, unreachable_machine, {"program": {"kind": "Program", "body": body}})

    assert ran.commits == 5 + 1


WAITS = 48
LOOPS = {
    "a loop over a list": for_each("n", literal(list(range(2 * WAITS))), do(call("time.sleep", literal(1)))),
    "a loop in a loop": for_each(
        "n", literal([1, 2]), for_each("m", literal(list(range(WAITS))), do(call("time.sleep", literal(1))))
    ),
    "a loop with a condition": {
        "kind": "WhileStmt",
        "cond": {"kind": "BinaryExpr", "op": "<", "left": var("n"), "right": literal(2 * WAITS)},
        "body": block(
            {"kind": "AssignStmt", "name": "n", "value": plus(var("n"), literal(1))},
            do(call("time.sleep", literal(1))),
        ),
    },
}
STEPS = [do(call("time.sleep", literal(1))) for _ in range(2 * WAITS)]


@pytest.mark.parametrize(
    "body", [*([let("n", literal(0)), loop] for loop in LOOPS.values()), STEPS], ids=[*LOOPS, "steps"]
)
def test_a_resume_reads_as_much_however_long_its_execution_has_lasted(
    dynamodb: Any, unreachable: Stack, body: list[Any]
) -> None:
    read: list[int] = []
    dynamodb.meta.events.register(
        "after-call.dynamodb.*",
        lambda parsed, **_: read.append(len(str(parsed.get("Items") or parsed.get("Responses")))),
    )
    ids, world = start(unreachable, {"kind": "Program", "body": body}), World()
    calls = Calls(dynamodb)
    by_slice: list[int] = []

    action = ""
    while action != "done":
        read.clear()
        following = run_slice(slices_of(unreachable, world), *ids)
        action, world.now = following.action, following.until or world.now
        by_slice.append(sum(read))

    # The first read of the program is none of theirs; the longest reads are right before a new resume point.
    early, late = max(by_slice[1:WAITS]), max(by_slice[WAITS:])
    assert len(by_slice) == 2 * WAITS + 1
    assert late <= 1.2 * early
    assert calls.made["BatchGetItem"] == len(by_slice)
    assert calls.made["Query"] <= 2 * len(by_slice)


def test_what_is_due_is_asked_for_in_four_places(dynamodb: Any, table: Table) -> None:
    """Each of them takes as many writes as a partition takes, and each costs a pass a call."""
    calls = Calls(dynamodb)

    with calls.counted() as made:
        assert list(executions.list_due(table)) == []

    assert made == {"Query": 4}


def test_many_items_are_deleted_and_read_in_as_many_calls_as_dynamodb_asks_for(dynamodb: Any, table: Table) -> None:
    at = [Key("P", f"{number:03}") for number in range(101)]
    for key in at:
        table.commit(Write.put(key, {}))
    calls = Calls(dynamodb)

    with calls.counted() as made:
        assert len(list(table.walk_items(at))) == len(at)
        assert table.delete(at) == len(at)

    assert made == {"BatchGetItem": 2, "BatchWriteItem": 5}
    assert list(table.scan()) == []
