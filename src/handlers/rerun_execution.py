"""POST /v1/executions/{execution_id}/rerun: start an execution that repeats one that has ended."""

from typing import Annotated, Any

from pydantic import Field

from domain.entities.api_keys import Scope
from domain.operations.admission import Rerun, SameInput
from domain.program.limits import STEPS
from domain.refusals import (
    ConcurrencyLimitReached,
    ExecutionNotFound,
    ExecutionStillRunning,
    InsufficientCredits,
    WorkflowArchived,
    WorkflowNotFound,
    WorkspaceNotFound,
)
from handlers.idempotent import ReplayableEndpoint
from handlers.requests import JsonBody, Request
from views.executions import RepeatedExecution


class Body(JsonBody):
    """The optional body of a rerun: another `input`, and the step `from_step` to begin at, 0 without it."""

    must_be = f'{{"input": ..., "from_step": ...}}, both optional, from_step a whole number from 0 to {STEPS}'

    input: Any = None
    from_step: Annotated[int, Field(strict=True, ge=0, le=STEPS)] = 0


def rerun(request: Request) -> Rerun:
    """Admit and start an execution that repeats another. Rule: contract "Rerun"."""
    body = request.json(Body)
    return Rerun(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace=request.workspace,
        execution_id=request.path_id("execution_id"),
        program_input=body.input if "input" in body.model_fields_set else SameInput(),
        from_step=body.from_step,
    )


handler = ReplayableEndpoint(
    "POST",
    "/v1/executions/<execution_id>/rerun",
    Scope.EXECUTE_WORKFLOWS,
    rerun,
    status=202,
    answers=RepeatedExecution,
    body=Body,
    refuses=(
        ExecutionNotFound,
        ExecutionStillRunning,
        WorkflowNotFound,
        WorkflowArchived,
        WorkspaceNotFound,
        InsufficientCredits,
        ConcurrencyLimitReached,
    ),
)
