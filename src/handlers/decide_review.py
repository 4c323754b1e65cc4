"""POST /v1/reviews/{review_id}/decision: decide a review, on which its execution goes on."""

from dataclasses import dataclass

from domain.entities.api_keys import Scope
from domain.operations.deciding import Decide
from domain.refusals import ReviewAlreadyDecided, ReviewClosed, ReviewNotFound
from handlers.idempotent import ReplayableEndpoint
from handlers.requests import JsonBody, Request


@dataclass(frozen=True)
class Body(JsonBody):
    """A person's answer."""

    must_be = '{"decision": "...", "comment": "..."}'

    decision: str
    comment: str | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` for anything but texts."""
        if not isinstance(self.decision, str) or not isinstance(self.comment, str | None):
            raise ValueError


def decide(request: Request) -> Decide:
    """Decide a review. Rule: contract "Reviews"."""
    body = request.json(Body)
    return Decide(
        now=request.now,
        idempotency_key=request.idempotency_key,
        workspace_id=request.workspace.id,
        review_id=request.path_id("review_id"),
        decision=body.decision,
        comment=body.comment,
    )


handler = ReplayableEndpoint(
    "POST",
    "/v1/reviews/<review_id>/decision",
    Scope.EXECUTE_WORKFLOWS,
    decide,
    answers="reviews.DecidedReview",
    body=Body,
    refuses=(ReviewNotFound, ReviewAlreadyDecided, ReviewClosed),
)
