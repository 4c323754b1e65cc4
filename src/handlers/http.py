"""What every endpoint shares: authenticating the caller, and writing the answer.

A handler module makes one `Endpoint` from a route, a scope and a function; Lambda calls the endpoint.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from domain import refusals
from domain.entities.api_keys import Scope
from domain.program.values import dumps
from domain.refusals import InvalidRequest, Refusal, RouteNotFound
from handlers import metrics
from handlers.logs import logged, logger
from handlers.metrics import Metric
from handlers.parameters import Parameter
from handlers.requests import Event, JsonBody, Request
from handlers.worker import Worker, the_worker
from views.answers import answer_to

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from views.view import View

_NO_EVENT = "The event must be one that API Gateway sends."


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: status, body as JSON text, and headers beyond those of every answer."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def ok(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Answer 200 with a body."""
    return Answer(200, dumps(dict(body)), headers or {})


EVERYWHERE: tuple[type[Refusal], ...] = (
    refusals.InvalidRequest,
    refusals.AuthorizationMissing,
    refusals.ApiKeyInvalid,
    refusals.PlanLacksApi,
    refusals.ScopeMissing,
    refusals.RateLimitExceeded,
    refusals.Contention,
    refusals.Unavailable,
)
"""What every endpoint may refuse."""


class Endpoint:
    """One route of the API as a Lambda handler, and all that its description says of it.

    The checks come in the contract's order: key, plan, scope, rate, the names of the query's parameters, and then what
    `operation` itself looks at. `answers` is the model of a success's body, as `module.Model` of `views`; `headers` are
    those that it may have beside the ones of every answer, `refuses` is what only this endpoint refuses, `counts` the
    metric of its successes, without repeats.
    """

    is_replayable = False
    """Whether an Idempotency-Key may repeat it."""

    def __init__(
        self,
        method: str,
        route: str,
        scope: Scope,
        operation: Callable[[Request], Answer],
        *,
        answers: str,
        status: int = 200,
        query: tuple[Parameter[Any], ...] = (),
        body: type[JsonBody] | None = None,
        headers: tuple[str, ...] = (),
        refuses: tuple[type[Refusal], ...] = (),
        counts: Metric | None = None,
    ) -> None:
        self.method, self.route, self.scope = method, route, scope
        self.status, self.headers = status, headers
        self.query, self.body = query, body
        self.refuses = (*EVERYWHERE, *refuses)
        self._answers, self._operation, self._counts = answers, operation, counts
        self._serve_logged = logged(self._serve)

    @property
    def answers(self) -> type[View]:
        """The model of a success's body: imported for those who describe answers, while a function just makes them."""
        module, _, name = self._answers.partition(".")
        model: type[View] = getattr(import_module(f"views.{module}"), name)
        return model

    @property
    def path(self) -> str:
        """Its path as the gateway writes it: `/v1/executions/{execution_id}`."""
        return re.sub(r"<(\w+)>", r"{\1}", self.route)

    def __call__(self, event: dict[str, Any], context: LambdaContext, worker: Worker | None = None) -> dict[str, Any]:
        """Answer an API Gateway proxy event. Nothing that goes wrong in here leaves as anything but an answer.

        What no gateway sends, as whoever may invoke the function itself can, is refused as a request that is wrong.
        """
        if not Event.is_one(event):
            return _refused(InvalidRequest(_NO_EVENT), {"X-Request-Id": context.aws_request_id})
        answer: dict[str, Any] = self._serve_logged(event, context, worker or the_worker())
        return answer

    def _serve(self, raw: dict[str, Any], context: LambdaContext, worker: Worker) -> dict[str, Any]:
        """Every request is one line of the log; the address that was asked and what it carried are no part of it."""
        begun = time.monotonic()
        answer = self._answer(raw, context, worker)
        status, took = answer["statusCode"], round((time.monotonic() - begun) * 1000)
        asked = {"method": self.method, "route": self.path, "status": status, "ms": took}
        headers = answer["multiValueHeaders"]
        if "Error-Code" in headers:
            metrics.log("request", {**asked, "code": headers["Error-Code"][0]}, {metrics.REFUSALS: 1})
        else:
            is_counted = self._counts and "Idempotency-Replayed" not in headers
            metrics.log("request", asked, {self._counts: 1} if self._counts and is_counted else {})
        return answer

    def _answer(self, raw: dict[str, Any], context: LambdaContext, worker: Worker) -> dict[str, Any]:
        headers = {"X-Request-Id": context.aws_request_id}
        event, now = Event(raw), worker.clock()
        if event.route != (self.method, self.path):
            return _refused(RouteNotFound(), headers)
        try:
            caller = worker.authenticator.authenticate(event.headers.get("authorization"), now)
            logger.append_keys(workspace_id=caller.workspace.id)
            quota = caller.quota
            headers |= {
                "RateLimit-Limit": str(quota.limit),
                "RateLimit-Remaining": str(quota.remaining),
                "RateLimit-Reset": str(quota.reset),
            }
            caller.authorize(self.scope)
            request = Request(worker, caller, event, now, context.get_remaining_time_in_millis)
            request.check_query(self.query)
            answer = self._operation(request)
        except Refusal as refusal:
            return _refused(refusal, headers)
        except Exception as crash:  # noqa: BLE001 - the last line of defence: the contract's envelope holds for bugs too
            logger.exception("crashed")
            return _refused(crash, headers)
        return _proxied(answer.status, answer.body, {**headers, **answer.headers})


def _refused(refusal: Exception, headers: Mapping[str, str]) -> dict[str, Any]:
    status, sentence, more = answer_to(refusal)
    return _proxied(status, dumps({"error": sentence}), {**headers, **more})


def _proxied(status: int, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """An answer as the gateway takes it from a function."""
    named = {"Content-Type": "application/json", **headers}
    return {
        "statusCode": status,
        "body": body,
        "isBase64Encoded": False,
        "multiValueHeaders": {name: [value] for name, value in named.items()},
    }
