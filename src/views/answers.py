"""The one table from refusals to the contract's answers. Rule: contract "Errors"."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain import refusals
from domain.refusals import Refusal

_BUSY = {"Retry-After": "5"}


class ErrorAnswer(NamedTuple):
    """Status, the sentence of the field `error`, and headers beside the code."""

    status: int
    sentence: str
    headers: Mapping[str, str] = {}


type _Entry = tuple[type[Refusal], Callable[[Any], ErrorAnswer]]


def _on[R: Refusal](refusal: type[R], answer: Callable[[R], ErrorAnswer]) -> _Entry:
    """An entry whose answer is made from the fields of the refusal, which mypy then knows."""
    return refusal, answer


def _is(refusal: type[Refusal], *answer: Any) -> _Entry:
    """An entry whose answer is always the same."""
    same = ErrorAnswer(*answer)
    return refusal, lambda _: same


NEUTRAL = ErrorAnswer(
    500, "Something went wrong on our side. Please try again later.", {"Error-Code": "internal_error"}
)

ANSWERS: Mapping[type[Refusal], Callable[[Any], ErrorAnswer]] = dict(
    [
        _on(refusals.InvalidRequest, lambda r: ErrorAnswer(400, r.sentence)),
        _is(
            refusals.AuthorizationMissing,
            401,
            "Missing or malformed Authorization header",
            {"WWW-Authenticate": 'Bearer realm="lodol"'},
        ),
        _is(
            refusals.ApiKeyInvalid,
            401,
            "Invalid API key",
            {"WWW-Authenticate": 'Bearer realm="lodol", error="invalid_token"'},
        ),
        _is(
            refusals.PlanLacksApi,
            403,
            "The Developer API is not available on your plan.",
            {"WWW-Authenticate": 'Bearer realm="lodol"'},
        ),
        _on(
            refusals.ScopeMissing,
            lambda r: ErrorAnswer(
                403,
                "API key lacks required scope(s)",
                {"WWW-Authenticate": f'Bearer realm="lodol", error="insufficient_scope", scope="{r.scope}"'},
            ),
        ),
        _on(
            refusals.RateLimitExceeded,
            lambda r: ErrorAnswer(
                429, "Rate limit exceeded. Please wait before trying again.", {"Retry-After": str(r.retry_after)}
            ),
        ),
        _is(refusals.RouteNotFound, 404, "There is no such endpoint."),
        _is(refusals.WorkspaceNotFound, 404, "Workspace not found"),
        _is(refusals.WorkflowNotFound, 404, "Workflow not found"),
        _is(refusals.WorkflowArchived, 400, "Workflow is archived: it cannot be run."),
        _is(refusals.ExecutionNotFound, 404, "Execution not found"),
        _on(
            refusals.HistoryExpired,
            lambda r: ErrorAnswer(404, f"The history of this execution has expired: it was kept until {r.kept_until}."),
        ),
        _is(refusals.ReviewNotFound, 404, "Review not found"),
        _on(refusals.ReviewAlreadyDecided, lambda r: ErrorAnswer(400, f"Review is already decided: {r.decision}.")),
        _on(
            refusals.ReviewClosed,
            lambda r: ErrorAnswer(400, f"The execution of this review is already in a terminal state: {r.status}."),
        ),
        _is(refusals.WebhookNotFound, 404, "Webhook not found"),
        _is(refusals.DeliveryNotFound, 404, "Delivery not found"),
        _is(refusals.WebhookPaused, 400, "Webhook is paused: nothing is delivered to it until it is resumed."),
        _on(refusals.WebhookLimitReached, lambda r: ErrorAnswer(403, f"A workspace has at most {r.limit} webhooks.")),
        _is(refusals.ApiKeyNotFound, 404, "API key not found"),
        _is(
            refusals.InsufficientCredits,
            402,
            "Insufficient credits. Please upgrade your plan or purchase more credits.",
        ),
        _on(
            refusals.ConcurrencyLimitReached,
            lambda r: ErrorAnswer(
                429,
                f"Concurrent execution limit reached. Your plan allows {r.limit} concurrent executions via the API.",
                _BUSY,
            ),
        ),
        _is(refusals.WorkspaceSuspended, 403, "This workspace is suspended: nothing can be run in it."),
        _on(
            refusals.DayLimitReached,
            lambda r: ErrorAnswer(
                429,
                f"This workspace has used its {r.limit} {r.what} of today. It can run again after midnight UTC.",
                {"Retry-After": str(r.retry_after)},
            ),
        ),
        _on(refusals.KeyLimitReached, lambda r: ErrorAnswer(403, f"Your plan allows {r.limit} API keys.")),
        _on(
            refusals.ExecutionAlreadyTerminal,
            lambda r: ErrorAnswer(400, f"Execution is already in a terminal state: {r.status}."),
        ),
        _is(refusals.ExecutionStillRunning, 400, "Execution is still running: it can be repeated once it has ended."),
        _on(
            refusals.IdempotencyKeyReused,
            lambda r: ErrorAnswer(
                400,
                f"This Idempotency-Key was used for a different request, which belongs to {r.owner_kind} {r.owner_id}.",
            ),
        ),
        _is(
            refusals.IdempotencyKeyInFlight,
            409,
            "A request with this Idempotency-Key is currently being processed. Please retry later.",
            _BUSY,
        ),
        _is(refusals.Contention, 503, "The workspace is very busy at the moment. Please retry later.", _BUSY),
        _is(
            refusals.Unavailable,
            503,
            "The service is not available at the moment. Please retry later, with the same Idempotency-Key if any.",
            _BUSY,
        ),
    ]
)


def answer_to(error: Exception) -> ErrorAnswer:
    """Find the answer to a refusal, by its type or the nearest it derives from; a crash gets a neutral sentence.

    Among its headers is the code of the refusal, for programs: sentences may change, codes do not.
    """
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            status, sentence, headers = ANSWERS[kind](error)
            return ErrorAnswer(status, sentence, {"Error-Code": code_of(kind), **headers})
    return NEUTRAL


def code_of(refusal: type[Refusal]) -> str:
    """The stable code of a refusal: its name in lower case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", refusal.__name__).lower()
