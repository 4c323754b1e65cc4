"""`make bench`: CPU of cold starts and warm requests, from the packages that `sam build` makes.

A cold start is a process of its own, from its first import to its first answer; it stands beside one that only imports
boto3 and makes the two clients. A warm request stands beside nothing but the calls of AWS that it makes. AWS answers
over HTTP from a recording, so its own time is in none of the figures. All kinds of processes take turns.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from moto import mock_aws

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
from handlers import get_execution, list_executions, run_steps, run_workflow, stop_execution
from handlers.worker import Worker
from scripts.package import package_into
from tests.bench.recording import Player, playing, recorded
from tests.bench.worker import Context
from tests.support.template import create_table

_WORKER = Path(__file__).with_name("worker.py")
_MACHINE = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9999, "End": true}}}'
_ALONE = "boto3 and two clients"
_LISTED = 20
_ATTEMPTS = 3
"""A process in which a minute ends looks at its key again, for which the recording has no answer."""
_STEPS: Value = {
    "kind": "Program",
    "body": [
        {"kind": "LetStmt", "name": f"n{number}", "init": {"kind": "Literal", "value": number}} for number in range(3)
    ],
}
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "TABLE_NAME": "table",
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
        dynamodb, machines = boto3.client("dynamodb"), boto3.client("stepfunctions")
        self.clients = [dynamodb, machines]
        create_table(dynamodb)
        created = machines.create_state_machine(
            name="machine", definition=_MACHINE, roleArn="arn:aws:iam::123456789012:role/machine"
        )
        os.environ["STATE_MACHINE_ARN"] = arn = created["stateMachineArn"]
        table = Table(dynamodb, "table")
        self.stack, now = Stack(lambda: table, lambda: StateMachine(machines, arn)), utc_now()
        workspace = accounts.create_workspace(table, now, name="Bench", plan=Plan.ENTERPRISE, credits=1000)
        self.workspace_id = workspace.id
        self.key, _ = accounts.create_key(table, now, workspace, frozenset(Scope))
        stored = publish(table, now, workspace.id, name="Bench", description="", program=_STEPS)
        self.workflow_id = stored.workflow.id
        self.ids = [self.run() for _ in range(_LISTED + 1)]

    def run(self) -> str:
        """Start an execution."""
        event = self.event("POST", "/v1/workflows/{workflow_id}/run-async", workflow_id=self.workflow_id)
        answer = run_workflow.handler(event, Context(), Worker(self.stack, utc_now))  # type: ignore[arg-type]
        execution_id: str = json.loads(answer["body"])["execution_id"]
        return execution_id

    def event(self, method: str, resource: str, **path: str) -> Any:
        """A request as the gateway hands it over."""
        name = resource.format(**path)
        return {
            "resource": resource,
            "path": name,
            "httpMethod": method,
            "headers": {"Host": "api.example.com", "Authorization": f"Bearer {self.key}"},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": path,
            "requestContext": {"path": f"/api{name}", "stage": "api"},
            "body": None,
            "isBase64Encoded": False,
        }

    def scenario(self, name: str, module: Any, *events: Any) -> Scenario:
        """Have both events answered, the second by a worker that the first has warmed."""
        handler, worker = module.handler, Worker(self.stack, utc_now)
        works_with = SliceContext.of_environment(self.stack, utc_now) if module is run_steps else worker
        first, later = (recorded(self.clients, partial(handler, event, Context(), works_with)) for event in events)
        return Scenario(name, f"{module.__name__}.handler", (events[0], events[1]), Player(first, later))

    def scenarios(self) -> list[Scenario]:
        """The four endpoints, and a slice of three pure steps."""
        run = self.event("POST", "/v1/workflows/{workflow_id}/run-async", workflow_id=self.workflow_id)
        get = self.event("GET", "/v1/executions/{execution_id}", execution_id=self.ids[0])
        listed = self.event("GET", "/v1/executions")
        stops = [self.event("POST", "/v1/executions/{execution_id}/stop", execution_id=i) for i in self.ids[1:3]]
        slices = [
            {"workspace_id": self.workspace_id, "execution_id": execution_id, "generation": 1}
            for execution_id in self.ids[3:5]
        ]
        return [
            self.scenario("get", get_execution, get, get),
            self.scenario("list of 20", list_executions, listed, listed),
            self.scenario("stop", stop_execution, *stops),
            self.scenario("slice of 3 steps", run_steps, *slices),
            self.scenario("run", run_workflow, run, run),
        ]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="processes of each kind")
    parser.add_argument("--requests", type=int, default=200, help="warm requests of a process")
    parser.add_argument("--only", default="", help="the scenarios whose names begin so")
    parser.add_argument("packages", nargs="*", help="packages to compare, instead of the one of this tree")
    asked = parser.parse_args()
    os.environ.update(_ENVIRONMENT)
    with mock_aws():
        scenarios = [one for one in Emulated().scenarios() if one.name.startswith(asked.only)]
    with tempfile.TemporaryDirectory() as home:
        packages = asked.packages
        if not packages:
            package_into(Path(home) / "package")
            packages = [f"{home}/package"]
        found = {package: _Results() for package in packages}
        for _ in range(asked.rounds):
            for package, results in found.items():
                results.measure(package, scenarios, asked.requests, Path(home))
    for package, results in found.items():
        print(f"\n{package}: medians of {asked.rounds} processes\n")
        results.show()


class _Results:
    """What the processes of one package have said, by the name of what they did."""

    def __init__(self) -> None:
        self._found: dict[str, list[dict[str, float]]] = defaultdict(list)

    def measure(self, package: str, scenarios: list[Scenario], requests: int, home: Path) -> None:
        """Start a process of each kind."""
        self._found[_ALONE].append(_process(package, "none", "", "", 0, Player()))
        for scenario in scenarios:
            paths = [home / "first.json", home / "later.json"]
            for path, event in zip(paths, scenario.events, strict=True):
                path.write_text(json.dumps(event))
            result = _process(package, scenario.handler, str(paths[0]), str(paths[1]), requests, scenario.player)
            self._found[scenario.name].append(result)

    def show(self) -> None:
        """Print a line for each kind."""
        print(f"{'':24}{'cold ms':>9}{'times':>7}{'modules':>9}{'warm ms':>9}{'alone ms':>10}{'times':>7}{'calls':>7}")
        base = median(one["cold"] for one in self._found[_ALONE])
        for name, results in self._found.items():
            of = {figure: median(one[figure] for one in results) for figure in results[0]}
            line = f"{name:24}{of['cold'] * 1000:9.0f}{of['cold'] / base:7.2f}{of['modules']:9.0f}"
            if "warm" in of:
                ratio = median(one["warm"] / one["alone"] for one in results)
                line += f"{of['warm'] * 1000:9.2f}{of['alone'] * 1000:10.2f}{ratio:7.2f}{of['calls']:7.0f}"
            print(line)


def _process(package: str, handler: str, first: str, later: str, requests: int, player: Player) -> dict[str, float]:
    with playing(player) as url:
        for _ in range(_ATTEMPTS):
            player.given.clear()
            done = subprocess.run(
                [sys.executable, "-S", _WORKER, package, handler, first, later, str(requests)],
                env={**os.environ, "AWS_ENDPOINT_URL": url},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
                return answer
    sys.exit(done.stderr)


if __name__ == "__main__":
    main()
