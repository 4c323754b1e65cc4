"""A run is admitted in one atomic write, or refused with nothing charged."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import admission, executions, keys, workflows, workspaces
from domain.executions import Status
from domain.refusals import (
    ConcurrencyLimitReached,
    IdempotencyKeyReused,
    InsufficientCredits,
    InvalidRequest,
    WorkflowNotFound,
)
from domain.state_machine import Flight, StateMachine
from domain.table import Table
from domain.workflows import Workflow
from domain.workspaces import Plan, Workspace
from tests.integration.conftest import NOW, PROGRAM


def run(
    table: Table,
    machine: StateMachine,
    workflow: Workflow,
    *,
    key: str | None = None,
    program_input: object = None,
    at: datetime = NOW,
) -> tuple[dict[str, str], bool]:
    workspace = workspaces.read(table, workflow.workspace_id)
    answer = admission.admit(table, machine, at, workspace, workflow.id, program_input, key)  # type: ignore[arg-type]
    return json.loads(answer.body), answer.replayed


def test_a_run_takes_one_credit_and_one_slot_and_is_started(
    table: Table, machine: StateMachine, workflow: Workflow
) -> None:
    body, replayed = run(table, machine, workflow)

    assert body == {
        "execution_id": body["execution_id"],
        "workflow_id": workflow.id,
        "status": "running",
        "created_at": "2026-01-15T10:30:00+00:00",
    }
    assert not replayed
    after = workspaces.read(table, workflow.workspace_id)
    assert (after.credits, set(after.running)) == (2, {body["execution_id"]})
    execution = executions.read(table, workflow.workspace_id, body["execution_id"])
    assert (execution.status, execution.version, execution.workflow_name) == (Status.RUNNING, 1, "One")
    assert machine.look(body["execution_id"]) is not Flight.NEVER_STARTED
    assert workflows.read(table, workflow.workspace_id, workflow.id).last_run_at == "2026-01-15T10:30:00+00:00"


def test_without_credits_a_run_is_refused_and_leaves_no_trace(
    table: Table, machine: StateMachine, workflow: Workflow
) -> None:
    broke = workspaces.create(table, NOW, name="Broke", plan=Plan.PRO)
    workflows.put(table, NOW, broke.id, name="One", description="", program=PROGRAM, workflow_id=workflow.id)

    with pytest.raises(InsufficientCredits):
        admission.admit(table, machine, NOW, broke, workflow.id, None, "k")

    assert workspaces.read(table, broke.id).running == frozenset()
    assert executions.list_page(table, broke.id, 10, None, None) == []


def test_a_refused_key_works_once_there_are_credits(table: Table, machine: StateMachine, workflow: Workflow) -> None:
    broke = workspaces.create(table, NOW, name="Broke", plan=Plan.PRO)
    theirs = workflows.put(table, NOW, broke.id, name="One", description="", program=PROGRAM)
    with pytest.raises(InsufficientCredits):
        run(table, machine, theirs, key="k")

    workspaces.grant(table, NOW, broke.id, 1, "a gift")

    _, replayed = run(table, machine, theirs, key="k")
    assert not replayed


def test_as_many_run_as_the_limit_allows(table: Table, machine: StateMachine, workflow: Workflow) -> None:
    run(table, machine, workflow)
    run(table, machine, workflow)

    with pytest.raises(ConcurrencyLimitReached) as refused:
        run(table, machine, workflow)

    assert refused.value.limit == 2
    assert workspaces.read(table, workflow.workspace_id).credits == 1


def test_an_unknown_workflow_is_not_found(table: Table, machine: StateMachine, workspace: Workspace) -> None:
    with pytest.raises(WorkflowNotFound):
        admission.admit(table, machine, NOW, workspace, "0" * 24, None, None)


def test_a_workflow_that_goes_away_meanwhile_is_not_found_and_nothing_is_charged(
    table: Table, dynamodb: Any, machine: StateMachine, workflow: Workflow
) -> None:
    at = keys.workflow(workflow.workspace_id, workflow.id)

    def go_away(**_: Any) -> None:
        dynamodb.delete_item(TableName="table", Key={"pk": {"S": at.pk}, "sk": {"S": at.sk}})

    dynamodb.meta.events.register("before-call.dynamodb.TransactWriteItems", go_away)
    with pytest.raises(WorkflowNotFound):
        run(table, machine, workflow)

    assert table.get(at) is None
    assert workspaces.read(table, workflow.workspace_id).credits == 3


def test_what_a_read_left_out_is_read_again(
    table: Table, dynamodb: Any, machine: StateMachine, workflow: Workflow
) -> None:
    """DynamoDB may answer a batch in part, and names the rest."""
    left_out: list[Any] = []

    def leave_out(parsed: Any, **_: Any) -> None:
        if not left_out:
            left_out.append(parsed["Responses"]["table"].pop())
            rest = [{"pk": left_out[0]["pk"], "sk": left_out[0]["sk"]}]
            parsed["UnprocessedKeys"] = {"table": {"Keys": rest, "ConsistentRead": True}}

    dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", leave_out)

    assert run(table, machine, workflow)[0]["status"] == "running"
    assert len(left_out) == 1


def test_another_workspaces_workflow_is_not_found(table: Table, machine: StateMachine, workflow: Workflow) -> None:
    other = workspaces.create(table, NOW, name="Other", plan=Plan.PRO, credits=1)

    with pytest.raises(WorkflowNotFound):
        admission.admit(table, machine, NOW, other, workflow.id, None, None)


class TestIdempotencyKeys:
    def test_a_repeat_gets_the_same_answer_and_charges_nothing(
        self, table: Table, machine: StateMachine, workflow: Workflow
    ) -> None:
        first, _ = run(table, machine, workflow, key="k", program_input={"a": 1})
        again, replayed = run(table, machine, workflow, key="k", program_input={"a": 1}, at=NOW + timedelta(hours=23))

        assert (again, replayed) == (first, True)
        assert workspaces.read(table, workflow.workspace_id).credits == 2

    def test_a_repeat_is_answered_when_credits_and_slots_are_gone(
        self, table: Table, machine: StateMachine, workflow: Workflow
    ) -> None:
        tight = workspaces.create(table, NOW, name="T", plan=Plan.PRO, credits=1, concurrent_executions=1)
        theirs = workflows.put(table, NOW, tight.id, name="One", description="", program=PROGRAM)
        first, _ = run(table, machine, theirs, key="k")

        assert run(table, machine, theirs, key="k") == (first, True)

    def test_a_receipt_that_another_wrote_meanwhile_answers_before_any_402(
        self, table: Table, machine: StateMachine, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tight = workspaces.create(table, NOW, name="T", plan=Plan.PRO, credits=1)
        theirs = workflows.put(table, NOW, tight.id, name="One", description="", program=PROGRAM)
        first, _ = run(table, machine, theirs, key="k")
        read = table.get_many

        def read_before_the_receipt(*wanted: keys.Key) -> dict[keys.Key, object]:
            return {key: item for key, item in read(*wanted).items() if not key.sk.startswith("RECEIPT#")}

        monkeypatch.setattr(table, "get_many", read_before_the_receipt)

        assert run(table, machine, theirs, key="k") == (first, True)

    def test_a_key_used_for_another_request_is_refused_with_its_owner(
        self, table: Table, machine: StateMachine, workflow: Workflow
    ) -> None:
        first, _ = run(table, machine, workflow, key="k", program_input={"a": 1})

        with pytest.raises(IdempotencyKeyReused) as refused:
            run(table, machine, workflow, key="k", program_input={"a": 2})

        assert refused.value.execution_id == first["execution_id"]

    def test_an_expired_key_is_free_though_its_record_is_still_there(
        self, table: Table, machine: StateMachine, workflow: Workflow
    ) -> None:
        first, _ = run(table, machine, workflow, key="k")
        again, replayed = run(table, machine, workflow, key="k", at=NOW + timedelta(hours=24))

        assert again["execution_id"] != first["execution_id"]
        assert not replayed

    @pytest.mark.parametrize("key", ["", "k" * 257])
    def test_a_key_of_no_or_too_many_characters_is_refused(
        self, table: Table, machine: StateMachine, workflow: Workflow, key: str
    ) -> None:
        with pytest.raises(InvalidRequest):
            run(table, machine, workflow, key=key)

    def test_a_key_of_256_characters_is_taken(self, table: Table, machine: StateMachine, workflow: Workflow) -> None:
        assert run(table, machine, workflow, key="k" * 256)[1] is False


def test_an_admitted_run_outlives_a_start_that_fails(
    table: Table, unreachable_machine: StateMachine, workflow: Workflow
) -> None:
    body, _ = run(table, unreachable_machine, workflow)

    assert executions.read(table, workflow.workspace_id, body["execution_id"]).status is Status.RUNNING
