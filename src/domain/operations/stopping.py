"""Stopping: from the moment of the answer on, no further step begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, override

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.entities import executions, workspaces
from domain.entities.executions import End, State, Status
from domain.entities.receipts import Owner
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Operation):
    """Stop a running execution.

    The write is what stops it: every step asks for `running` before it begins. Stopping Step Functions as well
    only ends its waiting early; so that it is the right generation, the write asks for the one that was read.
    Refuses with `ExecutionNotFound` or `ExecutionAlreadyTerminal`.
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
        state = self._state(found)
        if state.execution.status is not Status.RUNNING:
            raise ExecutionAlreadyTerminal(state.execution.status)
        writes = (executions.end(state, End(Status.STOPPED, self.now)), workspaces.free_slot(self.workspace_id))
        body: Value = {"execution_id": self.execution_id, "status": Status.STOPPED.value}
        return Plan(writes, Owner("execution", self.execution_id), body)

    @override
    def follow(self, stack: Stack, found: Found, owner: Owner) -> None:
        stack.state_machine.try_stop(owner.id, self._state(found).generation.number)

    def _state(self, found: Found) -> State:
        [at] = self.reads()
        if at not in found:
            raise ExecutionNotFound
        return executions.state_of(found[at])
