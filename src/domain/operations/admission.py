"""Admission: a run is admitted in one atomic write of receipt, credit, slot and execution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, override

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.entities import executions, workflows, workspaces
from domain.entities.executions import Status
from domain.entities.receipts import Owner, Receipt
from domain.entities.workspaces import Workspace
from domain.ids import new_id
from domain.moments import to_text
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import WorkflowNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Operation):
    """Start an execution of a workflow.

    What is admitted is started, by this request, by its repeat, or by reconciliation.
    Refuses with `WorkflowNotFound`, `InsufficientCredits` or `ConcurrencyLimitReached`. Rule: contract "Run".
    Model step: Admit.
    """

    name: ClassVar[str] = "run"

    workspace: Workspace
    workflow_id: str
    program_input: Value = None

    @property
    @override
    def workspace_id(self) -> str:
        return self.workspace.id

    @property
    @override
    def asks(self) -> tuple[str, Value]:
        return self.workflow_id, self.program_input

    @override
    def reads(self) -> tuple[Key, ...]:
        return (workflows.key(self.workspace_id, self.workflow_id),)

    @override
    def plan(self, found: Found) -> Plan:
        [at] = self.reads()
        if at not in found:
            raise WorkflowNotFound
        workflow, execution_id = workflows.from_item(found[at]), new_id(self.now)
        writes = (
            workspaces.debit(self.workspace),
            workflows.note_run(workflow, self.now),
            executions.create(workflow, execution_id, self.now),
            *executions.put_input(execution_id, self.program_input),
        )
        body: Value = {
            "execution_id": execution_id,
            "workflow_id": workflow.id,
            "status": Status.RUNNING.value,
            "created_at": to_text(self.now),
        }
        return Plan(writes, Owner("execution", execution_id), body)

    @override
    def follow(self, stack: Stack, found: Found, owner: Owner) -> None:
        stack.state_machine.try_start(self.workspace_id, owner.id, generation=1)

    @override
    def repair(self, stack: Stack, found: Found, receipt: Receipt | None) -> None:
        """Start what the first request may not have started; a second start does nothing."""
        if receipt:
            state = executions.read_state(stack.table, self.workspace_id, receipt.owner.id)
            if state.execution.status is Status.RUNNING and not state.progress.is_begun:
                self.follow(stack, found, receipt.owner)
