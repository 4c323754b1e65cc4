"""Stopping: from the moment of the answer on, no further step begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, override

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.entities import executions, workspaces
from domain.entities.executions import End, Status
from domain.entities.receipts import Owner
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Operation):
    """Stop a running execution.

    The write is what stops it: every step asks for `running` before it begins. Stopping Step Functions as well
    only ends its waiting early. Refuses with `ExecutionNotFound` or `ExecutionAlreadyTerminal`.
    Rule: contract "Stop". Model step: Stop.
    """

    name: ClassVar[str] = "stop"

    workspace_id: str
    execution_id: str

    @property
    @override
    def asks(self) -> tuple[str, Value]:
        return self.execution_id, None

    @override
    def reads(self) -> tuple[Key, ...]:
        return (executions.key(self.workspace_id, self.execution_id),)

    @override
    def plan(self, found: Found) -> Plan:
        [at] = self.reads()
        if at not in found:
            raise ExecutionNotFound
        execution = executions.from_item(found[at])
        if execution.status is not Status.RUNNING:
            raise ExecutionAlreadyTerminal(execution.status)
        writes = (
            executions.end(self.workspace_id, self.execution_id, End(Status.STOPPED, self.now)),
            workspaces.free_slot(self.workspace_id, self.execution_id),
        )
        body: Value = {"execution_id": self.execution_id, "status": Status.STOPPED.value}
        return Plan(writes, Owner("execution", self.execution_id), body)

    @override
    def follow(self, stack: Stack, owner: Owner) -> None:
        stack.state_machine.try_stop(owner.id)
