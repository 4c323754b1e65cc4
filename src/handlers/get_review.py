"""GET /v1/reviews/{review_id}: one review."""

from domain import reviews
from domain.api_keys import Scope
from domain.ids import is_id
from domain.refusals import ReviewNotFound
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request
from handlers.review_views import view_of


def get_review(request: Request, review_id: str) -> Answer:
    """Answer with a review."""
    if not is_id(review_id):
        raise ReviewNotFound
    return Answer(200, view_of(reviews.read(the_table(), request.now, request.workspace.id, review_id)).text())


handler = Endpoint("GET", "/v1/reviews/<review_id>", Scope.READ_EXECUTIONS, get_review)
