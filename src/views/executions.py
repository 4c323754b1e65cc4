"""How an execution and its steps look."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from domain.entities.executions import Execution
from domain.entities.steps import Step
from views.view import View


class ExecutionRow(View):
    """An execution in a list."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    status: str
    started_at: str
    completed_at: str | None


class ExecutionPage(View):
    """A page of executions."""

    executions: list[ExecutionRow]


class StepView(View):
    """A step that was begun. `error` is there when it failed; with the attempts while it waits for another."""

    index: int
    status: str
    result: Any
    error: str = ""
    attempt: int = 0
    next_attempt_at: str = ""


class ExecutionView(View):
    """An execution; `steps` are there only when asked for."""

    execution_id: str
    workflow_id: str
    status: str
    started_at: str
    completed_at: str | None
    steps: list[StepView] = Field(default_factory=list)
    error: str | None


def row_of(execution: Execution) -> ExecutionRow:
    """An execution as a list shows it."""
    return ExecutionRow(
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        workflow_name=execution.workflow_name,
        status=execution.status.value,
        started_at=execution.started_at,
        completed_at=execution.completed_at,
    )


def view_of(execution: Execution, steps: Iterable[Step] | None = None) -> ExecutionView:
    """An execution as its reader sees it, with its steps if they were read."""
    with_steps: dict[str, Any] = {} if steps is None else {"steps": list(map(_step_view, steps))}
    return ExecutionView(
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        status=execution.status.value,
        started_at=execution.started_at,
        completed_at=execution.completed_at,
        error=execution.error,
        **with_steps,
    )


def _step_view(step: Step) -> StepView:
    fields: dict[str, Any] = {"index": step.index, "status": step.status.value, "result": step.result}
    if step.error is not None:
        fields["error"] = step.error
    if step.attempt is not None:
        fields |= {"attempt": step.attempt, "next_attempt_at": step.next_attempt_at}
    return StepView(**fields)
