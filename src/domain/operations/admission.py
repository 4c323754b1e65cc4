"""Admission: a run is admitted in one atomic write of receipt, credit, slot and execution."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, ClassVar, override

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet
from domain.entities import executions, steps, workflows, workspaces
from domain.entities.executions import FOR_EVER, Execution, RerunOf, Retention, Status
from domain.entities.receipts import Owner, Receipt
from domain.entities.steps import StepStatus
from domain.entities.workspaces import DayNotBegun, Workspace
from domain.ids import new_id
from domain.moments import epoch_milliseconds, to_text
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import ExecutionNotFound, ExecutionStillRunning, InvalidRequest, WorkflowNotFound

if TYPE_CHECKING:
    from domain.aws.table import Table


@cache
def the_retention() -> Retention:
    """For how long this process lets what it admits be kept: RETENTION_DAYS and EXECUTION_RETENTION_DAYS."""
    record, row = (int(os.environ.get(name, "0")) for name in ("RETENTION_DAYS", "EXECUTION_RETENTION_DAYS"))
    return Retention(record, row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission(Operation):
    """Admits an execution into a workspace.

    What is admitted is started, by this request, by its repeat, or by reconciliation.
    """

    workspace: Workspace
    retention: Retention = FOR_EVER

    @property
    @override
    def workspace_id(self) -> str:
        return self.workspace.id

    def admit(
        self,
        workflow_id: str,
        workflow_name: str,
        version: int,
        program_input: Value,
        original: Execution | None = None,
        from_step: int = 0,
        *,
        may_be_archived: bool,
    ) -> Plan:
        """Plan the one write that admits an execution of a version of a workflow; what it repeats names it.

        One that is archived, or may be, is refused by the write: after the receipt, which has answered already.
        """
        execution = Execution(
            id=new_id(self.now),
            workspace_id=self.workspace_id,
            workflow_id=workflow_id,
            workflow_name=workflow_name,
            version=version,
            status=Status.RUNNING,
            started_at=to_text(self.now),
            rerun_of=RerunOf(original.id, from_step) if original else None,
            retention=self.retention,
            since=epoch_milliseconds(self.now),
        )
        writes = (
            *([workflows.not_archived(self.workspace_id, workflow_id)] if may_be_archived else ()),
            workspaces.debit(self.workspace, self.now),
            executions.create(execution),
            *executions.put_input(execution, program_input),
            *([executions.note_rerun(original, execution.id)] if original else ()),
        )
        body: dict[str, Value] = {
            "execution_id": execution.id,
            "workflow_id": execution.workflow_id,
            "status": execution.status.value,
            "created_at": execution.started_at,
        }
        if original:
            body["rerun_of"] = original.id
        return Plan(writes, Owner("execution", execution.id), body)

    @override
    def retry(self, stack: Stack, lost: ConditionNotMet) -> None:
        """The first admission of a day lets the usage of that day begin, or finds that another has."""
        if isinstance(lost, DayNotBegun):
            with suppress(ConditionNotMet):
                stack.table.commit(*workspaces.begin_day(lost.seen, self.now))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Admission):
    """Start an execution of a workflow.

    Refuses with `WorkflowNotFound`, `WorkflowArchived`, `InsufficientCredits` or `ConcurrencyLimitReached`.
    Rule: contract "Run". Model step: Admit.
    """

    name: ClassVar[str] = "run"

    workflow_id: str
    program_input: Value = None

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
        workflow = workflows.from_item(found[at])
        is_archived = workflow.archived_at is not None
        return self.admit(workflow.id, workflow.name, workflow.version, self.program_input, may_be_archived=is_archived)


@dataclass(frozen=True, slots=True)
class SameInput:
    """In place of an input: the one that the repeated execution had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun(Admission):
    """Start an execution that repeats another one that has ended: its version, and its input or a new one.

    The steps before `from_step` are taken over, results and variables. Refuses with `ExecutionNotFound`,
    `ExecutionStillRunning`, `HistoryExpired`, `InvalidRequest` for a step that was not reached, and what `Run` refuses.
    Rule: contract "Rerun". Model step: Admit.
    """

    name: ClassVar[str] = "rerun"

    execution_id: str
    program_input: Value | SameInput = field(default_factory=SameInput)
    from_step: int = 0

    @property
    @override
    def asks(self) -> tuple[str, Value]:
        given: dict[str, Value] = {"from_step": self.from_step}
        if not isinstance(self.program_input, SameInput):
            given["input"] = self.program_input
        return self.execution_id, given

    @override
    def reads(self) -> tuple[Key, ...]:
        return (self._at,)

    @override
    def read_then(self, table: Table, found: Found) -> Found:
        if self._at not in found:
            return {}
        given = (executions.input_key(self.execution_id),) if isinstance(self.program_input, SameInput) else ()
        more = table.get_many(*given)
        if self.from_step and (item := steps.find_item(table, self.execution_id, self.from_step - 1)):
            return {**more, self._last_taken: item}
        return more

    @override
    def plan(self, found: Found) -> Plan:
        if self._at not in found:
            raise ExecutionNotFound
        state = executions.state_of(found[self._at])
        original = state.execution
        if original.status is Status.RUNNING:
            raise ExecutionStillRunning
        original.must_be_kept(self.now, with_record=True)
        # Behind the step that ended an execution with success its program has come to its end.
        is_behind = original.status is Status.SUCCESS and self.from_step >= state.progress.next_step
        if is_behind or not self._is_reached(found):
            raise InvalidRequest(
                f"from_step must be a step that the execution has reached, and {self.from_step} is not."
            )
        program_input = self.program_input
        if isinstance(program_input, SameInput):
            program_input = executions.input_of(found.get(executions.input_key(self.execution_id)))
        which = (original.workflow_id, original.workflow_name, original.version)
        return self.admit(*which, program_input, original, self.from_step, may_be_archived=True)

    @property
    def _at(self) -> Key:
        return executions.key(self.workspace_id, self.execution_id)

    @property
    def _last_taken(self) -> Key:
        return steps.key(self.execution_id, self.from_step - 1)

    def _is_reached(self, found: Found) -> bool:
        if self.from_step == 0:
            return True
        item = found.get(self._last_taken)
        step = steps.finished_in(item, self.from_step - 1) if item else None
        return step is not None and step.status is StepStatus.COMPLETED
