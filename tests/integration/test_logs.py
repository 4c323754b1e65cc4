"""What the functions write into their one log."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from domain.aws.stack import stack_of_environment
from domain.entities.workspaces import Workspace
from domain.moments import utc_now
from domain.program.values import Value
from handlers import get_execution, list_executions, reconcile, record_outcome, run_steps
from handlers.worker import Worker
from tests.support.conformance import World, slices_of
from tests.support.given import Lines
from tests.support.operations import publish, started
from tests.support.programs import call, do, literal, program
from tests.support.requests import Context, event
from tests.support.shop import Shop
from tests.support.template import ROOT

PROGRAM: Value = program(do(call("log.info", literal("said"))))


def invoked(handler: Any, event: Any, function: str, works_with: Any) -> None:
    handler(event, Context(function_name=function, aws_request_id=f"request of {function}"), works_with)


def test_every_line_names_its_function_and_request_and_what_it_is_about(
    worker: Worker, workspace: Workspace, written: Lines
) -> None:
    workflow = publish(worker.stack.table, utc_now(), workspace.id, name="One", description="", program=PROGRAM)
    execution_id = started(worker.stack, utc_now(), workspace, workflow.id)
    ids = {"workspace_id": workspace.id, "execution_id": execution_id}
    ended = {"status": "ABORTED", "input": json.dumps(ids)}

    invoked(run_steps.handler, ids, "run-steps", slices_of(worker.stack, World(utc_now())))
    invoked(record_outcome.handler, {"detail": ended}, "record-outcome", worker)
    invoked(reconcile.handler, {}, "reconcile", worker)

    assert [
        (line["function_name"], line["function_request_id"], line["message"], line.get("execution_id"))
        for line in written()
    ] == [
        ("run-steps", "request of run-steps", "said", ids["execution_id"]),
        ("run-steps", "request of run-steps", "slice ended", ids["execution_id"]),
        ("record-outcome", "request of record-outcome", "abnormal end", ids["execution_id"]),
        ("reconcile", "request of reconcile", "reconciled", None),
    ]


def test_a_crash_of_an_endpoint_names_its_function_and_request(monkeypatch: pytest.MonkeyPatch, written: Lines) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)
    headers = {"Authorization": "Bearer sk_live_key"}
    event = {"httpMethod": "GET", "resource": "/v1/executions", "headers": headers}

    invoked(list_executions.handler, event, "list-executions", Worker(stack_of_environment(), utc_now))

    line, _ = written()
    assert (line["message"], line["function_name"], line["function_request_id"]) == (
        "crashed",
        "list-executions",
        "request of list-executions",
    )


def test_every_request_is_one_line_of_what_was_asked_and_answered_and_of_nothing_it_carried(
    worker: Worker, written: Lines
) -> None:
    shop, asked_for = Shop(worker), "feedfacefeedfacefeedface"

    assert shop.get(asked_for, include_step_results="true")[0] == 404
    stranger = event("GET", f"/v1/executions/{asked_for}", "sk_live_nobody", None, None, {})
    invoked(get_execution.handler, stranger, "get-execution", worker)
    invoked(get_execution.handler, {**stranger, "resource": "/v2/{execution_id}"}, "get-execution", worker)

    lines = written()
    fields = ("message", "level", "method", "route", "status")
    assert [tuple(line[field] for field in fields) for line in lines] == [
        ("request", "INFO", "GET", "/v1/executions/{execution_id}", status) for status in (404, 401, 404)
    ]
    assert all(isinstance(line["ms"], int) and line["function_request_id"] for line in lines)
    for secret in (shop.key, "sk_live", asked_for, "include_step_results"):
        assert secret not in str(lines)


def test_no_setting_has_events_logged() -> None:
    program = (
        "from handlers.logs import logged\n"
        "from tests.support.requests import Context\n"
        "logged(lambda event, _: None)({'Authorization': 'Bearer sk_live_key'}, Context())\n"
    )
    environment = {**os.environ, "POWERTOOLS_LOGGER_LOG_EVENT": "true", "PYTHONPATH": f"src{os.pathsep}."}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == ""


def test_libraries_log_through_the_same_filter_and_nothing_is_written_twice() -> None:
    """As on Lambda, whose runtime gives the root a handler of its own before it loads a function."""
    program = (
        "import logging, sys\n"
        "logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))\n"
        "from handlers.logs import logger\n"
        "logger.info('ours')\n"
        "logging.getLogger('domain.rules').info('the rules')\n"
        "logging.getLogger('library').warning('sent %s', 'sk_live_0123456789abcdef')\n"
        "logging.getLogger('library').info('how it sends')\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"src{os.pathsep}."}

    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr == ""
    said = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    assert said == ["ours", "the rules", "sent sk_live_[redacted]"]


def test_a_refusal_is_no_crash_and_a_crash_is_told(
    worker: Worker, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(worker)
    assert shop.get("0" * 24)[0] == 404
    assert "crashed" not in {line["message"] for line in written()}

    monkeypatch.setattr("domain.entities.executions.read_state", None)
    assert shop.get("0" * 24)[0] == 500
    assert "crashed" in {line["message"] for line in written()}
