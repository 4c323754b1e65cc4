"""AWS in this process, in one thread: moto with the table and the state machine of the template."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest
import yaml
from moto import mock_aws

from domain import workflows, workspaces
from domain.callables.settings import the_settings
from domain.program.values import Value
from domain.state_machine import StateMachine, the_state_machine
from domain.table import Table, the_table
from domain.workflows import Workflow
from domain.workspaces import Plan, Workspace
from handlers.http import the_gate
from handlers.run_steps import the_workshop

ROOT = Path(__file__).resolve().parents[2]

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
PROGRAM: Value = {"kind": "Program", "body": [{"kind": "ExprStmt", "expr": {"kind": "Literal", "value": 1}}]}


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's YAML; its functions become their arguments."""


_TemplateLoader.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    ),
)


@cache
def template() -> Any:
    """The template as it stands."""
    return yaml.load((ROOT / "template.yaml").read_text(), Loader=_TemplateLoader)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> Any:
    client = boto3.client("dynamodb")
    create_table(client)
    return client


def create_table(client: Any) -> None:
    """Create the table as the template says."""
    properties = template()["Resources"]["Table"]["Properties"]
    client.create_table(
        TableName="table",
        **{
            name: properties[name]
            for name in ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        },
    )


@pytest.fixture
def table(dynamodb: Any) -> Table:
    return Table(dynamodb, "table", sleep=lambda _: None)


@pytest.fixture
def stepfunctions(aws: None) -> Any:
    return boto3.client("stepfunctions")


@pytest.fixture
def machine(stepfunctions: Any) -> StateMachine:
    waiting = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9999, "End": true}}}'
    role = "arn:aws:iam::123456789012:role/machine"
    created = stepfunctions.create_state_machine(name="machine", definition=waiting, roleArn=role)
    return StateMachine(stepfunctions, created["stateMachineArn"])


@pytest.fixture
def unreachable_machine(stepfunctions: Any) -> StateMachine:
    return StateMachine(stepfunctions, "arn:aws:states:us-east-1:123456789012:stateMachine:missing")


@pytest.fixture
def worker(table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the functions, as the template gives them, in a worker that is cold."""
    monkeypatch.setenv("TABLE_NAME", "table")
    monkeypatch.setenv("STATE_MACHINE_ARN", machine._arn)
    monkeypatch.setenv("SLICE_SECONDS", "5")
    monkeypatch.setenv("EXECUTION_TIMEOUT_SECONDS", "5184000")
    for made_once in (the_table, the_state_machine, the_gate, the_workshop, the_settings):
        made_once.cache_clear()


@pytest.fixture
def workspace(table: Table) -> Workspace:
    return workspaces.create(table, NOW, name="Acme", plan=Plan.PRO, credits=3, concurrent_executions=2)


@pytest.fixture
def workflow(table: Table, workspace: Workspace) -> Workflow:
    return workflows.put(table, NOW, workspace.id, name="One", description="", program=PROGRAM)


class AtCommit(Protocol):
    def __call__(self, action: Callable[[], Any], *, nth: int = 1) -> None: ...


@pytest.fixture
def at_commit(dynamodb: Any) -> AtCommit:
    """Lets something happen right before the nth transaction from now on is carried out."""

    def arrange(action: Callable[[], Any], *, nth: int = 1) -> None:
        left = [nth]

        def happen(**_: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                action()

        dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", happen)

    return arrange
