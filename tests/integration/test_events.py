"""Every sample event passes through its handler; every handler of the template exists."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from domain import admission, api_keys, journal, reviews, workflows, workspaces
from domain.api_keys import Scope
from domain.moments import utc_now
from domain.program.values import Value
from domain.state_machine import StateMachine
from domain.table import Table
from domain.workspaces import Plan
from scripts.local.events import filled
from scripts.local.home import Stack
from tests.integration.conftest import ROOT, template

FUNCTIONS = {
    name: resource["Properties"]
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::Function"
}
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
EXPECTED = {
    "run_workflow": 202,
    "stop_execution": 200,
    "list_executions": 200,
    "get_execution": 200,
    "list_workflows": 200,
    "get_workflow": 200,
    "list_reviews": 200,
    "get_review": 200,
    "decide_review": 200,
    "run_steps": "await",
    "record_outcome": {"outcome": "recorded"},
    "reconcile": {"running": 1},
}


class Context(SimpleNamespace):
    """What Lambda tells a function about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


def handler_of(properties: Any) -> Any:
    module, _, name = properties["Handler"].rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_its_handler_exists(name: str) -> None:
    assert callable(handler_of(FUNCTIONS[name]))


def test_every_function_has_a_sample_event_and_every_event_a_function() -> None:
    events = {path.stem for path in (ROOT / "events").glob("*.json")}
    assert events == {properties["Handler"].split(".")[1] for properties in FUNCTIONS.values()} == set(EXPECTED)


@pytest.mark.parametrize("event", sorted((ROOT / "events").glob("*.json")), ids=lambda path: path.stem)
def test_the_event_passes_through_its_handler(event: Path, worker: None, table: Table, machine: StateMachine) -> None:
    now = utc_now()
    workspace = workspaces.create(table, now, name="Acme", plan=Plan.ENTERPRISE, credits=10)
    key, _ = api_keys.create(table, now, workspace, frozenset(Scope))
    workflow = workflows.put(table, now, workspace.id, name="Approval", description="", program=PROGRAM)
    execution_id = json.loads(admission.admit(table, machine, now, workspace, workflow.id, None, None).body)[
        "execution_id"
    ]
    if "review" in event.stem:
        importlib.import_module("handlers.run_steps").handler(
            {"workspace_id": workspace.id, "execution_id": execution_id}, Context()
        )
    asked = reviews.of_execution(table, execution_id)
    stack = Stack("https://api", key, workspace.id, {"Welcome Email Workflow": workflow.id}, "", "us-east-1", "stack")
    text = filled(event.read_text(), stack, execution_id, asked[0].id if asked else "0" * 24)

    answer = importlib.import_module(f"handlers.{event.stem}").handler(json.loads(text), Context())

    assert answer.get("statusCode", answer.get("next", answer)) == EXPECTED[event.stem], answer


def test_a_state_of_a_call_reads_back_as_written(table: Table) -> None:
    entry = journal.Entry(3, "time.now", journal.CallState.DONE, utc_now(), result={"big": 2**80, "empty": ""})

    table.commit(entry.write("0" * 24, 7))
    item = table.get(entry.write("0" * 24, 7).key)

    assert item is not None
    assert journal.from_item(item) == entry
