"""GET /v1/reviews: list the workspace's reviews, newest first."""

from domain.entities import reviews
from domain.entities.api_keys import Scope
from domain.refusals import InvalidRequest
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views.reviews import ReviewPage, view_of


def list_reviews(request: Request) -> Answer:
    """Answer with a page, all or with `status=pending` those to be decided, as the list of executions does."""
    status = request.query("status")
    if status not in {None, "pending"}:
        raise InvalidRequest("status must be pending, or left out.")
    page = request.page(
        lambda limit, after: reviews.list_page(
            request.table, request.now, request.workspace.id, limit, after, only_pending=status == "pending"
        ),
        id_of=lambda review: review.id,
        status=status,
    )
    return ok(ReviewPage(reviews=list(map(view_of, page.rows))), page.link)


handler = Endpoint("GET", "/v1/reviews", Scope.READ_EXECUTIONS, list_reviews, query=("limit", "after", "status"))
