"""Commands of `lodol` on a stack in this process."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from domain.aws.state_machine import StateMachine
from lodol.cli.main import app


def deploy(machine: StateMachine, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make a CloudFormation stack whose outputs name table, state machine and dead letters, and let it be meant."""
    outputs = {
        "TableName": {"Value": "table"},
        "StateMachineArn": {"Value": machine._arn},
        "DeadLettersUrl": {"Value": {"Ref": "Queue"}},
        "EventDeadLettersUrl": {"Value": {"Ref": "EventQueue"}},
        "EventBusName": {"Value": "acme"},
        "RetentionDays": {"Value": "90,365"},
    }
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}, "EventQueue": {"Type": "AWS::SQS::Queue"}}
    boto3.client("events").create_event_bus(Name="acme")
    body = json.dumps({"Resources": queue, "Outputs": outputs})
    boto3.client("cloudformation").create_stack(StackName="acme", TemplateBody=body)
    monkeypatch.setenv("LODOL_STACK", "acme")
    monkeypatch.chdir(folder)


def lodol(*arguments: str) -> Any:
    """What a command prints that does what it is asked."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    """What a command says that cannot."""
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 1, done.output
    return done.stderr.strip() or done.stdout.strip()
