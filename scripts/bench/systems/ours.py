"""Lodol, twice: its handlers in processes on a stub of AWS, and the whole template on the local cloud."""

import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import boto3
import psutil

from domain.aws.table import Table
from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan
from domain.operations import accounts
from domain.operations.publishing import publish
from lodol.cli.files import read_workflow
from scripts.bench.connection import Connection, Failed
from scripts.bench.systems.system import APPS, System
from scripts.local import cloud as clouds
from scripts.local import deployment
from scripts.local.cloud import REGION, free_port

_CREDITS, _A_MINUTE, _AT_ONCE = 10_000_000, 10_000_000, 1_000_000
_BUILT = deployment.ROOT / ".local" / "bench" / "build"
_TABLE = "table"
_WORKERS = 2 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Seeded:
    """A workspace with the workflow, and a key of all scopes."""

    workspace_id: str
    workflow_id: str
    api_key: str

    @staticmethod
    def at(endpoint_url: str, table_name: str) -> "Seeded":
        """Store what a client needs, as the command line would."""
        table = Table(deployment.session().client("dynamodb", endpoint_url=endpoint_url), table_name)
        now, workflow = datetime.now(UTC), read_workflow(APPS / "order.py")
        workspace = accounts.create_workspace(
            table,
            now,
            name="Bench",
            plan=Plan.ENTERPRISE,
            credits=_CREDITS,
            requests_per_minute=_A_MINUTE,
            concurrent_executions=_AT_ONCE,
        )
        key, _ = accounts.create_key(table, now, workspace, frozenset(Scope))
        stored = publish(table, now, workspace.id, name=workflow.name, description="", program=workflow.program)
        return Seeded(workspace.id, stored.workflow.id, key)


def environment_of_functions(aws: str, site_host: str) -> dict[str, str]:
    """What the template gives to its functions, and where they find what stands in for AWS."""
    root = str(deployment.ROOT)
    return {
        "PYTHONPATH": f"{root}{os.pathsep}{root}/src",
        "AWS_ENDPOINT_URL": aws,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TABLE_NAME": _TABLE,
        "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:bench",
        "SLICE_SECONDS": "5",
        "EXECUTION_TIMEOUT_SECONDS": "3600",
        "ALLOWED_HOSTS": site_host,
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_METRICS_NAMESPACE": "Lodol",
    }


class _Ours(System):
    """What is the same for both: a workspace with the workflow and a key, used through the API."""

    api_url: str
    _seeded: Seeded

    @property
    def site_host(self) -> str:
        return urlsplit(self.site).netloc

    def connect(self) -> Connection:
        return Connection(self.api_url, {"Authorization": f"Bearer {self._seeded.api_key}"})

    def start(self, client: Connection) -> str:
        run = client.send("POST", f"/v1/workflows/{self._seeded.workflow_id}/run-async", {"input": self.work})
        return str(run["execution_id"])

    def poll(self, client: Connection, run: str) -> Any:
        return client.send("GET", f"/v1/executions/{run}")

    def _until_it_runs(self) -> None:
        """The first run, in which everything begins, and that it came to what it should."""
        client = self.connect()
        run = self.until(lambda: self.start(client), self.name)
        self.wait(client, run)
        found = client.send("GET", f"/v1/executions/{run}")
        if found["status"] != "success":
            raise Failed(str(found))


class Handlers(_Ours):
    """The handlers in a pool of processes; what stands in for AWS is measured as well, but not with them."""

    name = "Lodol, handlers in processes"
    what = (
        f"{_WORKERS} workers with the handlers, as Lambda has them; not the two processes that stand in for what are "
        "services on AWS: API Gateway, the front of Lambda, DynamoDB, Step Functions"
    )

    def make_ready(self) -> None:
        functions, aws = free_port(), free_port()
        self._aws, python = f"http://127.0.0.1:{aws}", sys.executable
        environment = environment_of_functions(self._aws, self.site_host)
        at = f"http://127.0.0.1:{functions}"
        self.spawn(python, "-m", "scripts.bench.ours.functions", str(functions), str(_WORKERS), **environment)
        self.spawn(python, "-m", "scripts.bench.ours.aws", str(aws), at, **environment)
        self.api_url = f"{at}/api"
        self.until(lambda: Connection(self._aws).reachable() and Connection(at).reachable(), self.name)
        self._seeded = Seeded.at(self._aws, _TABLE)
        self._until_it_runs()

    @property
    def roots(self) -> list[int]:
        return [child.pid for child in psutil.Process(self.processes[0].pid).children()]

    @property
    def beside(self) -> list[int]:
        return [process.pid for process in self.processes]

    def connect(self) -> Connection:
        client = super().connect()
        client.beside = Connection(self._aws)
        return client

    def wait(self, client: Connection, run: str) -> float:
        assert client.beside  # noqa: S101 - made above
        client.beside.send("GET", f"/ended/{run}")
        return time.time()


class _OnLocalCloud(System):
    """Something that runs on a ministack of its own: what Step Functions says tells when it is done."""

    cloud: clouds.Cloud
    _machine_arn: str

    def _start_cloud(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.cloud = clouds.start(free_port(), self.home, keeps_state=True)
        assert self.cloud.process  # noqa: S101 - it was just started
        self.processes.append(self.cloud.process)

    def connect(self) -> Connection:
        client = Connection(self.cloud.endpoint_url)
        client.beside = client
        return client

    def wait(self, client: Connection, run: str) -> float:
        arn = f"{self._machine_arn.replace(':stateMachine:', ':execution:')}:{run}"

        def ended() -> Any:
            found = self._states(client.beside, "DescribeExecution", {"executionArn": arn})
            return None if found["status"] == "RUNNING" else found

        found = self.until(ended, "an execution of Step Functions")
        if found["status"] != "SUCCEEDED":
            raise Failed(str(found))
        stopped = found["stopDate"]
        return float(stopped) if isinstance(stopped, int | float) else datetime.fromisoformat(stopped).timestamp()

    @staticmethod
    def _states(client: Connection | None, operation: str, asked: Any) -> Any:
        assert client  # noqa: S101 - made in connect
        scope = f"Credential=test/20260101/{REGION}/states/aws4_request"
        return client.send(
            "POST",
            "/",
            asked,
            X_Amz_Target=f"AWSStepFunctions.{operation}",
            Authorization=f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        )


class Stack(_Ours, _OnLocalCloud):
    """The whole product as `make up` starts it, on free ports and in a folder of its own."""

    name = "Lodol, the whole local stack"
    what = "ministack with gateway, DynamoDB and Step Functions in it, and a process for each function"

    @classmethod
    def prepare(cls) -> None:
        deployment.build(_BUILT)

    def connect(self) -> Connection:
        client = super().connect()
        client.beside = _OnLocalCloud.connect(self)
        return client

    def make_ready(self) -> None:
        self._start_cloud()
        deployed = deployment.deploy(
            self.cloud,
            _BUILT,
            "lodol-bench",
            {"SenderAddress": "bench@lodol.example", "AllowedHosts": self.site_host},
        )
        self.api_url, self._machine_arn = deployed.api_url, deployed.state_machine_arn
        self._seeded = Seeded.at(self.cloud.endpoint_url, deployed.table_name)
        self._until_it_runs()


class Emulator(_OnLocalCloud):
    """The least that the same emulator does: the same three transitions, and a function that writes one line."""

    name = "ministack alone"
    what = "the emulator of the line above, with a state machine whose function only writes a line to its log"

    def make_ready(self) -> None:
        self._start_cloud()
        self._function_arn = self._function()
        states = self._client("stepfunctions")
        definition = {
            "StartAt": "Run",
            "States": {
                "Run": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "Choose"}
                | {"Parameters": {"FunctionName": self._function_arn, "Payload.$": "$"}},
                "Choose": {"Type": "Choice", "Choices": [], "Default": "Done"}
                | {"Choices": [{"Variable": "$.Payload.again", "BooleanEquals": True, "Next": "Run"}]},
                "Done": {"Type": "Succeed"},
            },
        }
        role = "arn:aws:iam::000000000000:role/bench"
        made = states.create_state_machine(name="bench", definition=json.dumps(definition), roleArn=role)
        self._machine_arn = made["stateMachineArn"]
        client = self.connect()
        self.wait(client, self.start(client))

    def start(self, client: Connection) -> str:
        asked = {"stateMachineArn": self._machine_arn, "input": json.dumps(self.work)}
        return str(self._states(client.beside, "StartExecution", asked)["executionArn"].rpartition(":")[2])

    def poll(self, client: Connection, run: str) -> Any:
        arn = f"{self._machine_arn.replace(':stateMachine:', ':execution:')}:{run}"
        return self._states(client.beside, "DescribeExecution", {"executionArn": arn})

    def _function(self) -> str:
        code = BytesIO()
        with ZipFile(code, "w") as zipped:
            zipped.writestr("app.py", "def handler(event, context):\n    print('run')\n    return {'again': False}\n")
        made = self._client("lambda").create_function(
            FunctionName="bench",
            Runtime="python3.13",
            Role="arn:aws:iam::000000000000:role/bench",
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
        )
        return str(made["FunctionArn"])

    def _client(self, service: Any) -> Any:
        return boto3.Session("test", "test", region_name=REGION).client(service, endpoint_url=self.cloud.endpoint_url)
