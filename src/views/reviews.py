"""How a review looks."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from domain.entities import reviews
from domain.moments import to_text
from views.view import Id, Json, Moment, View


class Review(View):
    """A review; `decision` is null unless its status is `decided`, `times_out_at` where it waits without end."""

    review_id: Id
    execution_id: Id
    workflow_id: Id
    status: Literal["pending", "decided", "closed"]
    content: Json
    action_id: str | None
    steps: Json
    decisions: Annotated[list[str], Field(examples=[["approved", "rejected"]])]
    decision: str | None
    comment: str | None
    created_at: Moment
    decided_at: Moment | None
    times_out_at: Moment | None


class ReviewPage(View):
    """A page of reviews."""

    reviews: list[Review]


class DecidedReview(View):
    """A review that was decided."""

    review_id: Id
    status: Literal["decided"]
    decision: Annotated[str, Field(examples=["approved"])]


def view_of(review: reviews.Review) -> Review:
    """A review as its reader sees it."""
    times_out_at = review.times_out_at
    return Review(
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
