"""POST /v1/workflows/{workflow_id}/run-async: start an execution of a workflow."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from domain import admission
from domain.api_keys import Scope
from domain.ids import is_id
from domain.program.limits import VALUE_BYTES
from domain.program.values import Value, ensure_storable, loads
from domain.refusals import InvalidRequest, WorkflowNotFound
from domain.state_machine import the_state_machine
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, replayable


class Body(BaseModel):
    """The optional body of a run: `input` becomes the program's variable of that name."""

    model_config = ConfigDict(extra="forbid")

    input: Any = None


def run(request: Request, workflow_id: str) -> Answer:
    """Admit and start an execution; answers 202. Rule: CONTRACT "Run"."""
    program_input = _input(request.body)
    if not is_id(workflow_id):
        raise WorkflowNotFound
    return replayable(
        202,
        admission.admit(
            the_table(),
            the_state_machine(),
            request.now,
            request.workspace,
            workflow_id,
            program_input,
            request.idempotency_key,
        ),
    )


def _input(body: str | None) -> Value:
    if body is None:
        return None
    if len(body.encode("utf-8", "surrogatepass")) > VALUE_BYTES:
        raise InvalidRequest(f"The request body must not be larger than {VALUE_BYTES} bytes.")
    try:
        program_input: Value = Body.model_validate(loads(body)).input
        ensure_storable(program_input, "input")
    except ValidationError:
        raise InvalidRequest('The request body must be a JSON object with no other field than "input".') from None
    except ValueError as error:
        raise InvalidRequest(f"The request body cannot be used: {error}") from None
    return program_input


handler = Endpoint("POST", "/v1/workflows/<workflow_id>/run-async", Scope.EXECUTE_WORKFLOWS, run)
