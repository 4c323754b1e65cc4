"""What calls of the API raise: a class for each code of the contract, and a few for what has none.

Rule: contract "Errors".
"""

BY_CODE: dict[str, type["LodolError"]] = {}
"""The class for each code; each puts itself here."""


class LodolError(Exception):
    """A call that did not succeed; itself raised where the API's code is unknown, or the answer is not the API's.

    `sentence` says what went wrong. `status` and `code` are those of the answer, `request_id` names the request in the
    service's log, `retry_after` are the seconds that the answer asks to wait. What an answer does not have is `None`.
    """

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        if code is not None:
            BY_CODE[code] = cls

    def __init__(
        self,
        sentence: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        """The sentence, with what helps to find the request in a log."""
        return traceable(self.sentence, self.status, self.code, self.request_id)


def traceable(sentence: str, status: int | None, code: str | None, request_id: str | None) -> str:
    """A sentence about an answer, with what helps to find the request in a log."""
    answer = " ".join(str(part) for part in (status, code) if part is not None) if status else ""
    more = ", ".join(filter(None, [answer, request_id and f"request {request_id}"]))
    return f"{sentence} ({more})" if more else sentence


class InvalidRequest(LodolError, code="invalid_request"):
    """The request is wrong; the sentence says what and where."""


class AuthorizationMissing(LodolError, code="authorization_missing"):
    """The API key did not arrive: something on the way has taken the `Authorization` header off."""


class ApiKeyInvalid(LodolError, code="api_key_invalid"):
    """The API key is unknown, revoked or expired."""


class PlanLacksApi(LodolError, code="plan_lacks_api"):
    """The workspace's plan has no API."""


class ScopeMissing(LodolError, code="scope_missing"):
    """The API key lacks the scope that `scope` names."""

    scope: str | None = None


class RateLimitExceeded(LodolError, code="rate_limit_exceeded"):
    """More requests in this minute than the workspace may send."""


class RouteNotFound(LodolError, code="route_not_found"):
    """No endpoint has this method and path."""


class WorkspaceNotFound(LodolError, code="workspace_not_found"):
    """The workspace of the API key is gone."""


class WorkflowNotFound(LodolError, code="workflow_not_found"):
    """The workspace has no such workflow."""


class WorkflowArchived(LodolError, code="workflow_archived"):
    """The workflow is archived: it cannot be run."""


class ExecutionNotFound(LodolError, code="execution_not_found"):
    """The workspace has no such execution."""


class HistoryExpired(LodolError, code="history_expired"):
    """What the execution has done is not kept any more; its row is."""


class ReviewNotFound(LodolError, code="review_not_found"):
    """The workspace has no such review."""


class ReviewAlreadyDecided(LodolError, code="review_already_decided"):
    """The review has been decided already, by a person or by its time."""


class ReviewClosed(LodolError, code="review_closed"):
    """The execution that asked for the review has ended."""


class WebhookNotFound(LodolError, code="webhook_not_found"):
    """The workspace has no such webhook."""


class DeliveryNotFound(LodolError, code="delivery_not_found"):
    """The webhook has no such delivery."""


class WebhookPaused(LodolError, code="webhook_paused"):
    """Nothing is delivered to the webhook until it is resumed."""


class WebhookLimitReached(LodolError, code="webhook_limit_reached"):
    """The workspace has as many webhooks as it may have."""


class ApiKeyNotFound(LodolError, code="api_key_not_found"):
    """The workspace has no such API key."""


class InsufficientCredits(LodolError, code="insufficient_credits"):
    """The workspace has no credit left."""


class ConcurrencyLimitReached(LodolError, code="concurrency_limit_reached"):
    """As many executions run as the workspace may have at once."""


class DayLimitReached(LodolError, code="day_limit_reached"):
    """The executions of the workspace have used today what they may use in a day."""


class WorkspaceSuspended(LodolError, code="workspace_suspended"):
    """The workspace is suspended: nothing can be run in it."""


class KeyLimitReached(LodolError, code="key_limit_reached"):
    """The workspace has as many API keys as its plan allows."""


class ExecutionAlreadyTerminal(LodolError, code="execution_already_terminal"):
    """The execution has ended already."""


class ExecutionStillRunning(LodolError, code="execution_still_running"):
    """The execution has not ended yet."""


class IdempotencyKeyReused(LodolError, code="idempotency_key_reused"):
    """The idempotency key belongs to a different request."""


class IdempotencyKeyInFlight(LodolError, code="idempotency_key_in_flight"):
    """The first request with the idempotency key is still being carried out."""


class Contention(LodolError, code="contention"):
    """Other writes to the workspace kept winning."""


class Unavailable(LodolError, code="unavailable"):
    """The service is not available; whether anything was done is unknown, and the same key finds out."""


class InternalError(LodolError, code="internal_error"):
    """A fault of the service."""


class InvalidArgument(LodolError, ValueError):
    """What was given cannot be sent, an id or a key above all; nothing was."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, code="invalid_argument")


class ConnectionFailed(LodolError):
    """No answer came from the API at `url`; the cause says why.

    Whether anything was done is unknown, and the same key finds out.
    """

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"The API cannot be reached at {url}: {why}.", code="connection_failed")
        self.url = url


class AnswerNotUnderstood(LodolError):
    """The call succeeded, but its answer is not what this version knows; the sentence names the first surprise."""


class WaitTimedOut(LodolError, TimeoutError):
    """The execution `execution_id` was still running when the time to wait for it was over; it goes on."""

    def __init__(self, sentence: str, *, execution_id: str = "") -> None:
        super().__init__(sentence)
        self.execution_id = execution_id
