"""What every endpoint shares: recognising the caller, reading the request, writing the answer.

A handler module makes one `Endpoint` from a route, a scope and a function; Lambda calls the endpoint.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from domain import receipts
from domain.access import Caller, Gate
from domain.api_keys import Scope
from domain.moments import utc_now
from domain.program.values import Value, dumps
from domain.refusals import InvalidRequest, Refusal, RouteNotFound
from domain.table import the_table
from domain.workspaces import Workspace
from handlers.answers import answer_to
from handlers.logs import begin_request, logger

_HEX_ID = re.compile(r"[0-9a-fA-F]{24}")
_MOST_RESULTS = 100
_USUAL_RESULTS = 20


class View(BaseModel):
    """A body of an answer: exactly its fields, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def text(self) -> str:
        """The body as JSON."""
        return dumps(self.model_dump(exclude_unset=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: status, body as JSON text, and headers beyond those of every answer."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose caller is known and allowed to send it."""

    caller: Caller
    event: APIGatewayProxyEvent
    now: datetime

    @property
    def workspace(self) -> Workspace:
        """The workspace that the request acts in."""
        return self.caller.workspace

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header, `None` without it."""
        return self.event.headers.get("Idempotency-Key")

    @property
    def body(self) -> str | None:
        """The body as text, `None` without one. Raises `InvalidRequest` if it is not UTF-8."""
        try:
            return self.event.decoded_body or None
        except ValueError:
            raise InvalidRequest("The request body must be UTF-8 text.") from None

    def query(self, name: str) -> str | None:
        """A query parameter, `None` without it."""
        return self.event.query_string_parameters.get(name)

    def limit(self) -> int:
        """The `limit` of a list, 1 to 100, 20 without it. Rule: CONTRACT "List"."""
        text = self.query("limit")
        if text is None:
            return _USUAL_RESULTS
        if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST_RESULTS:
            raise InvalidRequest(f"limit must be a whole number from 1 to {_MOST_RESULTS}.")
        return int(text)

    def after(self) -> str | None:
        """The cursor of a list: the id that the page before ended with."""
        text = self.query("after")
        if text is None:
            return None
        if not _HEX_ID.fullmatch(text):
            raise InvalidRequest("after must be an id: 24 hex digits.")
        return text.lower()

    def next_page(self, last_id: str, limit: int, **filters: str | None) -> dict[str, str]:
        """The `Link` header that leads to the page behind `last_id`."""
        parameters = {**filters, "limit": str(limit), "after": last_id}
        query = "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)
        host = self.event.headers.get("Host", "")
        path = self.event.request_context.path or self.event.path
        scheme = self.event.headers.get("X-Forwarded-Proto", "https")
        return {"Link": f'<{scheme}://{host}{path}?{query}>; rel="next"'}


def replayable(status: int, answer: receipts.Answer) -> Answer:
    """Answer with a success that an idempotency key may repeat; a repeat says so."""
    return Answer(status, answer.body, {"Idempotency-Replayed": "true"} if answer.replayed else {})


type Operation = Callable[..., Answer]


class Endpoint:
    """One route of the API as a Lambda handler.

    The checks come in the contract's order: key, plan, scope, rate, and then what `operation` itself looks at.
    """

    def __init__(self, method: str, route: str, scope: Scope, operation: Operation) -> None:
        self._scope = scope
        self._operation = operation
        self._resolver = APIGatewayRestResolver()
        self._resolver.route(route, method=method)(self._serve)
        self._resolver.not_found(self._no_route)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer an API Gateway proxy event. Nothing that goes wrong in here leaves as anything but an answer."""
        begin_request(context.aws_request_id)
        return self._resolver.resolve(event, context)

    def _serve(self, **path: str) -> Response[str]:
        event = self._resolver.current_event
        now = utc_now()
        headers = {"X-Request-Id": self._resolver.lambda_context.aws_request_id}
        try:
            caller = the_gate().recognise(event.headers.get("Authorization"), now)
            quota = caller.quota
            headers |= {
                "RateLimit-Limit": str(quota.limit),
                "RateLimit-Remaining": str(quota.remaining),
                "RateLimit-Reset": str(quota.reset),
            }
            caller.require(self._scope)
            answer = self._operation(Request(caller, event, now), **path)
        except Refusal as refusal:
            return _refused(refusal, headers)
        except Exception as crash:  # noqa: BLE001 - the last line of defence: the contract's envelope holds for bugs too
            logger.exception("crashed")
            return _refused(crash, headers)
        headers |= answer.headers
        return Response(answer.status, content_types.APPLICATION_JSON, answer.body, headers=headers)

    def _no_route(self, _: NotFoundError) -> Response[str]:
        return _refused(RouteNotFound(), {"X-Request-Id": self._resolver.lambda_context.aws_request_id})


def _refused(refusal: Exception, headers: Mapping[str, str]) -> Response[str]:
    status, sentence, more = answer_to(refusal)
    body: Value = {"error": sentence}
    return Response(status, content_types.APPLICATION_JSON, dumps(body), headers={**headers, **more})


@cache
def the_gate() -> Gate:
    """The gate of this worker, which remembers the keys it has seen."""
    return Gate(the_table())
