"""Stopping: from the moment of the answer on, no further step begins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, override

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.entities import executions, workspaces
from domain.entities.executions import End, Filter, State, Status
from domain.entities.receipts import Owner
from domain.operations.idempotency import Found, Operation, Plan, carry_out
from domain.program.values import Value
from domain.refusals import Contention, ExecutionAlreadyTerminal, ExecutionNotFound, Unavailable


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
        state.execution.must_be_kept(self.now)
        if state.execution.status is not Status.RUNNING:
            raise ExecutionAlreadyTerminal(state.execution.status)
        used = workspaces.free_slot(self.workspace_id, state.progress.calls, state.progress.visits)
        writes = (executions.end(state, End(Status.STOPPED, self.now)), used)
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


STOPPED_AT_ONCE = 100
"""The most executions that one request stops."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How many executions matched, the ids of those that were stopped, and whether the same would find more."""

    matching: int
    ids: tuple[str, ...]
    has_more: bool


def count_running(stack: Stack, workspace_id: str, which: Filter) -> Stopped:
    """Count the running executions that match, and stop none of them."""
    found = executions.list_page(stack.table, workspace_id, None, None, _running(which))
    return Stopped(len(found), (), has_more=bool(found))


def stop_running(
    stack: Stack, now: datetime, workspace_id: str, which: Filter, has_time: Callable[[], bool]
) -> Stopped:
    """Stop running executions that match, each as `Stop` does, newest first, `STOPPED_AT_ONCE` at most.

    What ends by itself meanwhile is left out. Stops early, with more left, when time is over or where AWS does not
    answer; raises that only where nothing was stopped yet. Rule: contract "Stop many".
    """
    found = executions.list_page(stack.table, workspace_id, STOPPED_AT_ONCE + 1, None, _running(which))
    stopped: list[str] = []
    for execution in found[:STOPPED_AT_ONCE]:
        if not has_time():
            return Stopped(len(found), tuple(stopped), has_more=True)
        try:
            carry_out(stack, Stop(now=now, workspace_id=workspace_id, execution_id=execution.id))
        except ExecutionAlreadyTerminal:
            continue
        except (Contention, Unavailable):
            if not stopped:
                raise
            return Stopped(len(found), tuple(stopped), has_more=True)
        stopped.append(execution.id)
    return Stopped(min(len(found), STOPPED_AT_ONCE), tuple(stopped), has_more=len(found) > STOPPED_AT_ONCE)


def stop_all(stack: Stack, now: datetime, workspace_id: str) -> int:
    """Stop every running execution of a workspace; answers how many. For operators.

    Goes through all executions and not by an index, which lags: of a workspace that admits nothing more, none is left.
    """
    stopped = 0
    for execution in executions.walk(stack.table, workspace_id):
        if execution.status is not Status.RUNNING:
            continue
        try:
            carry_out(stack, Stop(now=now, workspace_id=workspace_id, execution_id=execution.id))
        except ExecutionAlreadyTerminal:
            continue
        stopped += 1
    return stopped


def _running(which: Filter) -> Filter:
    return replace(which, statuses=frozenset({Status.RUNNING}))
