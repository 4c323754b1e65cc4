"""POST /v1/executions/{execution_id}/stop: stop a running execution."""

from domain.entities.api_keys import Scope
from domain.operations.stopping import Stop
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound
from handlers.idempotent import ReplayableEndpoint
from handlers.requests import Request


def stop(request: Request) -> Stop:
    """Stop an execution. Rule: contract "Stop"."""
    return Stop(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace_id=request.workspace.id,
        execution_id=request.path_id("execution_id"),
    )


handler = ReplayableEndpoint(
    "POST",
    "/v1/executions/<execution_id>/stop",
    Scope.EXECUTE_WORKFLOWS,
    stop,
    answers="executions.StoppedExecution",
    refuses=(ExecutionNotFound, ExecutionAlreadyTerminal),
)
