"""How a review looks."""

from typing import Annotated, Literal

from pydantic import Field

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
