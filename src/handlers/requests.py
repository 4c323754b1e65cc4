"""What a handler knows of its request: who sends it, its path, its query, its body."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

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
from handlers.worker import Worker

_HEX_ID = re.compile(r"[0-9a-fA-F]{24}")
_MOST_RESULTS = 100
_USUAL_RESULTS = 20
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

    def path_id(self, name: str) -> str:
        """The id of this name in the path; what is not laid out as an id is not found, as an id that does not exist."""
        if not is_id(self.path[name]):
            raise _NOT_FOUND[name]
        return self.path[name]

    def know_query(self, known: Sequence[str]) -> None:
        """Refuse a query with a parameter that the endpoint does not know, or one that stands twice."""
        for name, values in self.event.resolved_query_string_parameters.items():
            if name not in known:
                takes = f"the known ones are {', '.join(known)}" if known else "this endpoint takes none"
                raise InvalidRequest(f"Unknown query parameter {name!r}: {takes}.")
            if len(values) > 1:
                raise InvalidRequest(f"The query parameter {name} must not stand twice.")

    def query_id(self, name: str) -> str | None:
        """A query parameter that is an id, `None` without it."""
        text = self.query(name)
        if text is not None and not is_id(text):
            raise InvalidRequest(f"{name} must be an id: 24 lower-case hex digits.")
        return text

    def query(self, name: str) -> str | None:
        """A query parameter, `None` without it."""
        return self.event.query_string_parameters.get(name)

    def query_flag(self, name: str) -> bool:
        """A query parameter that is `true` or `false`, and `false` without it."""
        text = self.query(name)
        if text not in {None, "true", "false"}:
            raise InvalidRequest(f"{name} must be true or false.")
        return text == "true"

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
        self, read: Callable[[int, str | None], Sequence[T]], id_of: Callable[[T], str], **filters: str | None
    ) -> Page[T]:
        """Read the page that `limit` and `after` name, and the `Link` to what follows. Rule: contract "List".

        `read` reads up to so many rows from a position on; `filters` go into the link.
        """
        limit, after = self._limit(), self._after()
        # One more than asked for tells whether a successor exists.
        found = read(limit + 1, after)
        rows = found[:limit]
        return Page(rows, self._link(id_of(rows[-1]), limit, filters) if len(found) > limit else {})

    def _limit(self) -> int:
        text = self.query("limit")
        if text is None:
            return _USUAL_RESULTS
        if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST_RESULTS:
            raise InvalidRequest(f"limit must be a whole number from 1 to {_MOST_RESULTS}.")
        return int(text)

    def _after(self) -> str | None:
        text = self.query("after")
        if text is None:
            return None
        if not _HEX_ID.fullmatch(text):
            raise InvalidRequest("after must be an id: 24 hex digits.")
        return text.lower()

    def _link(self, last_id: str, limit: int, filters: Mapping[str, str | None]) -> dict[str, str]:
        parameters = {**filters, "limit": str(limit), "after": last_id}
        query = "&".join(f"{name}={value}" for name, value in parameters.items() if value is not None)
        # Relative to what was asked: it holds behind every proxy, stage and domain.
        return {"Link": f'<?{query}>; rel="next"'}
