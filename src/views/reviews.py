"""How a review looks."""

from datetime import UTC, datetime
from typing import Any

from domain.entities.reviews import Review
from domain.moments import to_text
from views.view import View


class ReviewView(View):
    """A review; `decision` is null unless its status is `decided`, `times_out_at` where it waits without end."""

    review_id: str
    execution_id: str
    workflow_id: str
    status: str
    content: Any
    action_id: str | None
    steps: Any
    decisions: list[str]
    decision: str | None
    comment: str | None
    created_at: str
    decided_at: str | None
    times_out_at: str | None


class ReviewPage(View):
    """A page of reviews."""

    reviews: list[ReviewView]


def view_of(review: Review) -> ReviewView:
    """A review as its reader sees it."""
    times_out_at = review.times_out_at
    return ReviewView(
        review_id=review.id,
        execution_id=review.execution_id,
        workflow_id=review.workflow_id,
        status="closed" if review.is_closed else "pending" if review.is_pending else "decided",
        content=review.content,
        action_id=review.action_id,
        steps=review.steps,
        decisions=list(review.decisions),
        decision=review.decision,
        comment=review.comment,
        created_at=review.created_at,
        decided_at=review.decided_at,
        times_out_at=None if times_out_at is None else to_text(datetime.fromtimestamp(times_out_at, UTC)),
    )
