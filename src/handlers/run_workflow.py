"""POST /v1/workflows/{workflow_id}/run-async: start an execution of a workflow."""

from dataclasses import dataclass
from typing import Any

from domain.entities.api_keys import Scope
from domain.operations.admission import Run, the_retention
from domain.refusals import (
    ConcurrencyLimitReached,
    DayLimitReached,
    InsufficientCredits,
    WorkflowArchived,
    WorkflowNotFound,
    WorkspaceNotFound,
    WorkspaceSuspended,
)
from handlers.idempotent import ReplayableEndpoint
from handlers.metrics import RUNS
from handlers.requests import JsonBody, Request


@dataclass(frozen=True)
class Body(JsonBody):
    """The optional body of a run: `input` becomes the program's variable of that name."""

    must_be = 'a JSON object with no other field than "input"'

    input: Any = None


def run(request: Request) -> Run:
    """Admit and start an execution. Rule: contract "Run"."""
    body = request.json(Body)
    return Run(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace=request.workspace,
        retention=the_retention(),
        workflow_id=request.path_id("workflow_id"),
        program_input=body.input,
    )


handler = ReplayableEndpoint(
    "POST",
    "/v1/workflows/<workflow_id>/run-async",
    Scope.EXECUTE_WORKFLOWS,
    run,
    status=202,
    answers="executions.StartedExecution",
    body=Body,
    counts=RUNS,
    refuses=(
        WorkflowNotFound,
        WorkflowArchived,
        WorkspaceNotFound,
        WorkspaceSuspended,
        InsufficientCredits,
        ConcurrencyLimitReached,
        DayLimitReached,
    ),
)
