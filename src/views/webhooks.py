"""How webhooks and what was delivered to them look."""

from typing import Annotated, Literal

from pydantic import Field

from views.view import Id, Moment, PreciseMoment, View

type Secret = Annotated[
    str,
    Field(
        description="What the signatures are made with; shown this once.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwqYdN4fBVG0E="],
    ),
]


class Webhook(View):
    """A webhook; empty lists mean all events, and all workflows."""

    webhook_id: Id
    url: Annotated[str, Field(examples=["https://example.com/hooks/lodol"])]
    description: str
    event_types: Annotated[list[str], Field(examples=[["execution.failed"]])]
    workflow_ids: list[Id]
    status: Literal["active", "paused"]
    created_at: Moment
    failing_since: Annotated[Moment | None, Field(description="Since when nothing has reached it.")]
    paused_at: Moment | None
    pause_reason: Annotated[
        Literal["asked", "failures", "gone"] | None,
        Field(description="Somebody asked for it, it has failed for days, or its receiver answered 410."),
    ]
    previous_secret_expires_at: Annotated[
        Moment | None, Field(description="Until when the secret before the last rotation is valid as well.")
    ]


class Webhooks(View):
    """All webhooks of a workspace."""

    webhooks: list[Webhook]


class CreatedWebhook(View):
    """A webhook that was created."""

    webhook_id: Id
    url: str
    status: Literal["active"]
    created_at: Moment
    secret: Secret


class RotatedSecret(View):
    """The new secret of a webhook, and until when the one before is valid beside it."""

    webhook_id: Id
    secret: Secret
    previous_secret_expires_at: Moment


class DeletedWebhook(View):
    """A webhook that was removed."""

    webhook_id: Id
    status: Literal["deleted"]


class Attempt(View):
    """An attempt to deliver an event; `status` and `answer` are null where no answer came."""

    at: PreciseMoment
    milliseconds: int
    status: int | None
    answer: Annotated[str | None, Field(description="The first 256 bytes of what was answered.")]
    error: Annotated[str | None, Field(description="Why it has failed.")]


class Delivery(View):
    """An event on its way to a webhook, with its last attempts, at most 20."""

    delivery_id: Id
    event_id: Annotated[str, Field(description="What the receiver sees as webhook-id.")]
    event_type: str
    status: Literal["pending", "delivered", "failed"]
    created_at: Moment
    next_attempt_at: Annotated[Moment | None, Field(description="When it is tried at the latest, while it is pending.")]
    error: Annotated[str | None, Field(description="Why it was given up without another attempt.")]
    attempts: list[Attempt]


class DeliveryPage(View):
    """A page of deliveries."""

    deliveries: list[Delivery]
