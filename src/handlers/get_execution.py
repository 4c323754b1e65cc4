"""GET /v1/executions/{execution_id}: one execution, with its step results if asked for."""

from domain.entities import executions, steps
from domain.entities.api_keys import Scope
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views.executions import view_of


def get_execution(request: Request) -> Answer:
    """Answer with an execution; without `include_step_results` its steps are not even read. Rule: contract "Get"."""
    with_steps = request.query_flag("include_step_results")
    execution = executions.read(request.table, request.workspace.id, request.path_id("execution_id"))
    return ok(view_of(execution, steps.read_all(request.table, execution) if with_steps else None))


handler = Endpoint(
    "GET",
    "/v1/executions/<execution_id>",
    Scope.READ_EXECUTIONS,
    get_execution,
    query=("include_step_results",),
)
