"""POST /v1/reviews/{review_id}/decision: decide a review, on which its execution goes on."""

from domain.entities.api_keys import Scope
from domain.operations.deciding import Decide
from handlers.http import Answer, Endpoint
from handlers.idempotent import replayable
from handlers.requests import JsonBody, Request


class Body(JsonBody):
    """A person's answer."""

    must_be = '{"decision": "...", "comment": "..."}'

    decision: str
    comment: str | None = None


def decide(request: Request) -> Answer:
    """Decide a review; answers 200. Rule: contract "Reviews"."""
    body = request.json(Body)
    operation = Decide(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace_id=request.workspace.id,
        review_id=request.path_id("review_id"),
        decision=body.decision,
        comment=body.comment,
    )
    return replayable(request, 200, operation)


handler = Endpoint("POST", "/v1/reviews/<review_id>/decision", Scope.EXECUTE_WORKFLOWS, decide)
