"""What the functions write into their one log."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from domain import admission, workflows
from domain.moments import utc_now
from domain.program.values import Value
from domain.state_machine import StateMachine
from domain.table import Table
from domain.workspaces import Workspace
from handlers import list_executions, reconcile, record_outcome, run_steps
from handlers.logs import logger
from tests.integration.conftest import ROOT
from tests.integration.test_events import Context
from tests.programs import call, do, literal

PROGRAM: Value = {"kind": "Program", "body": [do(call("log.info", literal("said")))]}

type Lines = Callable[[], list[Any]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Lines:
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def invoked(handler: Any, event: Any, function: str) -> None:
    handler(event, Context(function_name=function, aws_request_id=f"request of {function}"))


def test_every_line_names_its_function_and_request_and_what_it_is_about(
    worker: None, table: Table, machine: StateMachine, workspace: Workspace, written: Lines
) -> None:
    workflow = workflows.put(table, utc_now(), workspace.id, name="One", description="", program=PROGRAM)
    admitted = json.loads(admission.admit(table, machine, utc_now(), workspace, workflow.id, None, None).body)
    ids = {"workspace_id": workspace.id, "execution_id": admitted["execution_id"]}
    ended = {"status": "ABORTED", "input": json.dumps(ids)}

    invoked(run_steps.handler, ids, "run-steps")
    invoked(record_outcome.handler, {"detail": ended}, "record-outcome")
    invoked(reconcile.handler, {}, "reconcile")

    assert [
        (line["function_name"], line["function_request_id"], line["message"], line.get("execution_id"))
        for line in written()
    ] == [
        ("run-steps", "request of run-steps", "said", ids["execution_id"]),
        ("run-steps", "request of run-steps", "slice ended", ids["execution_id"]),
        ("record-outcome", "request of record-outcome", "abnormal end", ids["execution_id"]),
        ("reconcile", "request of reconcile", "reconciled", None),
    ]


def test_a_crash_of_an_endpoint_names_its_function_and_request(
    worker: None, monkeypatch: pytest.MonkeyPatch, written: Lines
) -> None:
    monkeypatch.delenv("TABLE_NAME")

    invoked(list_executions.handler, {"httpMethod": "GET", "path": "/v1/executions", "headers": {}}, "list-executions")

    [line] = written()
    assert (line["message"], line["function_name"], line["function_request_id"]) == (
        "crashed",
        "list-executions",
        "request of list-executions",
    )


def test_no_setting_has_events_logged() -> None:
    program = (
        "from handlers.logs import logged\n"
        "from tests.integration.test_events import Context\n"
        "logged(lambda event, _: None)({'Authorization': 'Bearer sk_live_key'}, Context())\n"
    )
    environment = {**os.environ, "POWERTOOLS_LOGGER_LOG_EVENT": "true", "PYTHONPATH": f"src{os.pathsep}."}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == ""
