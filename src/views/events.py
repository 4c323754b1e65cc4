"""How events look: the detail of those on the bus, and the body of a webhook."""

from typing import Annotated, Literal

from pydantic import Field

from views.view import Id, Moment, View


class Event(View):
    """What all events have; `sequence` counts those of one execution, or webhook, in the order they became true."""

    version: Annotated[Literal[1], Field(description="Of this form. Fields may be added to a version.")]
    id: Annotated[
        str,
        Field(
            description="The same however often the event is told.",
            pattern="^[0-9a-f]{24}-[0-9]+$",
            examples=["6968c1a88f3c5e0b7a9d2c41-1"],
        ),
    ]
    timestamp: Annotated[Moment, Field(description="When it happened.")]
    workspace_id: Id
    sequence: Annotated[
        int,
        Field(
            ge=0,
            description="Counts the events of the execution, or of the webhook, from 1, in the order in which they "
            "became true; a test is 0.",
        ),
    ]


class EndedExecution(View):
    """An execution that has ended; its output is read from the API."""

    execution_id: Id
    workflow_id: Id
    workflow_name: str
    status: Literal["success", "failed", "stopped"]
    started_at: Moment
    completed_at: Moment
    error: Annotated[str | None, Field(description="Why it failed, cut to 2,000 characters.")]


class ExecutionEnded(Event):
    """An execution has ended. It is the last event of it."""

    type: Literal["execution.succeeded", "execution.failed", "execution.stopped"]
    data: EndedExecution


class ToldReview(View):
    """A review of an execution; what it shows to people is read from the API."""

    review_id: Id
    execution_id: Id
    workflow_id: Id
    workflow_name: str
    action_id: str | None
    decisions: list[str]
    created_at: Moment
    times_out_at: Moment | None


class ReviewAsked(Event):
    """An execution asks a person."""

    type: Literal["review.asked"]
    data: ToldReview


class DecidedReview(ToldReview):
    """A review with what was decided."""

    decision: str
    comment: str | None
    decided_at: Moment
    by_default: Annotated[bool, Field(description="Whether its time was over, and nobody had decided it.")]


class ReviewDecided(Event):
    """A review was decided, by a person or by its time."""

    type: Literal["review.decided"]
    data: DecidedReview


class ToldWebhook(View):
    """A webhook."""

    webhook_id: Id
    url: str
    description: str


class PausedWebhook(ToldWebhook):
    """A webhook that was paused because of what its receiver does."""

    pause_reason: Annotated[
        Literal["failures", "gone"], Field(description="It has failed for days, or its receiver answered 410.")
    ]
    failing_since: Moment | None
    paused_at: Moment


class WebhookPaused(Event):
    """Nothing is delivered to a webhook any more, because its receiver has failed for days or has gone."""

    type: Literal["webhook.paused"]
    data: PausedWebhook


class WebhookTest(Event):
    """Somebody tries a webhook. It is on no bus."""

    type: Literal["webhook.test"]
    data: ToldWebhook


EVENTS: tuple[type[Event], ...] = (ExecutionEnded, ReviewAsked, ReviewDecided, WebhookPaused, WebhookTest)
"""Every kind of event."""
