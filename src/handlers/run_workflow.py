"""POST /v1/workflows/{workflow_id}/run-async: start an execution of a workflow."""

from typing import Any

from domain.entities.api_keys import Scope
from domain.operations.admission import Run
from handlers.http import Answer, Endpoint
from handlers.idempotent import replayable
from handlers.requests import JsonBody, Request


class Body(JsonBody):
    """The optional body of a run: `input` becomes the program's variable of that name."""

    must_be = 'a JSON object with no other field than "input"'

    input: Any = None


def run(request: Request) -> Answer:
    """Admit and start an execution; answers 202. Rule: contract "Run"."""
    body = request.json(Body)
    operation = Run(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace=request.workspace,
        workflow_id=request.path_id("workflow_id"),
        program_input=body.input,
    )
    return replayable(request, 202, operation)


handler = Endpoint("POST", "/v1/workflows/<workflow_id>/run-async", Scope.EXECUTE_WORKFLOWS, run)
