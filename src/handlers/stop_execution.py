"""POST /v1/executions/{execution_id}/stop: stop a running execution."""

from domain import stopping
from domain.api_keys import Scope
from domain.ids import is_id
from domain.refusals import ExecutionNotFound
from domain.state_machine import the_state_machine
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, replayable


def stop(request: Request, execution_id: str) -> Answer:
    """Stop an execution; answers 200. Rule: CONTRACT "Stop"."""
    if not is_id(execution_id):
        raise ExecutionNotFound
    return replayable(
        200,
        stopping.stop(
            the_table(),
            the_state_machine(),
            request.now,
            request.workspace.id,
            execution_id,
            request.idempotency_key,
        ),
    )


handler = Endpoint("POST", "/v1/executions/<execution_id>/stop", Scope.EXECUTE_WORKFLOWS, stop)
