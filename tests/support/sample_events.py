"""The sample events of events/, sent to their handlers in a workspace where they fit."""

import importlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.engine.slices import run_slice
from domain.entities import deliveries, reviews, webhooks
from domain.entities.api_keys import Scope
from domain.entities.webhooks import Webhook
from domain.entities.workspaces import Plan
from domain.ids import new_id
from domain.moments import to_text, utc_now
from domain.operations import accounts
from handlers.worker import Worker
from scripts.local import home
from scripts.local.events import filled
from tests.support.conformance import World, slices_of
from tests.support.operations import publish, started, stop
from tests.support.programs import call, do, literal, program
from tests.support.requests import Context
from tests.support.template import ROOT

EVENTS = sorted((ROOT / "events").glob("*.json"))
REVIEWED = program(do(call("human.create", literal("Go?"))), do(call("human.wait")))


CLOSED = "127.0.0.1:9"
"""Where nobody listens."""


def answered(event: Path, worker: Worker) -> Any:
    """What the handler of a sample event answers; its workspace has a webhook, and an execution that asks somebody."""
    # Long enough ago for the execution to be due.
    table, now = worker.stack.table, utc_now() - timedelta(minutes=2)
    workspace = accounts.create_workspace(table, now, name="Acme", plan=Plan.ENTERPRISE, credits=10)
    key, _ = accounts.create_key(table, now, workspace, frozenset(Scope))
    workflow = publish(table, now, workspace.id, name="Approval", description="", program=REVIEWED)
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
    tried = deliveries.new(hook.id, workspace.id, (f"{execution_id}-9", "execution.failed", now, "{}"), now)
    table.commit(deliveries.create(tried))
    worker = replace(worker, allowed_hosts=frozenset({CLOSED}))
    # As the worker of a function that has just begun.
    vars(worker.stack).pop("webhook_key", None)
    ids = {"execution_id": execution_id, "review_id": asked[0].id if asked else "0" * 24}
    text = filled(event.read_text(), stack, **ids, webhook_id=hook.id, delivery_id=tried.id)
    handler = importlib.import_module(f"handlers.{event.stem}").handler
    return handler(json.loads(text), Context(), slices if event.stem == "run_steps" else worker)
