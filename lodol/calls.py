"""The rules of every call of the API, without I/O: what is sent, how an answer is read, when it is sent again.

A call is a generator: it yields what to send, is given what came of it, and returns what the answer holds. Who carries
calls out, in threads or in a loop of events, has no rule of its own.
"""

import json
import random
import re
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from importlib.metadata import version
from itertools import count, takewhile
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import httpx
from pydantic import ValidationError

from domain.ids import is_id
from domain.moments import Clock, utc_now
from domain.program.values import dumps
from domain.retry_after import seconds_asked
from lodol.errors import (
    BY_CODE,
    AnswerNotUnderstood,
    ConnectionFailed,
    InvalidArgument,
    LodolError,
    ScopeMissing,
    WaitTimedOut,
)
from lodol.models import Position, is_settled, position_of
from views.executions import (
    Execution,
    ExecutionPage,
    ExecutionRow,
    ExecutionStatus,
    RepeatedExecution,
    StartedExecution,
    StoppedExecution,
    StoppedExecutions,
)
from views.histories import History, HistoryEntry
from views.reviews import DecidedReview, Review, ReviewPage
from views.view import Json, View
from views.webhooks import (
    CreatedWebhook,
    DeletedWebhook,
    Delivery,
    DeliveryPage,
    RotatedSecret,
    Webhook,
    Webhooks,
)
from views.workflows import Workflow, WorkflowPage, WorkflowWithProgram
from views.workspaces import Workspace

NETWORK_SECONDS = httpx.Timeout(30, connect=5)
"""How long one request waits for the network, where nobody has said so: the gateway answers within 29 seconds."""

_REPEATED = {409, 429, 500, 502, 503, 504}
"""Statuses after which the same request may succeed. Rule: contract "Errors"."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_LEAST_BETWEEN_POLLS = 0.5
_LAST_CALL = 99_999
"""Stands behind every call of a step."""

_LOCAL = {"localhost", "127.0.0.1", "::1"}
_USER_AGENT = f"lodol/{version('lodol')}"

_API_KEY = re.compile(r"[!-~]+")
_IDEMPOTENCY_KEY = re.compile(r"[!-~]([ -~]{0,254}[!-~])?")
_SCOPE_HEADERS = ("WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate")
"""Where a 403 names the scope; Amazon's gateway gives the header of a function's answer its second name."""
_SCOPE = re.compile(r'\bscope="([^"]*)"')


class Unchanged(Enum):
    """What stands for an input that nobody has given: `None` is one that somebody may give."""

    INPUT = "the same input"


@dataclass(frozen=True, slots=True)
class Nature:
    """What calls take from outside: seconds that never go back, the time of day, and chance from 0 to 1."""

    monotonic: Callable[[], float] = time.monotonic
    now: Clock = utc_now
    chance: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Message:
    """A request. Each may be sent again: it is a GET, carries an idempotency key, or does the same twice."""

    method: str
    url: httpx.URL
    headers: httpx.Headers
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """What a call asks for: to send a message after a pause, and to wait for the network for its `patience` at most."""

    message: Message
    pause: float
    patience: float

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The message as a client of HTTP sends it, with the client's own timeouts where they are shorter."""
        waits = {
            name: self.patience if seconds is None else min(seconds, self.patience)
            for name, seconds in http.timeout.as_dict().items()
        }
        message = self.message
        return http.build_request(
            message.method,
            message.url,
            headers=message.headers,
            content=message.content,
            timeout=httpx.Timeout(**waits),
        )


type Outcome = httpx.Response | httpx.RequestError
type Call[T] = Generator[Send, Outcome, T]


@dataclass(frozen=True, slots=True)
class Done[T]:
    """What a call has come to."""

    result: T


def advance[T](call: Call[T], outcome: Outcome | None) -> Send | Done[T]:
    """Tell a call what came of its last message, none before the first, and learn what it asks for next."""
    try:
        return next(call) if outcome is None else call.send(outcome)
    except StopIteration as end:
        return Done(end.value)


@dataclass(frozen=True, slots=True)
class Page[T]:
    """The rows of a page, and the call for the next one if there is one."""

    rows: Sequence[T]
    following: Call["Page[T]"] | None


class _Deadline(NamedTuple):
    """A moment after which a call asks no more, and what it raises then."""

    at: float
    missed: WaitTimedOut


class Calls:
    """Makes the calls of one API with one key."""

    def __init__(self, url: str, api_key: str, timeout: float, attempts: int, nature: Nature) -> None:
        if not _API_KEY.fullmatch(api_key):
            raise ValueError("The API key must be visible ASCII characters; is there a line break at its end?")
        if timeout <= 0 or attempts < 1:
            raise ValueError("A client needs a timeout above 0 seconds, and at least 1 attempt.")
        self.base = _base(url)
        self._headers = httpx.Headers(
            {"Authorization": f"Bearer {api_key}", "Accept": "application/json", "User-Agent": _USER_AGENT}
        )
        self._timeout = timeout
        self._attempts = attempts
        self._nature = nature

    def run(self, workflow_id: str, program_input: Json, key: str | None) -> Call[StartedExecution]:
        """Start an execution."""
        message = self._post(f"workflows/{_id(workflow_id)}/run-async", key, {"input": program_input})
        return self._one(message, StartedExecution)

    def rerun(
        self, execution_id: str, program_input: Json, from_step: int | None, key: str | None
    ) -> Call[RepeatedExecution]:
        """Start an execution that repeats another; what is not given stays out of the body."""
        body: dict[str, Any] = {}
        if program_input is not Unchanged.INPUT:
            body["input"] = program_input
        if from_step is not None:
            body["from_step"] = from_step
        return self._one(self._post(f"executions/{_id(execution_id)}/rerun", key, body), RepeatedExecution)

    def wait(self, execution_id: str, timeout: float | None) -> Call[Execution]:
        """Ask for an execution until it has ended, as often as the answers say, and last when `timeout` is over."""
        message = self._get(f"executions/{_id(execution_id)}")
        deadline = None
        if timeout is not None:
            missed = WaitTimedOut(
                f"Execution {execution_id} has not ended within {timeout:g} seconds.", execution_id=execution_id
            )
            deadline = _Deadline(self._nature.monotonic() + timeout, missed)
        return self._poll(message, deadline)

    def run_and_wait(
        self, workflow_id: str, program_input: Json, key: str | None, timeout: float | None
    ) -> Call[Execution]:
        """Start an execution, and wait until it has ended."""
        return self._and_wait(self.run(workflow_id, program_input, key), timeout)

    def _and_wait(self, run: Call[StartedExecution], timeout: float | None) -> Call[Execution]:
        started = yield from run
        return (yield from self.wait(started.execution_id, timeout))

    def _poll(self, message: Message, deadline: _Deadline | None) -> Call[Execution]:
        pause = 0.0
        while True:
            response = yield from self._answered(message, pause, deadline)
            execution = _read(response, Execution)
            if execution.status != "running":
                return execution
            pause = max(self._retry_after(response) or 0, _LEAST_BETWEEN_POLLS)
            if deadline:
                left = deadline.at - self._nature.monotonic()
                if left <= 0:
                    raise deadline.missed
                pause = min(pause, left)

    def execution(self, execution_id: str, *, steps: bool) -> Call[Execution]:
        """Read an execution."""
        return self._one(self._get(f"executions/{_id(execution_id)}", include_step_results=steps), Execution)

    def executions(
        self,
        *,
        status: ExecutionStatus | Iterable[ExecutionStatus] | None,
        workflow_id: str | None,
        started_after: datetime | str | None,
        started_before: datetime | str | None,
        errors: bool,
        after: str | None,
        page_size: int,
    ) -> Call[Page[ExecutionRow]]:
        """Read the first page of executions."""
        message = self._get(
            "executions",
            limit=page_size,
            after=after,
            workflow_id=workflow_id,
            status=status if status is None or isinstance(status, str) else ",".join(status),
            started_after=_moment(started_after),
            started_before=_moment(started_before),
            include_errors=errors,
        )
        return self._page(message, ExecutionPage, lambda page: page.executions)

    def history(self, execution_id: str, *, program: bool, page_size: int) -> Call[History]:
        """Read a whole history, page by page."""
        message = self._get(f"executions/{_id(execution_id)}/history", limit=page_size, include_program=program)
        return self._joined(self._page(message, History, lambda page: [page]))

    def _joined(self, first: Call[Page[History]]) -> Call[History]:
        pages: list[History] = []
        following: Call[Page[History]] | None = first
        while following:
            page = yield from following
            pages += page.rows
            following = page.following
        return pages[-1].model_copy(update={"entries": [entry for page in pages for entry in page.entries]})

    def watch(self, execution_id: str, *, page_size: int) -> Call[Page[History]]:
        """Read a history, and again whenever it is worth asking, until its execution has ended."""
        return self._watched(f"executions/{_id(execution_id)}/history", page_size, {}, 0.0)

    def _watched(
        self, path: str, page_size: int, known: Mapping[Position, HistoryEntry], pause: float
    ) -> Call[Page[History]]:
        """One look at what has changed: behind what is settled, and at the steps that have ended meanwhile."""
        message = self._get(path, limit=page_size, after=_settled(known))
        response = yield from self._answered(message, pause)
        history, more = _read(response, History), _following(response, message.url)
        entries = {**known, **_by_position(history)}
        while more:
            message = Message("GET", more, self._headers)
            page = yield from self._answered(message)
            history, more = _read(page, History), _following(page, message.url)
            entries |= _by_position(history)
        is_over = history.status != "running"
        for position, entry in list(entries.items()):
            if entry.type == "step" and not is_settled(entry) and (is_over or position.step < max(entries).step):
                entries |= _by_position((yield from self._one(self._get(path, limit=1, **_before(position)), History)))
        shown = history.model_copy(update={"entries": [entries[position] for position in sorted(entries)]})
        if is_over and all(map(is_settled, shown.entries)):
            return Page([shown], None)
        # What ended while its pages were read is read once more, at once.
        pause = 0.0 if is_over else max(self._retry_after(response) or 0, _LEAST_BETWEEN_POLLS)
        return Page([shown], self._watched(path, page_size, entries, pause))

    def stop(self, execution_id: str, key: str | None) -> Call[StoppedExecution]:
        """Stop an execution."""
        return self._one(self._post(f"executions/{_id(execution_id)}/stop", key), StoppedExecution)

    def stop_all(self, **which: Any) -> Call[list[str]]:
        """Stop all running executions that match, as many by one request as the API stops at once."""
        return self._stopped(self._stop_running(**which))

    def _stopped(self, message: Message) -> Call[list[str]]:
        ids: list[str] = []
        while True:
            answer = yield from self._one(message, StoppedExecutions)
            ids += answer.stopped
            if not answer.has_more:
                return ids

    def count_running(self, **which: Any) -> Call[int]:
        """Count the running executions that match."""
        return self._counted(self._stop_running(**which, dry_run=True))

    def _counted(self, message: Message) -> Call[int]:
        answer = yield from self._one(message, StoppedExecutions)
        return answer.matching

    def _stop_running(
        self,
        *,
        workflow_id: str | None,
        started_after: datetime | str | None,
        started_before: datetime | str | None,
        dry_run: bool = False,
    ) -> Message:
        """A POST without an idempotency key: to send it again is safe. Rule: contract "Stop many"."""
        url = self._url(
            "executions/stop",
            status="running",
            workflow_id=workflow_id,
            started_after=_moment(started_after),
            started_before=_moment(started_before),
            dry_run=dry_run,
        )
        return Message("POST", url, self._headers)

    def workflow(self, workflow_id: str) -> Call[WorkflowWithProgram]:
        """Read a workflow and its program."""
        return self._one(self._get(f"workflows/{_id(workflow_id)}"), WorkflowWithProgram)

    def workflows(self, *, after: str | None, page_size: int) -> Call[Page[Workflow]]:
        """Read the first page of workflows."""
        message = self._get("workflows", limit=page_size, after=after)
        return self._page(message, WorkflowPage, lambda page: page.workflows)

    def review(self, review_id: str) -> Call[Review]:
        """Read a review."""
        return self._one(self._get(f"reviews/{_id(review_id)}"), Review)

    def reviews(self, *, pending: bool, after: str | None, page_size: int) -> Call[Page[Review]]:
        """Read the first page of reviews."""
        message = self._get("reviews", limit=page_size, after=after, status="pending" if pending else None)
        return self._page(message, ReviewPage, lambda page: page.reviews)

    def decide(self, review_id: str, decision: str, comment: str | None, key: str | None) -> Call[DecidedReview]:
        """Decide a review."""
        body = {"decision": decision} | ({} if comment is None else {"comment": comment})
        return self._one(self._post(f"reviews/{_id(review_id)}/decision", key, body), DecidedReview)

    def create_webhook(
        self, url: str, event_types: Sequence[str], workflow_ids: Sequence[str], description: str, key: str | None
    ) -> Call[CreatedWebhook]:
        """Create a webhook."""
        body = {"url": url, "event_types": list(event_types), "workflow_ids": list(workflow_ids)}
        return self._one(self._post("webhooks", key, {**body, "description": description}), CreatedWebhook)

    def webhooks(self) -> Call[list[Webhook]]:
        """Read all webhooks."""
        return self._listed(self._get("webhooks"))

    def _listed(self, message: Message) -> Call[list[Webhook]]:
        answer = yield from self._one(message, Webhooks)
        return answer.webhooks

    def webhook(self, webhook_id: str) -> Call[Webhook]:
        """Read a webhook."""
        return self._one(self._get(f"webhooks/{_id(webhook_id)}"), Webhook)

    def set_webhook_status(self, webhook_id: str, status: Literal["active", "paused"]) -> Call[Webhook]:
        """Pause or resume a webhook."""
        headers = httpx.Headers([*self._headers.multi_items(), ("Content-Type", "application/json")])
        url = self._url(f"webhooks/{_id(webhook_id)}")
        return self._one(Message("PATCH", url, headers, dumps({"status": status}).encode()), Webhook)

    def delete_webhook(self, webhook_id: str) -> Call[DeletedWebhook]:
        """Remove a webhook."""
        return self._one(Message("DELETE", self._url(f"webhooks/{_id(webhook_id)}"), self._headers), DeletedWebhook)

    def rotate_webhook_secret(self, webhook_id: str) -> Call[RotatedSecret]:
        """Make a new secret; to send it again is safe. Rule: webhooks "Secrets"."""
        return self._one(self._again(f"webhooks/{_id(webhook_id)}/rotate"), RotatedSecret)

    def test_webhook(self, webhook_id: str) -> Call[Delivery]:
        """Try a webhook; sent again, it is tried twice."""
        return self._one(self._again(f"webhooks/{_id(webhook_id)}/test"), Delivery)

    def deliveries(self, webhook_id: str, *, after: str | None, page_size: int) -> Call[Page[Delivery]]:
        """Read the first page of deliveries."""
        message = self._get(f"webhooks/{_id(webhook_id)}/deliveries", limit=page_size, after=after)
        return self._page(message, DeliveryPage, lambda page: page.deliveries)

    def redeliver(self, webhook_id: str, delivery_id: str) -> Call[Delivery]:
        """Begin a delivery anew; sent again, it is begun anew twice."""
        return self._one(self._again(f"webhooks/{_id(webhook_id)}/deliveries/{_id(delivery_id)}/redeliver"), Delivery)

    def workspace(self) -> Call[Workspace]:
        """Read the workspace."""
        return self._one(self._get("workspace"), Workspace)

    def _url(self, path: str, **query: str | int | None) -> httpx.URL:
        """An address of the API; flags that are not set and parameters that are not given are left out."""
        given = {
            name: "true" if value is True else str(value)
            for name, value in query.items()
            if value is not None and value is not False
        }
        return httpx.URL(f"{self.base}/v1/{path}", params=given or None)

    def _get(self, path: str, **query: str | int | None) -> Message:
        return Message("GET", self._url(path, **query), self._headers)

    def _again(self, path: str) -> Message:
        """A POST that needs no idempotency key: to send it again does the same once more, which is as good."""
        return Message("POST", self._url(path), self._headers)

    def _post(self, path: str, key: str | None, body: Mapping[str, Any] | None = None) -> Message:
        """A POST under an idempotency key, so that it may be sent again. Rule: contract "Idempotency-Key"."""
        if key is None:
            key = uuid4().hex
        elif not _IDEMPOTENCY_KEY.fullmatch(key):
            raise InvalidArgument("An idempotency key must have 1 to 256 visible ASCII characters.")
        headers = httpx.Headers([*self._headers.multi_items(), ("Idempotency-Key", key)])
        if body is None:
            return Message("POST", self._url(path), headers)
        headers["Content-Type"] = "application/json"
        return Message("POST", self._url(path), headers, dumps(dict(body)).encode())

    def _one[V: View](self, message: Message, model: type[V]) -> Call[V]:
        response = yield from self._answered(message)
        return _read(response, model)

    def _page[V: View, T](self, message: Message, model: type[V], rows: Callable[[V], Sequence[T]]) -> Call[Page[T]]:
        response = yield from self._answered(message)
        page = _read(response, model)
        following = _following(response, message.url)
        if following is None:
            return Page(rows(page), None)
        return Page(rows(page), self._page(Message("GET", following, self._headers), model, rows))

    def _answered(
        self, message: Message, pause: float = 0.0, deadline: _Deadline | None = None
    ) -> Call[httpx.Response]:
        """Send a message until it succeeds, fails for good, or patience is over; that begins when it is first sent."""
        monotonic = self._nature.monotonic
        ends = monotonic() + pause + self._timeout
        for attempt in count(1):
            outcome = yield Send(message, pause, ends - monotonic() - pause)
            if isinstance(outcome, httpx.RequestError):
                why = str(outcome) or type(outcome).__name__
                failure: LodolError = ConnectionFailed(self.base, why.rstrip("."))
                failure.__cause__ = outcome
            elif outcome.is_success:
                return outcome
            else:
                failure = self._failure(outcome)
                if outcome.status_code not in _REPEATED:
                    break
            pause = self._growing(attempt) if failure.retry_after is None else failure.retry_after
            again = monotonic() + pause
            if deadline and again > deadline.at:
                raise deadline.missed from failure
            if attempt == self._attempts or again >= ends:
                break
        raise failure

    def _growing(self, attempt: int) -> float:
        """A pause that doubles with every attempt, of which up to a half is left to chance so that clients part."""
        longest: float = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
        return longest * (1 + self._nature.chance()) / 2

    def _failure(self, response: httpx.Response) -> LodolError:
        code = response.headers.get("Error-Code")
        error = BY_CODE.get(code or "", LodolError)(
            _sentence(response),
            status=response.status_code,
            code=code,
            request_id=response.headers.get("X-Request-Id"),
            retry_after=self._retry_after(response),
        )
        if isinstance(error, ScopeMissing):
            challenges = " ".join(response.headers.get(name, "") for name in _SCOPE_HEADERS)
            found = _SCOPE.search(challenges)
            error.scope = found and found[1]
        return error

    def _retry_after(self, response: httpx.Response) -> float | None:
        """The seconds that an answer asks to wait, if it asks for any."""
        return seconds_asked(response.headers.get("Retry-After", ""), self._nature.now())


def _by_position(history: History) -> dict[Position, HistoryEntry]:
    return {position_of(entry): entry for entry in history.entries}


def _settled(known: Mapping[Position, HistoryEntry]) -> str | None:
    """The position behind which something may have changed; a step that still runs is looked at when it has ended."""
    settled = takewhile(lambda at: at.call == 0 or is_settled(known[at]), sorted(known))
    last = max(settled, default=None)
    return last and f"{last.step}.{last.call}"


def _before(step: Position) -> dict[str, str]:
    """The position right before a step, none before the first."""
    return {"after": f"{step.step - 1}.{_LAST_CALL}"} if step.step else {}


def _base(url: str) -> str:
    """The address that paths are put behind. The key travels with every request, so it has to be an encrypted way."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"The API's url cannot be used: {error}") from None
    if address.userinfo or "?" in url or "#" in url:
        raise ValueError("The API's url must have no user name, password, query or fragment.")
    if not address.host or address.scheme not in {"http", "https"}:
        raise ValueError("The API's url must look like https://example.com/api.")
    if address.scheme == "http" and address.host not in _LOCAL:
        raise ValueError("The API's url must begin with https://, so that the API key does not travel in the clear.")
    return str(address).rstrip("/")


def _id(text: str) -> str:
    """An id within a path: anything else would not name an object, but perhaps another endpoint."""
    if not is_id(text):
        raise InvalidArgument(f"An id must be 24 lower-case hex digits, and is {text[:60]!r}.")
    return text


def _moment(moment: datetime | str | None) -> str | None:
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("A moment must have a time zone: without one nobody can tell when it is.")
    return moment.isoformat()


def _following(response: httpx.Response, asked: httpx.URL) -> httpx.URL | None:
    """The address of the next page, if there is one: another query of the one that was asked. Rule: contract "List"."""
    link = response.links.get("next", {}).get("url")
    if link is None:
        return None
    following = asked.join(link)
    if following.copy_with(query=None) != asked.copy_with(query=None):
        # The API key would go there.
        raise _not_understood(response, f"its next page is at another address, {following}")
    return following


def _read[V: View](response: httpx.Response, model: type[V]) -> V:
    """The model in an answer; fields that it does not know are those of a newer API, and ignored."""
    try:
        return model.model_validate_json(response.content, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        why = f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}"
        if first["type"] == "literal_error":
            why += f", and is {first['input']!r}"
        raise _not_understood(response, why) from error


def _not_understood(response: httpx.Response, why: str) -> AnswerNotUnderstood:
    return AnswerNotUnderstood(
        f"The answer is not one that {_USER_AGENT} understands: {why}",
        status=response.status_code,
        request_id=response.headers.get("X-Request-Id"),
    )


def _sentence(response: httpx.Response) -> str:
    """What an error says; that of a proxy is not repeated: it may be a page of HTML, with who knows what in it."""
    try:
        body = json.loads(response.content)
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        return str(body["error"])
    kind = response.headers.get("Content-Type", "no content type")
    return f"The answer does not come from the API: HTTP {response.status_code} {response.reason_phrase}, {kind}."
