"""A run is admitted in one atomic write, or refused with nothing charged."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.entities import executions, workflows, workspaces
from domain.entities.executions import Status
from domain.entities.workflows import Workflow
from domain.entities.workspaces import Plan, Workspace
from domain.operations import accounts, publishing
from domain.operations.admission import Rerun
from domain.operations.idempotency import carry_out
from domain.program.values import Value
from domain.refusals import (
    ConcurrencyLimitReached,
    IdempotencyKeyReused,
    InsufficientCredits,
    WorkflowArchived,
    WorkflowNotFound,
)
from tests.support import operations
from tests.support.given import NOW, PROGRAM
from tests.support.operations import publish, started


def run(
    stack: Stack, workflow: Workflow, *, key: str | None = None, program_input: Value = None, at: datetime = NOW
) -> tuple[dict[str, str], bool]:
    workspace = workspaces.read(stack.table, workflow.workspace_id)
    success = operations.run(stack, at, workspace, workflow.id, program_input, key)
    return json.loads(success.body), success.is_replay


def test_a_run_takes_one_credit_and_one_slot_and_is_started(table: Table, stack: Stack, workflow: Workflow) -> None:
    body, replayed = run(stack, workflow)

    assert body == {
        "execution_id": body["execution_id"],
        "workflow_id": workflow.id,
        "status": "running",
        "created_at": "2026-01-15T10:30:00+00:00",
    }
    assert not replayed
    after = workspaces.read(table, workflow.workspace_id)
    assert (after.credits, after.running) == (2, 1)
    execution = executions.read(table, workflow.workspace_id, body["execution_id"])
    assert (execution.status, execution.version, execution.workflow_name) == (Status.RUNNING, 1, "One")
    assert stack.state_machine.describe(body["execution_id"], 1) == "running"
    assert executions.last_started_at(table, workflow.workspace_id, workflow.id) == "2026-01-15T10:30:00+00:00"


def test_a_workflow_was_last_run_when_its_newest_execution_started(stack: Stack, workflow: Workflow) -> None:
    another = publish(stack.table, NOW, workflow.workspace_id, name="Two", description="", program=PROGRAM)
    for minutes in (1, 2):
        run(stack, workflow, at=NOW + timedelta(minutes=minutes))

    def last_run_of(which: Workflow) -> str | None:
        return executions.last_started_at(stack.table, which.workspace_id, which.id)

    assert (last_run_of(workflow), last_run_of(another)) == ("2026-01-15T10:32:00+00:00", None)


def test_without_credits_a_run_is_refused_and_leaves_no_trace(table: Table, stack: Stack, workflow: Workflow) -> None:
    broke = accounts.create_workspace(table, NOW, name="Broke", plan=Plan.PRO)
    publish(table, NOW, broke.id, name="One", description="", program=PROGRAM, workflow_id=workflow.id)

    with pytest.raises(InsufficientCredits):
        operations.run(stack, NOW, broke, workflow.id, key="k")

    assert workspaces.read(table, broke.id).running == 0
    assert executions.list_page(table, broke.id) == []


def test_as_many_run_as_the_limit_allows(table: Table, stack: Stack, workflow: Workflow) -> None:
    run(stack, workflow)
    run(stack, workflow)

    with pytest.raises(ConcurrencyLimitReached) as refused:
        run(stack, workflow)

    assert refused.value.limit == 2
    assert workspaces.read(table, workflow.workspace_id).credits == 1


def test_an_unknown_workflow_is_not_found(table: Table, stack: Stack, workspace: Workspace) -> None:
    with pytest.raises(WorkflowNotFound):
        operations.run(stack, NOW, workspace, "0" * 24)


def test_a_rerun_whose_workflow_is_gone_is_not_found_and_nothing_is_charged(
    table: Table, dynamodb: Any, stack: Stack, workflow: Workflow
) -> None:
    at = workflows.key(workflow.workspace_id, workflow.id)
    execution_id = run(stack, workflow)[0]["execution_id"]
    operations.stop(stack, NOW, workflow.workspace_id, execution_id)
    dynamodb.delete_item(TableName="table", Key={"pk": {"S": at.pk}, "sk": {"S": at.sk}})

    workspace = workspaces.read(table, workflow.workspace_id)
    with pytest.raises(WorkflowNotFound):
        carry_out(stack, Rerun(now=NOW, workspace=workspace, execution_id=execution_id))

    assert table.get(at) is None
    assert workspaces.read(table, workflow.workspace_id).credits == 2


def test_what_a_read_left_out_is_read_again(table: Table, dynamodb: Any, stack: Stack, workflow: Workflow) -> None:
    """DynamoDB may answer a batch in part, and names the rest."""
    left_out: list[Any] = []

    def leave_out(parsed: Any, **_: Any) -> None:
        if not left_out:
            left_out.append(parsed["Responses"]["table"].pop())
            rest = [{"pk": left_out[0]["pk"], "sk": left_out[0]["sk"]}]
            parsed["UnprocessedKeys"] = {"table": {"Keys": rest, "ConsistentRead": True}}

    dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", leave_out)

    assert run(stack, workflow)[0]["status"] == "running"
    assert len(left_out) == 1


def test_another_workspaces_workflow_is_not_found(table: Table, stack: Stack, workflow: Workflow) -> None:
    other = accounts.create_workspace(table, NOW, name="Other", plan=Plan.PRO, credits=1)

    with pytest.raises(WorkflowNotFound):
        operations.run(stack, NOW, other, workflow.id)


class TestIdempotencyKeys:
    def test_a_repeat_gets_the_same_answer_and_charges_nothing(
        self, table: Table, stack: Stack, workflow: Workflow
    ) -> None:
        first, _ = run(stack, workflow, key="k", program_input={"a": 1})
        again, replayed = run(stack, workflow, key="k", program_input={"a": 1}, at=NOW + timedelta(hours=23))

        assert (again, replayed) == (first, True)
        assert workspaces.read(table, workflow.workspace_id).credits == 2

    def test_a_repeat_is_answered_when_credits_and_slots_are_gone(
        self, table: Table, stack: Stack, workflow: Workflow
    ) -> None:
        tight = accounts.create_workspace(table, NOW, name="T", plan=Plan.PRO, credits=1, concurrent_executions=1)
        theirs = publish(table, NOW, tight.id, name="One", description="", program=PROGRAM)
        first, _ = run(stack, theirs, key="k")

        assert run(stack, theirs, key="k") == (first, True)

    def test_a_receipt_that_another_wrote_meanwhile_answers_before_any_402(
        self, table: Table, stack: Stack, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tight = accounts.create_workspace(table, NOW, name="T", plan=Plan.PRO, credits=1)
        theirs = publish(table, NOW, tight.id, name="One", description="", program=PROGRAM)
        first, _ = run(stack, theirs, key="k")
        read = table.get_many

        def read_before_the_receipt(*wanted: Key) -> dict[Key, object]:
            return {key: item for key, item in read(*wanted).items() if not key.sk.startswith("RECEIPT#")}

        monkeypatch.setattr(table, "get_many", read_before_the_receipt)

        assert run(stack, theirs, key="k") == (first, True)

    def test_nor_is_it_refused_by_the_archiving_of_its_workflow(
        self, table: Table, stack: Stack, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, _ = run(stack, workflow, key="k")
        publishing.archive(table, NOW, workflow.workspace_id, workflow.id)
        read = table.get_many
        monkeypatch.setattr(
            table,
            "get_many",
            lambda *wanted: {key: item for key, item in read(*wanted).items() if not key.sk.startswith("RECEIPT#")},
        )

        assert run(stack, workflow, key="k") == (first, True)
        with pytest.raises(WorkflowArchived):
            run(stack, workflow, key="another")

    def test_a_key_used_for_another_request_is_refused_with_its_owner(
        self, table: Table, stack: Stack, workflow: Workflow
    ) -> None:
        first, _ = run(stack, workflow, key="k", program_input={"a": 1})

        with pytest.raises(IdempotencyKeyReused) as refused:
            run(stack, workflow, key="k", program_input={"a": 2})

        assert refused.value.owner_id == first["execution_id"]

    def test_an_expired_key_is_free_though_its_record_is_still_there(
        self, table: Table, stack: Stack, workflow: Workflow
    ) -> None:
        first, _ = run(stack, workflow, key="k")
        again, replayed = run(stack, workflow, key="k", at=NOW + timedelta(hours=24))

        assert again["execution_id"] != first["execution_id"]
        assert not replayed


@pytest.mark.parametrize("given", [None, {"a": 1}])
def test_an_input_is_stored_apart_unless_it_is_null(
    stack: Stack, workspace: Workspace, workflow: Workflow, given: Any
) -> None:
    execution_id = started(stack, NOW, workspace, workflow.id, given)

    assert (stack.table.get(executions.input_key(execution_id)) is None) is (given is None)
