"""GET /v1/reviews: list the workspace's reviews, newest first."""

from domain.entities import reviews
from domain.entities.api_keys import Scope
from handlers.http import Answer, Endpoint, ok
from handlers.parameters import AFTER, LIMIT, PENDING
from handlers.requests import Request
from views import bodies


def list_reviews(request: Request) -> Answer:
    """Answer with a page, all or with `status=pending` those to be decided, as the list of executions does."""
    only_pending, after = request.query(PENDING) is not None, request.query(AFTER)
    page = request.page(
        lambda limit: reviews.list_page(
            request.table, request.now, request.workspace.id, limit, after, only_pending=only_pending
        ),
        lambda review: review.id,
        PENDING,
    )
    return ok({"reviews": list(map(bodies.review, page.rows))}, page.link)


handler = Endpoint(
    "GET",
    "/v1/reviews",
    Scope.READ_EXECUTIONS,
    list_reviews,
    answers="reviews.ReviewPage",
    query=(LIMIT, AFTER, PENDING),
    headers=("Link",),
)
