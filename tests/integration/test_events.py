"""Every sample event passes through its handler, which calls nothing that its role may not."""

import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.engine.slices import run_slice
from domain.entities import deliveries, executions, journal, reviews, webhooks
from domain.entities.api_keys import Scope
from domain.entities.executions import Status
from domain.entities.webhooks import Webhook
from domain.entities.workspaces import Plan
from domain.ids import new_id
from domain.moments import to_text, utc_now
from domain.operations import accounts
from domain.program.values import Value
from handlers.worker import Worker
from scripts.local import home
from scripts.local.events import filled
from tests.support.conformance import World, slices_of, start
from tests.support.operations import publish, started, stop
from tests.support.programs import call, do, literal, program
from tests.support.requests import Context
from tests.support.template import ROOT, functions, template

FUNCTIONS = functions()
PROGRAM: Value = {
    "kind": "Program",
    "body": [
        {
            "kind": "ExprStmt",
            "expr": {"kind": "CallExpr", "callee": "human.create", "args": [{"kind": "Literal", "value": "Go?"}]},
        },
        {"kind": "ExprStmt", "expr": {"kind": "CallExpr", "callee": "human.wait", "args": []}},
    ],
}
CLOSED = "127.0.0.1:9"
"""Where nobody listens."""

USE_THE_WORKER = (
    "deliver_webhooks",
    "hand_over_deliveries",
    "http",
    "publish_events",
    "reconcile",
    "record_outcome",
)

EXPECTED = {
    "run_workflow": 202,
    "stop_execution": 200,
    "list_executions": 200,
    "get_execution": 200,
    "get_history": 200,
    "rerun_execution": 202,
    "stop_executions": 200,
    "get_workspace": 200,
    "list_workflows": 200,
    "get_workflow": 200,
    "list_reviews": 200,
    "get_review": 200,
    "decide_review": 200,
    "run_steps": "await",
    "record_outcome": {"outcome": "continued"},
    "reconcile": {"running": 1},
    "publish_events": {"events": 1},
    "create_webhook": 201,
    "list_webhooks": 200,
    "get_webhook": 200,
    "update_webhook": 200,
    "delete_webhook": 200,
    "rotate_webhook_secret": 200,
    "test_webhook": 202,
    "list_deliveries": 200,
    "redeliver": 202,
    "deliver_webhooks": {"to be tried again": 1},
    "hand_over_deliveries": {"handed over": 1},
}


def handler_of(properties: Any) -> Any:
    module, _, name = properties["Handler"].rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_handler_exists(name: str) -> None:
    assert callable(handler_of(FUNCTIONS[name]))


def test_every_function_has_a_sample_event_and_every_event_a_function() -> None:
    events = {path.stem for path in (ROOT / "events").glob("*.json")}
    assert events == {properties["Handler"].split(".")[1] for properties in FUNCTIONS.values()} == set(EXPECTED)


def may(properties: Any) -> set[str]:
    """What the role of a function allows."""
    role = template()["Resources"][properties["Role"].partition(".")[0]]
    [policy] = role["Properties"]["Policies"]
    return {
        action for statement in _statements(policy["PolicyDocument"]["Statement"]) for action in statement["Action"]
    }


def _statements(written: Any) -> Iterator[Any]:
    """The statements of a policy, those under a condition too."""
    for one in written:
        if isinstance(one, dict):
            yield one
        elif isinstance(one, list):
            yield from _statements(one)


def actions(model: Any, parameters: Any) -> set[str]:
    """What IAM asks for when a service is called: a transaction needs what each of its writes needs."""
    if model.name == "TransactWriteItems":
        kinds = {kind for item in parameters["TransactItems"] for kind in item}
        return {f"dynamodb:{'ConditionCheckItem' if kind == 'ConditionCheck' else f'{kind}Item'}" for kind in kinds}
    # IAM knows no batches of messages.
    return {f"{model.service_model.signing_name}:{model.name.removesuffix('Batch')}"}


@pytest.fixture
def called(stack: Stack) -> Callable[[], set[str]]:
    """What IAM is asked for from now on: a function that answers with it."""

    def arrange() -> set[str]:
        asked: set[str] = set()
        for part in (stack.table, stack.state_machine, stack.bus, stack.event_dead_letters, stack.deliveries):
            part._client.meta.events.register(
                "provide-client-params",
                lambda params, model, **_: asked.update(actions(model, params)),
            )
        return asked

    return arrange


@pytest.mark.parametrize("event", sorted((ROOT / "events").glob("*.json")), ids=lambda path: path.stem)
def test_the_event_passes_through_its_handler(event: Path, worker: Worker, called: Callable[[], set[str]]) -> None:
    # Long enough ago for the execution to be due.
    table, now = worker.stack.table, utc_now() - timedelta(minutes=2)
    workspace = accounts.create_workspace(table, now, name="Acme", plan=Plan.ENTERPRISE, credits=10)
    key, _ = accounts.create_key(table, now, workspace, frozenset(Scope))
    workflow = publish(table, now, workspace.id, name="Approval", description="", program=PROGRAM)
    execution_id = started(worker.stack, now, workspace, workflow.id)
    slices = slices_of(worker.stack, World(now))
    if "${review_id}" in event.read_text():
        run_slice(slices, workspace.id, execution_id)
    if event.stem == "rerun_execution":
        stop(worker.stack, now, workspace.id, execution_id)
    asked = reviews.of_execution(table, execution_id)
    stack = home.Stack(
        "https://api", key, workspace.id, {"Welcome Email Workflow": workflow.id}, "", "us-east-1", "stack"
    )
    hook = Webhook(new_id(now), workspace.id, f"http://{CLOSED}/hook", "", (), (), to_text(now))
    table.commit(*webhooks.create(hook))
    tried = deliveries.new(hook.id, workspace.id, (f"{execution_id}-1", "execution.failed", now, "{}"), now)
    table.commit(deliveries.create(tried))
    worker = replace(worker, allowed_hosts=frozenset({CLOSED}))
    ids = {"execution_id": execution_id, "review_id": asked[0].id if asked else "0" * 24}
    text = filled(event.read_text(), stack, **ids, webhook_id=hook.id, delivery_id=tried.id)
    handler = importlib.import_module(f"handlers.{event.stem}").handler
    [properties] = [one for one in FUNCTIONS.values() if one["Handler"] == f"handlers.{event.stem}.handler"]
    needed = called()

    answer = handler(json.loads(text), Context(), slices if event.stem == "run_steps" else worker)

    assert answer.get("statusCode", answer.get("action", answer)) == EXPECTED[event.stem], answer
    assert needed
    assert needed <= may(properties), needed - may(properties)


def test_a_slice_that_goes_on_with_a_default_calls_nothing_that_its_role_may_not(
    stack: Stack, called: Callable[[], set[str]]
) -> None:
    """What `run_steps` calls beyond its sample event: a review is decided by its time-out."""
    config = literal({"timeoutSeconds": 60, "defaultDecision": "rejected"})
    ask = do(call("human.create", literal("Go?"), literal(None), literal(None), config))
    ids = start(stack, program(ask, do(call("human.wait"))))
    world = World()
    slices = slices_of(stack, world)
    assert run_slice(slices, *ids).action == "await"
    needed = called()

    world.now += timedelta(minutes=2)
    run_slice(slices, *ids)

    assert executions.read(stack.table, *ids).status is Status.SUCCESS
    assert "dynamodb:DeleteItem" in needed
    assert needed <= may(FUNCTIONS["RunStepsFunction"]), needed - may(FUNCTIONS["RunStepsFunction"])


def test_a_state_of_a_call_reads_back_as_written(table: Table) -> None:
    entry = journal.Entry(3, "time.now", journal.CallState.DONE, utc_now(), result={"big": 2**80, "empty": ""})

    table.commit(entry.write("0" * 24, 7))
    item = table.get(entry.write("0" * 24, 7).key)

    assert item is not None
    assert journal.from_item(item) == entry


@pytest.mark.parametrize("event", sorted((ROOT / "events").glob("*.json")), ids=lambda path: path.stem)
def test_a_handler_works_with_what_its_process_has(event: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Lambda calls it: with an event and a context, and nothing else."""
    used: list[str] = []

    def the_worker() -> Worker:
        used.append("worker")
        return Worker(stack, utc_now)

    def the_slice_context() -> Any:
        used.append("slice context")
        return slices_of(stack, World())

    handler = importlib.import_module(f"handlers.{event.stem}").handler
    for module in USE_THE_WORKER:
        monkeypatch.setattr(f"handlers.{module}.the_worker", the_worker)
    monkeypatch.setattr("handlers.run_steps.the_slice_context", the_slice_context)
    nobody = home.Stack("https://api", "sk_live_x", "0" * 24, {"Welcome Email Workflow": "0" * 24}, "", "", "stack")

    ids = dict.fromkeys(("execution_id", "review_id", "webhook_id", "delivery_id"), "1" * 24)
    handler(json.loads(filled(event.read_text(), nobody, **ids)), Context())

    assert used == ["slice context" if event.stem == "run_steps" else "worker"]


@pytest.mark.parametrize(("milliseconds", "found"), [(5000, {"left": 1}), (5001, {"started": 1})])
def test_reconciliation_stops_five_seconds_before_its_function_would_be_stopped(
    unreachable: Stack, stack: Stack, milliseconds: int, found: dict[str, int]
) -> None:
    start(unreachable, program(do(literal(1))))

    class Late(Context):
        def get_remaining_time_in_millis(self) -> int:
            return milliseconds

    assert importlib.import_module("handlers.reconcile").handler({}, Late(), Worker(stack, utc_now)) == found
