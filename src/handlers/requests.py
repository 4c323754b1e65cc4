"""What a handler knows of its request: who sends it, its path, its query, its body."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.entities.workspaces import Workspace
from domain.ids import is_id
from domain.operations.access import Caller
from domain.program.limits import VALUE_BYTES
from domain.program.values import ensure_storable, loads
from domain.refusals import (
    DeliveryNotFound,
    ExecutionNotFound,
    InvalidRequest,
    Refusal,
    ReviewNotFound,
    WebhookNotFound,
    WorkflowNotFound,
)
from handlers.parameters import AFTER, LIMIT, Parameter
from handlers.worker import Worker

_NOT_FOUND: Mapping[str, type[Refusal]] = {
    "workflow_id": WorkflowNotFound,
    "execution_id": ExecutionNotFound,
    "review_id": ReviewNotFound,
    "webhook_id": WebhookNotFound,
    "delivery_id": DeliveryNotFound,
}
"""What it means that an id in a path is laid out as no id: the same as one that does not exist."""


@dataclass(frozen=True)
class JsonBody:
    """The JSON body of a request, as a dataclass of its fields, which raises `ValueError` for what they must not be.

    `must_be` is what a body that is anything else is told.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    """For its description, which pydantic makes."""

    must_be: ClassVar[str]


_MAPS = ("headers", "queryStringParameters", "pathParameters")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_text, values))


@dataclass(frozen=True, slots=True)
class Event:
    """A request as API Gateway hands it over: the proxy event of a REST API."""

    raw: Mapping[str, Any]

    @staticmethod
    def is_one(raw: Any) -> bool:
        """Whether it is what a gateway may send, in all that is read of it here."""
        if not isinstance(raw, dict):
            return False
        maps = [{} if raw.get(name) is None else raw[name] for name in _MAPS]
        lists = raw.get("multiValueQueryStringParameters")
        return (
            all(isinstance(raw.get(name), str) for name in ("httpMethod", "resource"))
            and isinstance(raw.get("body"), str | None)
            and isinstance(raw.get("isBase64Encoded"), bool | None)
            and all(isinstance(each, dict) and all(map(_is_text, (*each, *each.values()))) for each in maps)
            and (lists is None or (isinstance(lists, dict) and all(map(_are_texts, lists.values()))))
        )

    @property
    def route(self) -> tuple[str, str]:
        """The route by which the gateway has found the function: its method, and its path with `{name}` for an id."""
        return self.raw["httpMethod"], self.raw["resource"]

    @property
    def path(self) -> Mapping[str, str]:
        """What the path has in the places of the route."""
        return self.raw.get("pathParameters") or {}

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, by their names in lower case."""
        return {name.lower(): value for name, value in (self.raw.get("headers") or {}).items()}

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the query; of one that stands twice, the last."""
        return self.raw.get("queryStringParameters") or {}

    @property
    def whole_query(self) -> Mapping[str, Sequence[str]]:
        """The parameters of the query, each with every value that it has."""
        given = {name: [value] for name, value in self.query.items()}
        return self.raw.get("multiValueQueryStringParameters") or given

    @property
    def body(self) -> str:
        """The text of the body, empty without one. Raises `ValueError` where it is no UTF-8."""
        body = self.raw.get("body") or ""
        return base64.b64decode(body, validate=True).decode() if self.raw.get("isBase64Encoded") else body


@dataclass(frozen=True, slots=True)
class Page[T]:
    """The rows of a page, and the `Link` header that leads to the next if there is one."""

    rows: Sequence[T]
    link: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose caller is known and allowed to send it."""

    worker: Worker
    caller: Caller
    event: Event
    now: datetime
    milliseconds_left: Callable[[], int]

    @property
    def workspace(self) -> Workspace:
        """The workspace that the request acts in."""
        return self.caller.workspace

    @property
    def stack(self) -> Stack:
        """The stack that the request works on."""
        return self.worker.stack

    @property
    def table(self) -> Table:
        """The table of the stack."""
        return self.worker.stack.table

    @property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header, `None` without it."""
        return self.event.headers.get("idempotency-key")

    def has_time(self, seconds: int) -> bool:
        """Whether the function has more than so many seconds left."""
        return self.milliseconds_left() > seconds * 1000

    def path_id(self, name: str) -> str:
        """The id of this name in the path; what is not laid out as an id is not found, as an id that does not exist."""
        given = self.event.path.get(name, "")
        if not is_id(given):
            raise _NOT_FOUND[name]
        return given

    def check_query(self, known: Sequence[Parameter[Any]]) -> None:
        """Refuse a query with a parameter that the endpoint does not know, that stands twice, or is wrong."""
        names = [parameter.name for parameter in known]
        for name, values in self.event.whole_query.items():
            if name not in names:
                takes = f"the known ones are {', '.join(names)}" if names else "this endpoint takes none"
                raise InvalidRequest(f"Unknown query parameter {name!r}: {takes}.")
            if len(values) > 1:
                raise InvalidRequest(f"The query parameter {name} must not stand twice.")
        for parameter in known:
            self.query(parameter)

    def query[T](self, parameter: Parameter[T]) -> T:
        """A query parameter as it is read, or its default. Raises `InvalidRequest` with what it must be."""
        text = self._given(parameter)
        if text is None and not parameter.is_required:
            return parameter.default
        try:
            return parameter.read(text or "")
        except ValueError:
            raise InvalidRequest(f"{parameter.name} must be {parameter.must_be}.") from None

    def _given(self, parameter: Parameter[Any]) -> str | None:
        return self.event.query.get(parameter.name)

    def json[B: JsonBody](self, model: type[B]) -> B:
        """The body, read as the model's JSON; without a body, an empty object. Raises `InvalidRequest`."""
        try:
            text = self.event.body or "{}"
        except ValueError:
            raise InvalidRequest("The request body must be UTF-8 text.") from None
        if len(text.encode("utf-8", "surrogatepass")) > VALUE_BYTES:
            raise InvalidRequest(f"The request body must not be larger than {VALUE_BYTES} bytes.")
        try:
            given: Any = loads(text)
            body = _body(model, given)
            for name in given:
                ensure_storable(given[name], name)
        except ValueError as error:
            raise InvalidRequest(f"The request body cannot be used: {error}") from None
        return body

    def page[T](
        self,
        read: Callable[[int], Sequence[T]],
        position_of: Callable[[T], str],
        *filters: Parameter[Any],
    ) -> Page[T]:
        """Read a page of as many rows as `limit` says, and the `Link` to what follows. Rule: contract "List".

        `read` reads up to so many rows; the `filters` that were given go into the link, as they were given.
        """
        limit = self.query(LIMIT)
        # One more than asked for tells whether a successor exists.
        found = read(limit + 1)
        rows = found[:limit]
        return Page(rows, self._link(position_of(rows[-1]), limit, filters) if len(found) > limit else {})

    def _link(self, position: str, limit: int, filters: Sequence[Parameter[Any]]) -> dict[str, str]:
        given = {parameter.name: self._given(parameter) for parameter in filters}
        parameters = {name: text for name, text in given.items() if text is not None}
        query = urlencode({**parameters, LIMIT.name: limit, AFTER.name: position}, safe=",:", quote_via=quote)
        # Relative to what was asked: it holds behind every proxy, stage and domain.
        return {"Link": f'<?{query}>; rel="next"'}


def _body[B: JsonBody](model: type[B], given: Any) -> B:
    """The fields that were given, as the model has them: no other, and none that is needed left out."""
    try:
        return model(**given)
    except (TypeError, ValueError):
        raise InvalidRequest(f"The request body must be {model.must_be}.") from None
