"""Refusals: the facts for which an operation is not carried out.

Named by the fact, carrying ids and numbers, never an HTTP status: `views.answers` maps each to its answer.
"""

from dataclasses import dataclass


class Refusal(Exception):
    """A fact for which an operation is not carried out."""


@dataclass
class InvalidRequest(Refusal):
    """The request itself is wrong; `sentence` says what and where."""

    sentence: str


class AuthorizationMissing(Refusal):
    """There is no bearer token in the request."""


class ApiKeyInvalid(Refusal):
    """The API key is unknown, revoked or expired: deliberately one fact."""


class PlanLacksApi(Refusal):
    """The workspace's plan has no API."""


@dataclass
class ScopeMissing(Refusal):
    """The API key lacks the scope of the endpoint."""

    scope: str


@dataclass
class RateLimitExceeded(Refusal):
    """More requests in this minute than the workspace may send."""

    retry_after: int


class RouteNotFound(Refusal):
    """No endpoint has this method and path."""


class WorkspaceNotFound(Refusal):
    """There is no such workspace."""


class WorkspaceSuspended(Refusal):
    """The workspace is suspended: nothing can be run in it."""


@dataclass
class DayLimitReached(Refusal):
    """The workspace has used as many calls or visits today as it may; the next day begins in `retry_after` seconds."""

    what: str
    limit: int
    retry_after: int


class WorkflowNotFound(Refusal):
    """The workspace has no such workflow."""


class WorkflowArchived(Refusal):
    """The workflow is archived: it cannot be run."""


class ExecutionNotFound(Refusal):
    """The workspace has no such execution."""


@dataclass
class HistoryExpired(Refusal):
    """What the execution has done was kept until a moment that has passed; its row still is."""

    kept_until: str


class ReviewNotFound(Refusal):
    """The workspace has no such review."""


@dataclass
class ReviewAlreadyDecided(Refusal):
    """The review has been decided already, by a person or by its time."""

    decision: str


@dataclass
class ReviewClosed(Refusal):
    """The execution that asked for the review has ended."""

    status: str


class WebhookNotFound(Refusal):
    """The workspace has no such webhook."""


class DeliveryNotFound(Refusal):
    """The webhook has no such delivery."""


class WebhookPaused(Refusal):
    """Nothing is delivered to the webhook until it is resumed."""


@dataclass
class WebhookLimitReached(Refusal):
    """The workspace has as many webhooks as it may have."""

    limit: int


class ApiKeyNotFound(Refusal):
    """The workspace has no such API key."""


class InsufficientCredits(Refusal):
    """The workspace has no credit left."""


@dataclass
class ConcurrencyLimitReached(Refusal):
    """As many executions run as the workspace may have at once."""

    limit: int


@dataclass
class KeyLimitReached(Refusal):
    """The workspace has as many API keys as its plan allows."""

    limit: int


@dataclass
class ExecutionAlreadyTerminal(Refusal):
    """The execution has ended already."""

    status: str


class ExecutionStillRunning(Refusal):
    """The execution has not ended yet."""


@dataclass
class IdempotencyKeyReused(Refusal):
    """The idempotency key belongs to a different request: the one that made or changed this."""

    owner_kind: str
    owner_id: str


class IdempotencyKeyInFlight(Refusal):
    """The first request with the idempotency key is still being written."""


class Contention(Refusal):
    """Other writes to the same items kept winning until the deadline."""


class Unavailable(Refusal):
    """AWS did not answer in time, or only with its own trouble: whether anything was done is unknown."""


class Throttled(Unavailable):
    """AWS refused to look at the request for now: nothing was done."""


@dataclass
class NewerShape(Unavailable):
    """A later release has stored the item in a shape that this one does not know; a worker of that one may read it."""

    shape: int
