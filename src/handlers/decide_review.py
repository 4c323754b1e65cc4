"""POST /v1/reviews/{review_id}/decision: decide a review, on which its execution goes on."""

from pydantic import BaseModel, ConfigDict, ValidationError

from domain import reviews
from domain.api_keys import Scope
from domain.ids import is_id
from domain.program.values import ensure_storable, loads
from domain.refusals import InvalidRequest, ReviewNotFound
from domain.state_machine import the_state_machine
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, replayable


class Body(BaseModel):
    """A person's answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decision: str
    comment: str | None = None


def decide(request: Request, review_id: str) -> Answer:
    """Decide a review; answers 200."""
    body = _body(request.body)
    if not is_id(review_id):
        raise ReviewNotFound
    return replayable(
        200,
        reviews.decide(
            the_table(),
            the_state_machine(),
            request.now,
            request.workspace.id,
            review_id,
            body.decision,
            body.comment,
            request.idempotency_key,
        ),
    )


def _body(text: str | None) -> Body:
    try:
        body = Body.model_validate(loads(text or "null"))
        ensure_storable([body.decision, body.comment], "the body")
    except ValidationError:
        raise InvalidRequest('The request body must be {"decision": "...", "comment": "..."}.') from None
    except ValueError as error:
        raise InvalidRequest(f"The request body cannot be used: {error}") from None
    return body


handler = Endpoint("POST", "/v1/reviews/<review_id>/decision", Scope.EXECUTE_WORKFLOWS, decide)
