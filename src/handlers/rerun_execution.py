"""POST /v1/executions/{execution_id}/rerun: start an execution that repeats one that has ended."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from annotated_types import Interval

from domain.entities.api_keys import Scope
from domain.operations.admission import Rerun, SameInput, the_retention
from domain.program.limits import STEPS
from domain.refusals import (
    ConcurrencyLimitReached,
    DayLimitReached,
    ExecutionNotFound,
    ExecutionStillRunning,
    HistoryExpired,
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
    """The optional body of a rerun: another `input`, and the step `from_step` to begin at, 0 without it."""

    must_be = f'{{"input": ..., "from_step": ...}}, both optional, from_step a whole number from 0 to {STEPS}'

    input: Any = field(default_factory=SameInput)
    from_step: Annotated[int, Interval(ge=0, le=STEPS)] = 0

    def __post_init__(self) -> None:
        """Raise `ValueError` for a step that no program has."""
        if type(self.from_step) is not int or not 0 <= self.from_step <= STEPS:
            raise ValueError


def rerun(request: Request) -> Rerun:
    """Admit and start an execution that repeats another. Rule: contract "Rerun"."""
    body = request.json(Body)
    return Rerun(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace=request.workspace,
        retention=the_retention(),
        execution_id=request.path_id("execution_id"),
        program_input=body.input,
        from_step=body.from_step,
    )


handler = ReplayableEndpoint(
    "POST",
    "/v1/executions/<execution_id>/rerun",
    Scope.EXECUTE_WORKFLOWS,
    rerun,
    status=202,
    answers="executions.RepeatedExecution",
    body=Body,
    counts=RUNS,
    refuses=(
        ExecutionNotFound,
        ExecutionStillRunning,
        HistoryExpired,
        WorkflowNotFound,
        WorkflowArchived,
        WorkspaceNotFound,
        WorkspaceSuspended,
        InsufficientCredits,
        ConcurrencyLimitReached,
        DayLimitReached,
    ),
)
