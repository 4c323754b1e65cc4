"""GET /v1/reviews/{review_id}: one review."""

from domain.entities import reviews
from domain.entities.api_keys import Scope
from domain.refusals import ReviewNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views import bodies


def get_review(request: Request) -> Answer:
    """Answer with a review."""
    return ok(
        bodies.review(reviews.read(request.table, request.now, request.workspace.id, request.path_id("review_id")))
    )


handler = Endpoint(
    "GET",
    "/v1/reviews/<review_id>",
    Scope.READ_EXECUTIONS,
    get_review,
    answers="reviews.Review",
    refuses=(ReviewNotFound,),
)
