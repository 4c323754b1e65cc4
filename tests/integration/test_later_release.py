"""What a later release has stored in a shape unknown here is left to its workers, and tried again until one has it."""

import json
import logging
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import KNOWN_SHAPE, SHAPE
from domain.engine.slices import run_slice
from domain.entities import executions
from domain.entities.workspaces import Plan
from domain.moments import utc_now
from domain.operations import accounts
from domain.refusals import NewerShape, Unavailable
from handlers.worker import Worker
from tests.support.commands import deploy, refused
from tests.support.conformance import START, World, slices_of, start
from tests.support.programs import let, literal, program
from tests.support.shop import Shop
from tests.support.template import ROOT


def _written_later(dynamodb: Any, pk: str, sk: str) -> None:
    dynamodb.update_item(
        TableName="table",
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": str(KNOWN_SHAPE + 1)}},
    )


def test_what_is_written_is_known() -> None:
    assert SHAPE <= KNOWN_SHAPE


def test_a_slice_does_nothing_and_its_state_machine_tries_again_as_where_aws_does_not_answer(
    dynamodb: Any, stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    workspace_id, execution_id = start(stack, program(let("x", literal(1))))
    at = executions.key(workspace_id, execution_id)
    _written_later(dynamodb, *at)
    before = dynamodb.scan(TableName="table")["Items"]

    with caplog.at_level(logging.ERROR), pytest.raises(NewerShape) as raised:
        run_slice(slices_of(stack, World(START)), workspace_id, execution_id)

    assert dynamodb.scan(TableName="table")["Items"] == before
    assert "stored by a later release" in caplog.text
    machine = json.loads((ROOT / "statemachine/run_workflow.asl.json").read_text())
    for state in ("RunSteps", "AwaitDecisions"):
        patient, *_ = machine["States"][state]["Retry"]
        # Lambda names an error by the class of its exception.
        assert {type(raised.value).__name__, Unavailable.__name__} <= set(patient["ErrorEquals"])
        assert patient["MaxAttempts"] >= 200


def test_a_request_is_503_and_may_be_repeated(dynamodb: Any, worker: Worker) -> None:
    shop = Shop(worker)
    execution_id = shop.run()[2]["execution_id"]
    _written_later(dynamodb, *executions.key(shop.workspace.id, execution_id))

    status, headers, _ = shop.get(execution_id)

    assert (status, headers["error-code"], headers["retry-after"]) == (503, "unavailable", "5")


def test_an_older_command_line_says_that_it_is_too_old(
    dynamodb: Any, table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    deploy(machine, monkeypatch, tmp_path)
    workspace = accounts.create_workspace(table, utc_now(), name="Acme", plan=Plan.PRO, credits=1)
    _written_later(dynamodb, f"WS#{workspace.id}", "WORKSPACE")

    assert refused("workspace", "show", workspace.id) == (
        "A later release has stored what this lodol does not know: use that of the release."
    )
