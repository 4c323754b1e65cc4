"""GET /v1/executions/{execution_id}: one execution, with its step results if asked for."""

from domain.entities import executions, steps
from domain.entities.api_keys import Scope
from domain.refusals import ExecutionNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.parameters import INCLUDE_STEP_RESULTS
from handlers.polling import retry_after
from handlers.requests import Request
from views import bodies


def get_execution(request: Request) -> Answer:
    """Answer with an execution; without `include_step_results` its steps are not even read. Rule: contract "Get"."""
    with_steps = request.query(INCLUDE_STEP_RESULTS)
    state = executions.read_state(request.table, request.workspace.id, request.path_id("execution_id"))
    shown = bodies.execution(state.execution, steps.read_all(request.table, state) if with_steps else None)
    return ok(shown, retry_after(state.execution, request.now))


handler = Endpoint(
    "GET",
    "/v1/executions/<execution_id>",
    Scope.READ_EXECUTIONS,
    get_execution,
    answers="executions.Execution",
    query=(INCLUDE_STEP_RESULTS,),
    headers=("Retry-After",),
    refuses=(ExecutionNotFound,),
)
