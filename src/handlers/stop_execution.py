"""POST /v1/executions/{execution_id}/stop: stop a running execution."""

from domain.entities.api_keys import Scope
from domain.operations.stopping import Stop
from handlers.http import Answer, Endpoint
from handlers.idempotent import replayable
from handlers.requests import Request


def stop(request: Request) -> Answer:
    """Stop an execution; answers 200. Rule: contract "Stop"."""
    operation = Stop(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace_id=request.workspace.id,
        execution_id=request.path_id("execution_id"),
    )
    return replayable(request, 200, operation)


handler = Endpoint("POST", "/v1/executions/<execution_id>/stop", Scope.EXECUTE_WORKFLOWS, stop)
