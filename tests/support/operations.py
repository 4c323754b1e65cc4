"""Short ways to carry out operations in tests."""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import boto3

from domain.aws.bus import Bus
from domain.aws.queue import Queue
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.entities import executions
from domain.entities.executions import FOR_EVER, End, Retention
from domain.entities.workflows import Workflow
from domain.entities.workspaces import Workspace
from domain.operations import publishing
from domain.operations.admission import Run
from domain.operations.granting import Grant
from domain.operations.idempotency import Success, carry_out
from domain.operations.stopping import Stop
from domain.program.values import Value


def stack_of(table: Table, machine: StateMachine) -> Stack:
    """A stack of these parts; all else is made when it is used, where AWS is moto's."""
    return Stack(lambda: table, lambda: machine, _bus, _event_dead_letters, _deliveries, _webhook_key)


WEBHOOK_KEY = b"the key of the tests"


def _webhook_key() -> bytes:
    client, name = boto3.client("secretsmanager"), "WebhookKey"
    with suppress(client.exceptions.ResourceExistsException):
        client.create_secret(Name=name, SecretString=WEBHOOK_KEY.decode())
    return client.get_secret_value(SecretId=name)["SecretString"].encode()


def _deliveries() -> Queue:
    client = boto3.client("sqs")
    created = client.create_queue(QueueName="deliveries.fifo", Attributes={"FifoQueue": "true"})
    return Queue(client, created["QueueUrl"])


def _bus() -> Bus:
    client = boto3.client("events")
    client.create_event_bus(Name="bus")
    return Bus(client, "bus")


def _event_dead_letters() -> Queue:
    client = boto3.client("sqs")
    return Queue(client, client.create_queue(QueueName="event-dead-letters")["QueueUrl"])


def publish(table: Table, now: datetime, workspace_id: str, **whole: Any) -> Workflow:
    """Store a workflow."""
    return publishing.publish(table, now, workspace_id, **whole).workflow


def run(
    stack: Stack,
    now: datetime,
    workspace: Workspace,
    workflow_id: str,
    program_input: Value = None,
    key: str | None = None,
    retention: Retention = FOR_EVER,
) -> Success:
    """Start an execution of a workflow."""
    return carry_out(
        stack,
        Run(
            now=now,
            idempotency_key=key,
            workspace=workspace,
            workflow_id=workflow_id,
            program_input=program_input,
            retention=retention,
        ),
    )


def started(
    stack: Stack,
    now: datetime,
    workspace: Workspace,
    workflow_id: str,
    program_input: Value = None,
    retention: Retention = FOR_EVER,
) -> str:
    """Start an execution of a workflow; answers its id."""
    made = run(stack, now, workspace, workflow_id, program_input, retention=retention)
    return str(json.loads(made.body)["execution_id"])


def stop(stack: Stack, now: datetime, workspace_id: str, execution_id: str, key: str | None = None) -> Success:
    """Stop an execution."""
    return carry_out(stack, Stop(now=now, idempotency_key=key, workspace_id=workspace_id, execution_id=execution_id))


def end(table: Table, workspace_id: str, execution_id: str, how: End) -> None:
    """End an execution, and leave its slot taken."""
    table.commit(executions.end(executions.read_state(table, workspace_id, execution_id), how))


def grant(
    stack: Stack, now: datetime, workspace_id: str, amount: int, reason: str = "a gift", key: str | None = None
) -> Success:
    """Grant credits to a workspace."""
    return carry_out(
        stack, Grant(now=now, idempotency_key=key, workspace_id=workspace_id, amount=amount, reason=reason)
    )
