"""The one table from refusals to the contract's answers."""

from collections.abc import Callable
from typing import Any, NamedTuple

from domain import refusals

_BUSY_SECONDS = 5


class ErrorAnswer(NamedTuple):
    """Status, the sentence of the field `error`, and headers."""

    status: int
    sentence: str
    headers: dict[str, str]


def _is(status: int, sentence: str, **headers: str) -> Callable[[Any], ErrorAnswer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: ErrorAnswer(status, sentence, named)


NEUTRAL = ErrorAnswer(500, "Something went wrong on our side. Please try again later.", {})

ANSWERS: dict[type[refusals.Refusal], Callable[[Any], ErrorAnswer]] = {
    refusals.InvalidRequest: lambda r: ErrorAnswer(400, r.sentence, {}),
    refusals.AuthorizationMissing: _is(
        401, "Missing or malformed Authorization header", WWW_Authenticate='Bearer realm="lodol"'
    ),
    refusals.ApiKeyInvalid: _is(401, "Invalid API key", WWW_Authenticate='Bearer realm="lodol", error="invalid_token"'),
    refusals.PlanLacksApi: _is(403, "The Developer API is not available on your plan."),
    refusals.ScopeMissing: _is(403, "API key lacks required scope(s)"),
    refusals.RateLimitExceeded: lambda r: ErrorAnswer(
        429, "Rate limit exceeded. Please wait before trying again.", {"Retry-After": str(r.retry_after)}
    ),
    refusals.RouteNotFound: _is(404, "There is no such endpoint."),
    refusals.WorkspaceNotFound: _is(404, "Workspace not found"),
    refusals.WorkflowNotFound: _is(404, "Workflow not found"),
    refusals.ExecutionNotFound: _is(404, "Execution not found"),
    refusals.ReviewNotFound: _is(404, "Review not found"),
    refusals.ReviewAlreadyDecided: lambda r: ErrorAnswer(400, f"Review is already decided: {r.decision}.", {}),
    refusals.ReviewClosed: lambda r: ErrorAnswer(
        400, f"The execution of this review is already in a terminal state: {r.status}.", {}
    ),
    refusals.ApiKeyNotFound: _is(404, "API key not found"),
    refusals.InsufficientCredits: _is(402, "Insufficient credits. Please upgrade your plan or purchase more credits."),
    refusals.ConcurrencyLimitReached: lambda r: ErrorAnswer(
        429,
        f"Concurrent execution limit reached. Your plan allows {r.limit} concurrent executions via the API.",
        {"Retry-After": str(_BUSY_SECONDS)},
    ),
    refusals.KeyLimitReached: lambda r: ErrorAnswer(403, f"Your plan allows {r.limit} API keys.", {}),
    refusals.ExecutionAlreadyTerminal: lambda r: ErrorAnswer(
        400, f"Execution is already in a terminal state: {r.status}.", {}
    ),
    refusals.IdempotencyKeyReused: lambda r: ErrorAnswer(
        400, f"This Idempotency-Key was used for a different request, which belongs to execution {r.execution_id}.", {}
    ),
    refusals.IdempotencyKeyInFlight: _is(
        409,
        "A request with this Idempotency-Key is currently being processed. Please retry later.",
        Retry_After=str(_BUSY_SECONDS),
    ),
    refusals.Contention: _is(
        503, "The workspace is very busy at the moment. Please retry later.", Retry_After=str(_BUSY_SECONDS)
    ),
    refusals.Unavailable: _is(
        503,
        "The service is not available at the moment. Please retry later, with the same Idempotency-Key if any.",
        Retry_After=str(_BUSY_SECONDS),
    ),
}


def answer_to(error: Exception) -> ErrorAnswer:
    """Find the answer to a refusal, by its type or the nearest it derives from; a crash gets a neutral sentence."""
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            return ANSWERS[kind](error)
    return NEUTRAL
