"""Admission: a run is admitted in one atomic write of receipt, credit, slot and execution."""

from datetime import datetime

from domain import executions, keys, receipts, workflows, workspaces
from domain.executions import Status
from domain.ids import new_id
from domain.moments import to_text
from domain.program.values import Value, dumps
from domain.receipts import Answer
from domain.refusals import WorkflowNotFound
from domain.state_machine import StateMachine
from domain.table import Table
from domain.workflows import Workflow
from domain.workspaces import Workspace
from domain.writes import ABSENT, PRESENT, Item, Write


def admit(
    table: Table,
    machine: StateMachine,
    now: datetime,
    workspace: Workspace,
    workflow_id: str,
    program_input: Value,
    idempotency_key: str | None,
) -> Answer:
    """Start an execution of a workflow and answer with the body of the 202.

    What is admitted is started, by this call or, where the start gets lost, by reconciliation.
    Raises `WorkflowNotFound`, `InsufficientCredits`, `ConcurrencyLimitReached`, `IdempotencyKeyReused`,
    `IdempotencyKeyInFlight` or `Contention`. Rule: CONTRACT "Run", "Idempotency-Key".
    Model step: Admit.
    """
    claim = receipts.claim(workspace.id, "run", idempotency_key, workflow_id, program_input)
    at_workflow = keys.workflow(workspace.id, workflow_id)
    found = table.get_many(at_workflow, *([claim.at] if claim else []))
    if claim and (answer := claim.replay(found.get(claim.at), now)):
        _make_sure_of_start(table, machine, workspace.id, found[claim.at]["execution_id"])
        return answer
    if at_workflow not in found:
        raise WorkflowNotFound
    workflow = workflows.from_item(found[at_workflow])
    execution_id = new_id(now)
    body = dumps(
        {
            "execution_id": execution_id,
            "workflow_id": workflow.id,
            "status": Status.RUNNING.value,
            "created_at": to_text(now),
        }
    )
    writes = _writes(workspace, workflow, execution_id, program_input, now)

    def commit() -> Answer:
        table.commit(*([claim.receipt(execution_id, body, now)] if claim else []), *writes)
        machine.start_soon(workspace.id, execution_id)
        return Answer(body)

    return receipts.settle(claim, now, commit)


def _make_sure_of_start(table: Table, machine: StateMachine, workspace_id: str, execution_id: str) -> None:
    """Start what an earlier request admitted and may not have lived to start; a second start does nothing."""
    execution = executions.read(table, workspace_id, execution_id)
    if execution.status is Status.RUNNING and not execution.is_resumed:
        machine.start_soon(workspace_id, execution_id)


def _writes(
    workspace: Workspace, workflow: Workflow, execution_id: str, program_input: Value, now: datetime
) -> list[Write]:
    writes = [
        workspaces.debit(workspace, execution_id),
        _note_run(workflow, now),
        Write.put(
            keys.execution(workspace.id, execution_id), _new_execution(workflow, execution_id, now), condition=ABSENT
        ),
    ]
    if program_input is not None:
        writes.append(Write.put(keys.execution_input(execution_id), {"input": dumps(program_input)}))
    return writes


def _note_run(workflow: Workflow, now: datetime) -> Write:
    return Write.update(
        keys.workflow(workflow.workspace_id, workflow.id),
        "SET last_run_at = :now",
        condition=PRESENT,
        values={":now": to_text(now)},
        refusal=lambda _: WorkflowNotFound(),
    )


def _new_execution(workflow: Workflow, execution_id: str, now: datetime) -> Item:
    """The item of a new run: it names the version of its program, so later edits never touch it."""
    return {
        "id": execution_id,
        "workflow_id": workflow.id,
        "workflow_name": workflow.name,
        "version": workflow.version,
        "status": Status.RUNNING.value,
        "started_at": to_text(now),
        "by_workflow": keys.by_workflow(workflow.workspace_id, workflow.id),
        "open_shard": keys.open_shard(execution_id),
    }
