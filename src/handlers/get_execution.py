"""GET /v1/executions/{execution_id}: one execution, with its step results if asked for."""

from typing import Any

from pydantic import Field

from domain import executions
from domain.api_keys import Scope
from domain.executions import Step, StepStatus
from domain.ids import is_id
from domain.refusals import ExecutionNotFound, InvalidRequest
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, View


class StepView(View):
    """A step that was begun. `error` is there when it failed; with the attempts while it waits for another."""

    index: int
    status: str
    result: Any
    error: str = ""
    attempt: int = 0
    next_attempt_at: str = ""


class Body(View):
    """An execution; `steps` are there only when asked for."""

    execution_id: str
    workflow_id: str
    status: str
    started_at: str
    completed_at: str | None
    steps: list[StepView] = Field(default_factory=list)
    error: str | None


def get_execution(request: Request, execution_id: str) -> Answer:
    """Answer with an execution; without `include_step_results` its steps are not even read. Rule: CONTRACT "Get"."""
    wants_steps = _flag(request.query("include_step_results"))
    if not is_id(execution_id):
        raise ExecutionNotFound
    execution = executions.read(the_table(), request.workspace.id, execution_id)
    steps = {"steps": list(map(_view, executions.read_steps(the_table(), execution)))} if wants_steps else {}
    body = Body(
        execution_id=execution.id,
        workflow_id=execution.workflow_id,
        status=execution.status.value,
        started_at=execution.started_at,
        completed_at=execution.completed_at,
        error=execution.error,
        **steps,
    )
    return Answer(200, body.text())


def _flag(text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise InvalidRequest("include_step_results must be true or false.")
    return text == "true"


def _view(step: Step) -> StepView:
    common: dict[str, Any] = {"index": step.index, "status": step.status.value, "result": step.result}
    if step.error is not None:
        common["error"] = step.error
    if step.status is StepStatus.RUNNING and step.attempt is not None:
        common |= {"attempt": step.attempt, "next_attempt_at": step.next_attempt_at}
    return StepView(**common)


handler = Endpoint("GET", "/v1/executions/<execution_id>", Scope.READ_EXECUTIONS, get_execution)
