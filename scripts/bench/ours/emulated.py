"""The requests that are measured, and what AWS answers to them, recorded from an emulator in this process."""

import json
import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3

from domain.aws.bus import Bus
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.engine.slices import SliceContext
from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan
from domain.moments import utc_now
from domain.operations import accounts
from domain.operations.publishing import publish
from domain.program.values import Value
from handlers import get_execution, list_executions, publish_events, run_steps, run_workflow, stop_execution
from handlers.worker import Worker
from scripts.bench.ours.recording import Player, recorded
from tests.support.requests import Context, event
from tests.support.streams import Stream
from tests.support.template import create_table

_MACHINE = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9999, "End": true}}}'
_LISTED = 20
_STEPS: Value = {
    "kind": "Program",
    "body": [
        {"kind": "LetStmt", "name": f"n{number}", "init": {"kind": "Literal", "value": number}} for number in range(3)
    ],
}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": "table",
    "EVENT_BUS_NAME": "bus",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
    "SLICE_SECONDS": "5",
    "EXECUTION_TIMEOUT_SECONDS": "5184000",
    "SENDER_ADDRESS": "",
    "ALLOWED_HOSTS": "",
    "API_BASE_URL": "",
    "API_CREDENTIAL_SECRET_ARN": "",
}


@dataclass(frozen=True)
class Scenario:
    """A function, its first event and a later one, and what AWS answers to them."""

    name: str
    handler: str
    events: tuple[Any, Any]
    player: Player


class Emulated:
    """A workspace with executions, on an emulator in this process."""

    def __init__(self) -> None:
        dynamodb, machines, events = boto3.client("dynamodb"), boto3.client("stepfunctions"), boto3.client("events")
        self.clients = [dynamodb, machines, events]
        create_table(dynamodb)
        events.create_event_bus(Name="bus")
        created = machines.create_state_machine(
            name="machine", definition=_MACHINE, roleArn="arn:aws:iam::123456789012:role/machine"
        )
        os.environ["STATE_MACHINE_ARN"] = arn = created["stateMachineArn"]
        table = Table(dynamodb, "table")
        bus = Bus(events, "bus")
        self.stack, now = Stack(lambda: table, lambda: StateMachine(machines, arn), lambda: bus), utc_now()
        workspace = accounts.create_workspace(table, now, name="Bench", plan=Plan.ENTERPRISE, credits=1000)
        self.workspace_id = workspace.id
        self.key, _ = accounts.create_key(table, now, workspace, frozenset(Scope))
        stored = publish(table, now, workspace.id, name="Bench", description="", program=_STEPS)
        self.workflow_id = stored.workflow.id
        self.ids = [self.run() for _ in range(_LISTED + 1)]

    def run(self) -> str:
        """Start an execution."""
        asked = self.event("POST", f"/v1/workflows/{self.workflow_id}/run-async")
        answer = run_workflow.handler(asked, Context(), Worker(self.stack, utc_now))  # type: ignore[arg-type]
        execution_id: str = json.loads(answer["body"])["execution_id"]
        return execution_id

    def event(self, method: str, path: str) -> Any:
        """A request as the gateway hands it over."""
        return event(method, path, self.key, None, None, {})

    def scenario(self, name: str, module: Any, *events: Any) -> Scenario:
        """Have both events answered, the second by a worker that the first has warmed."""
        handler, worker = module.handler, Worker(self.stack, utc_now)
        works_with = SliceContext.of_environment(self.stack, utc_now) if module is run_steps else worker
        first, later = (recorded(self.clients, partial(handler, asked, Context(), works_with)) for asked in events)
        return Scenario(name, f"{module.__name__}.handler", (events[0], events[1]), Player(first, later))

    def scenarios(self) -> list[Scenario]:
        """The four endpoints, a slice of three pure steps, and the publication of the end that it leads to."""
        run = self.event("POST", f"/v1/workflows/{self.workflow_id}/run-async")
        get = self.event("GET", f"/v1/executions/{self.ids[0]}")
        listed = self.event("GET", "/v1/executions")
        stops = [self.event("POST", f"/v1/executions/{execution_id}/stop") for execution_id in self.ids[1:3]]
        slices = [
            {"workspace_id": self.workspace_id, "execution_id": execution_id, "generation": 1}
            for execution_id in self.ids[3:5]
        ]
        found = [
            self.scenario("get", get_execution, get, get),
            self.scenario("list of 20", list_executions, listed, listed),
            self.scenario("stop", stop_execution, *stops),
        ]
        stream = Stream()
        found += [self.scenario("slice of 3 steps", run_steps, *slices), self.scenario("run", run_workflow, run, run)]
        ends = [{"Records": [record]} for record in stream.take()]
        return [*found, self.scenario("publish an end", publish_events, *ends)]
