"""GET /v1/reviews: list the workspace's reviews, newest first."""

from domain import reviews
from domain.api_keys import Scope
from domain.refusals import InvalidRequest
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, View
from handlers.review_views import ReviewView, view_of


class Body(View):
    """A page of reviews."""

    reviews: list[ReviewView]


def list_reviews(request: Request) -> Answer:
    """Answer with a page, all or with `status=pending` those to be decided, as the list of executions does."""
    limit, after, status = request.limit(), request.after(), request.query("status")
    if status not in {None, "pending"}:
        raise InvalidRequest("status must be pending, or left out.")
    found = reviews.list_page(
        the_table(), request.now, request.workspace.id, limit + 1, after, only_pending=status == "pending"
    )
    rows = [view_of(review) for review in found[:limit]]
    headers = request.next_page(rows[-1].review_id, limit, status=status) if len(found) > limit else {}
    return Answer(200, Body(reviews=rows).text(), headers)


handler = Endpoint("GET", "/v1/reviews", Scope.READ_EXECUTIONS, list_reviews)
