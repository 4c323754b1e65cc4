"""What a handler knows of its request: who sends it, its path, its query, its body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import BaseModel, ConfigDict, ValidationError

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.entities.workspaces import Workspace
from domain.ids import is_id
from domain.operations.access import Caller
from domain.program.limits import VALUE_BYTES
from domain.program.values import ensure_storable, loads
from domain.refusals import ExecutionNotFound, InvalidRequest, Refusal, ReviewNotFound, WorkflowNotFound
from handlers.parameters import AFTER, LIMIT, Parameter
from handlers.worker import Worker

_NOT_FOUND: Mapping[str, type[Refusal]] = {
    "workflow_id": WorkflowNotFound,
    "execution_id": ExecutionNotFound,
    "review_id": ReviewNotFound,
}
"""What it means that an id in a path is laid out as no id: the same as one that does not exist."""


class JsonBody(BaseModel):
    """The JSON body of a request; `must_be` is what a body that is anything else is told."""

    model_config = ConfigDict(extra="forbid")

    must_be: ClassVar[str]


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
    event: APIGatewayProxyEvent
    path: Mapping[str, str]
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
        return self.event.headers.get("Idempotency-Key")

    def has_time(self, seconds: int) -> bool:
        """Whether the function has more than so many seconds left."""
        return self.milliseconds_left() > seconds * 1000

    def path_id(self, name: str) -> str:
        """The id of this name in the path; what is not laid out as an id is not found, as an id that does not exist."""
        if not is_id(self.path[name]):
            raise _NOT_FOUND[name]
        return self.path[name]

    def check_query(self, known: Sequence[Parameter[Any]]) -> None:
        """Refuse a query with a parameter that the endpoint does not know, that stands twice, or is wrong."""
        names = [parameter.name for parameter in known]
        # What the event class resolves of them it also splits at commas.
        given = {name: [value] for name, value in self.event.query_string_parameters.items()}
        for name, values in (self.event.multi_value_query_string_parameters or given).items():
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
        return self.event.query_string_parameters.get(parameter.name)

    def json[B: JsonBody](self, model: type[B]) -> B:
        """The body, read as the model's JSON; without a body, an empty object. Raises `InvalidRequest`."""
        try:
            text = self.event.decoded_body or "{}"
        except ValueError:
            raise InvalidRequest("The request body must be UTF-8 text.") from None
        if len(text.encode("utf-8", "surrogatepass")) > VALUE_BYTES:
            raise InvalidRequest(f"The request body must not be larger than {VALUE_BYTES} bytes.")
        try:
            body = model.model_validate(loads(text))
            for name in model.model_fields:
                ensure_storable(getattr(body, name), name)
        except ValidationError:
            raise InvalidRequest(f"The request body must be {model.must_be}.") from None
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
