"""What every endpoint shares: authenticating the caller, and writing the answer.

A handler module makes one `Endpoint` from a route, a scope and a function; Lambda calls the endpoint.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from domain import refusals
from domain.entities.api_keys import Scope
from domain.program.values import Value, dumps
from domain.refusals import Refusal, RouteNotFound
from handlers.logs import logged, logger
from handlers.parameters import Parameter
from handlers.requests import JsonBody, Request
from handlers.worker import Worker, the_worker
from views.answers import answer_to
from views.view import View


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: status, body as JSON text, and headers beyond those of every answer."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def ok(view: View, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer 200 with a view."""
    return Answer(200, view.to_json(), headers or {})


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
    `operation` itself looks at. `answers` is the body of a success, `headers` are those that it may have
    beside the ones of every answer, `refuses` is what only this endpoint refuses.
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
        answers: type[View],
        status: int = 200,
        query: tuple[Parameter[Any], ...] = (),
        body: type[JsonBody] | None = None,
        headers: tuple[str, ...] = (),
        refuses: tuple[type[Refusal], ...] = (),
    ) -> None:
        self.method, self.route, self.scope = method, route, scope
        self.answers, self.status, self.headers = answers, status, headers
        self.query, self.body = query, body
        self.refuses = (*EVERYWHERE, *refuses)
        self._operation = operation
        self._resolver = APIGatewayRestResolver()
        self._resolver.route(route, method=method)(self._serve)
        self._resolver.not_found(self._no_route)
        self._resolve = logged(self._resolve_and_log)

    @property
    def path(self) -> str:
        """Its path as the gateway writes it: `/v1/executions/{execution_id}`."""
        return re.sub(r"<(\w+)>", r"{\1}", self.route)

    def __call__(self, event: dict[str, Any], context: LambdaContext, worker: Worker | None = None) -> dict[str, Any]:
        """Answer an API Gateway proxy event. Nothing that goes wrong in here leaves as anything but an answer."""
        self._resolver.append_context(worker=worker or the_worker())  # type: ignore[no-untyped-call]
        return self._resolve(event, context)

    def _resolve_and_log(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Every request is one line; the address that was asked and what it carried are no part of it."""
        begun = time.monotonic()
        answer = self._resolver.resolve(event, context)
        status, took = answer["statusCode"], round((time.monotonic() - begun) * 1000)
        logger.info("request", extra={"method": self.method, "route": self.path, "status": status, "ms": took})
        return answer

    def _serve(self, **path: str) -> Response[str]:
        worker: Worker = self._resolver.context["worker"]
        event, now = self._resolver.current_event, worker.clock()
        headers = {"X-Request-Id": self._resolver.lambda_context.aws_request_id}
        try:
            caller = worker.authenticator.authenticate(event.headers.get("Authorization"), now)
            quota = caller.quota
            headers |= {
                "RateLimit-Limit": str(quota.limit),
                "RateLimit-Remaining": str(quota.remaining),
                "RateLimit-Reset": str(quota.reset),
            }
            caller.authorize(self.scope)
            left = self._resolver.lambda_context.get_remaining_time_in_millis
            request = Request(worker, caller, event, path, now, left)
            request.check_query(self.query)
            answer = self._operation(request)
        except Refusal as refusal:
            return _refused(refusal, headers)
        except Exception as crash:  # noqa: BLE001 - the last line of defence: the contract's envelope holds for bugs too
            logger.exception("crashed")
            return _refused(crash, headers)
        headers |= answer.headers
        return Response(answer.status, content_types.APPLICATION_JSON, answer.body, headers=headers)

    def _no_route(self, _: NotFoundError) -> Response[str]:
        event = self._resolver.current_event
        # An id with characters that the resolver takes for none: the gateway has found the route all the same.
        if (event.http_method, event.resource) == (self.method, self.path):
            return self._serve(**event.path_parameters)
        return _refused(RouteNotFound(), {"X-Request-Id": self._resolver.lambda_context.aws_request_id})


def _refused(refusal: Exception, headers: Mapping[str, str]) -> Response[str]:
    status, sentence, more = answer_to(refusal)
    body: Value = {"error": sentence}
    return Response(status, content_types.APPLICATION_JSON, dumps(body), headers={**headers, **more})
