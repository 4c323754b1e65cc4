"""Every sample event passes through its handler."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.entities import journal
from domain.moments import utc_now
from handlers.worker import Worker
from scripts.local import home
from scripts.local.events import filled
from tests.support.conformance import START, World, slices_of, start
from tests.support.programs import do, literal, program
from tests.support.requests import Context
from tests.support.sample_events import EVENTS, answered
from tests.support.template import functions

FUNCTIONS = functions()
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
    assert (
        {path.stem for path in EVENTS}
        == {properties["Handler"].split(".")[1] for properties in FUNCTIONS.values()}
        == set(EXPECTED)
    )


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
def test_the_event_passes_through_its_handler(event: Path, worker: Worker) -> None:
    answer = answered(event, worker)

    assert answer.get("statusCode", answer.get("action", answer)) == EXPECTED[event.stem], answer


def test_a_state_of_a_call_reads_back_as_written(table: Table) -> None:
    entry = journal.Entry(3, "time.now", journal.CallState.DONE, START, result={"big": 2**80, "empty": ""})

    table.commit(*journal.writes("0" * 24, 7, [(entry, entry.row())]))

    assert journal.read_last(table, "0" * 24, 7) == entry


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
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
