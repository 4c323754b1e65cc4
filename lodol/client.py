"""The clients of the API: for threads, and for a loop of events. Their rules are those of `lodol.calls`."""

# ruff: noqa: A002 - the input of a run is called so in the API

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from types import TracebackType
from typing import Self

import httpx

from lodol.calls import NETWORK_SECONDS, Call, Calls, Nature, Outcome, Page, Send, Unchanged, advance
from lodol.models import (
    CreatedWebhook,
    DecidedReview,
    DeletedWebhook,
    Delivery,
    Execution,
    ExecutionRow,
    ExecutionStatus,
    History,
    RepeatedExecution,
    Review,
    RotatedSecret,
    StartedExecution,
    StoppedExecution,
    Webhook,
    Workflow,
    WorkflowWithProgram,
    Workspace,
)
from views.view import Json

_TIMEOUT = 60.0
_ATTEMPTS = 5
_PAGE = 100
_NATURE = Nature()


class Client:
    """Starts and tracks the executions of one workspace; may be shared by threads.

    `url` is the API's, like `https://example.com/api`; plain `http` is refused unless it leads to this machine.
    A call whose answer says that it may succeed later, or gets none, is sent again: at most `attempts` times, after the
    pauses that the answers ask for, and only as long as that stays within `timeout` seconds. That is safe: what changes
    something carries an idempotency key, made for each call unless its `key` is given. Give one that you have stored
    where a call may have to be repeated after a restart of your own program.

    `http` is the client to send with, with its proxies, certificates and timeouts; it is not closed. `sleep` and
    `nature` are there for tests.

    Every method raises `LodolError`: the class of `lodol.errors` that belongs to the answer, `ConnectionFailed` without
    an answer. It raises `ValueError` for what cannot be sent at all.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = _TIMEOUT,
        attempts: int = _ATTEMPTS,
        http: httpx.Client | None = None,
        sleep: Callable[[float], object] = time.sleep,
        nature: Nature = _NATURE,
    ) -> None:
        self._calls = Calls(url, api_key, timeout, attempts, nature)
        self._http = httpx.Client(timeout=NETWORK_SECONDS) if http is None else http
        self._closes = http is None
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"Client({self._calls.base!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        if self._closes:
            self._http.close()

    def run(self, workflow_id: str, input: Json = None, *, key: str | None = None) -> StartedExecution:
        """Start an execution, whose program finds any JSON value in its variable `input`.

        Raises `InsufficientCredits`, `ConcurrencyLimitReached` when executions go on running for too long,
        `WorkflowNotFound`, `WorkflowArchived`.
        """
        return self._carry_out(self._calls.run(workflow_id, input, key))

    def run_and_wait(
        self, workflow_id: str, input: Json = None, *, key: str | None = None, timeout: float | None = None
    ) -> Execution:
        """Start an execution, and wait until it has ended: it may have failed, or been stopped.

        `timeout` are the seconds from its start on; `WaitTimedOut`, a `TimeoutError`, leaves it running and names it.
        """
        return self._carry_out(self._calls.run_and_wait(workflow_id, input, key, timeout))

    def wait(self, execution_id: str, timeout: float | None = None) -> Execution:
        """Wait until an execution has ended: it may have failed, or been stopped.

        It is asked for as often as the API says, every ten minutes at least while it sleeps, and for the last time when
        `timeout` seconds are over: then `WaitTimedOut`, a `TimeoutError`, leaves it running and names it.
        """
        return self._carry_out(self._calls.wait(execution_id, timeout))

    def execution(self, execution_id: str, *, steps: bool = False) -> Execution:
        """Read an execution, with the results of its steps if asked for. Raises `ExecutionNotFound`."""
        return self._carry_out(self._calls.execution(execution_id, steps=steps))

    def executions(
        self,
        *,
        status: ExecutionStatus | Iterable[ExecutionStatus] | None = None,
        workflow_id: str | None = None,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
        errors: bool = False,
        after: str | None = None,
        page_size: int = _PAGE,
    ) -> Iterator[ExecutionRow]:
        """List executions, newest first, behind the id `after`; pages of `page_size`, 1 to 100, are read as needed.

        A moment is a `datetime` with a time zone, or ISO 8601. With `errors`, each that has failed has its error.
        """
        return self._rows(
            self._calls.executions(
                status=status,
                workflow_id=workflow_id,
                started_after=started_after,
                started_before=started_before,
                errors=errors,
                after=after,
                page_size=page_size,
            )
        )

    def history(self, execution_id: str, *, program: bool = False) -> History:
        """Read all that an execution has done, with the outline of its program if asked for.

        Its entries are those of all pages, all else is what the last page says. Raises `ExecutionNotFound`.
        """
        return self._carry_out(self._calls.history(execution_id, program=program, page_size=_PAGE))

    def watch(self, execution_id: str) -> Iterator[History]:
        """Follow an execution: its whole history, again whenever it is worth asking, and last once it has ended.

        What has settled is not read again. Raises `ExecutionNotFound`.
        """
        return self._rows(self._calls.watch(execution_id, page_size=_PAGE))

    def stop(self, execution_id: str, *, key: str | None = None) -> StoppedExecution:
        """Stop an execution. Raises `ExecutionNotFound`, `ExecutionAlreadyTerminal`."""
        return self._carry_out(self._calls.stop(execution_id, key))

    def rerun(
        self,
        execution_id: str,
        *,
        input: Json = Unchanged.INPUT,
        from_step: int | None = None,
        key: str | None = None,
    ) -> RepeatedExecution:
        """Start an execution that repeats one that has ended, with its input or another one, `None` included.

        With `from_step`, the index of a step, the results of the steps before it are taken over. Raises
        `ExecutionNotFound`, `ExecutionStillRunning`, and what `run` raises.
        """
        return self._carry_out(self._calls.rerun(execution_id, input, from_step, key))

    def stop_all(
        self,
        *,
        workflow_id: str | None = None,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
    ) -> list[str]:
        """Stop all running executions that match, all of the workspace without a filter; gives the ids of the stopped.

        Those whose stop was not answered, because the connection was lost, are stopped but not among them.
        """
        return self._carry_out(
            self._calls.stop_all(workflow_id=workflow_id, started_after=started_after, started_before=started_before)
        )

    def count_running(
        self,
        *,
        workflow_id: str | None = None,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
    ) -> int:
        """Count the running executions that match: those that `stop_all` would stop."""
        return self._carry_out(
            self._calls.count_running(
                workflow_id=workflow_id, started_after=started_after, started_before=started_before
            )
        )

    def workflow(self, workflow_id: str) -> WorkflowWithProgram:
        """Read a workflow, and the program that its next run would run. Raises `WorkflowNotFound`."""
        return self._carry_out(self._calls.workflow(workflow_id))

    def workflows(self, *, after: str | None = None, page_size: int = _PAGE) -> Iterator[Workflow]:
        """List workflows, newest first, behind the id `after`; pages of `page_size`, 1 to 100, are read as needed."""
        return self._rows(self._calls.workflows(after=after, page_size=page_size))

    def review(self, review_id: str) -> Review:
        """Read a review. Raises `ReviewNotFound`."""
        return self._carry_out(self._calls.review(review_id))

    def reviews(self, *, pending: bool = False, after: str | None = None, page_size: int = _PAGE) -> Iterator[Review]:
        """List reviews, newest first, behind the id `after`; `pending` leaves those that can still be decided.

        Pages of `page_size`, 1 to 100, are read as needed.
        """
        return self._rows(self._calls.reviews(pending=pending, after=after, page_size=page_size))

    def decide(
        self, review_id: str, decision: str, comment: str | None = None, *, key: str | None = None
    ) -> DecidedReview:
        """Decide a review. Raises `ReviewNotFound`, `ReviewAlreadyDecided`, `ReviewClosed`."""
        return self._carry_out(self._calls.decide(review_id, decision, comment, key))

    def create_webhook(
        self,
        url: str,
        *,
        event_types: Iterable[str] = (),
        workflow_ids: Iterable[str] = (),
        description: str = "",
        key: str | None = None,
    ) -> CreatedWebhook:
        """Create a webhook: `url` is told of events, of these types and about these workflows, or of all.

        Its secret is shown this once. Raises `WebhookLimitReached`.
        """
        return self._carry_out(self._calls.create_webhook(url, list(event_types), list(workflow_ids), description, key))

    def webhooks(self) -> list[Webhook]:
        """Read all webhooks of the workspace, oldest first."""
        return self._carry_out(self._calls.webhooks())

    def webhook(self, webhook_id: str) -> Webhook:
        """Read a webhook. Raises `WebhookNotFound`."""
        return self._carry_out(self._calls.webhook(webhook_id))

    def pause_webhook(self, webhook_id: str) -> Webhook:
        """Deliver nothing to a webhook from now on. Raises `WebhookNotFound`."""
        return self._carry_out(self._calls.set_webhook_status(webhook_id, "paused"))

    def resume_webhook(self, webhook_id: str) -> Webhook:
        """Deliver to a webhook again what happens from now on. Raises `WebhookNotFound`."""
        return self._carry_out(self._calls.set_webhook_status(webhook_id, "active"))

    def delete_webhook(self, webhook_id: str) -> DeletedWebhook:
        """Remove a webhook. Raises `WebhookNotFound`."""
        return self._carry_out(self._calls.delete_webhook(webhook_id))

    def rotate_webhook_secret(self, webhook_id: str) -> RotatedSecret:
        """Make a new secret for a webhook; the one before is valid for a day. Raises `WebhookNotFound`."""
        return self._carry_out(self._calls.rotate_webhook_secret(webhook_id))

    def test_webhook(self, webhook_id: str) -> Delivery:
        """Send a webhook a `webhook.test`. Raises `WebhookNotFound`, `WebhookPaused`."""
        return self._carry_out(self._calls.test_webhook(webhook_id))

    def redeliver(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Begin a delivery anew. Raises `WebhookNotFound`, `DeliveryNotFound`, `WebhookPaused`."""
        return self._carry_out(self._calls.redeliver(webhook_id, delivery_id))

    def deliveries(self, webhook_id: str, *, after: str | None = None, page_size: int = _PAGE) -> Iterator[Delivery]:
        """List what was delivered to a webhook, or is to be, newest first, behind the id `after`.

        Pages of `page_size`, 1 to 100, are read as needed. Raises `WebhookNotFound`.
        """
        return self._rows(self._calls.deliveries(webhook_id, after=after, page_size=page_size))

    def workspace(self) -> Workspace:
        """Read the workspace of the API key: its plan, its limits, its credits."""
        return self._carry_out(self._calls.workspace())

    def _rows[T](self, call: Call[Page[T]]) -> Iterator[T]:
        following: Call[Page[T]] | None = call
        while following:
            page = self._carry_out(following)
            yield from page.rows
            following = page.following

    def _carry_out[T](self, call: Call[T]) -> T:
        step = advance(call, None)
        while isinstance(step, Send):
            if step.pause:
                self._sleep(step.pause)
            try:
                # Neither a login of the client's own nor a redirect may lead the API key elsewhere.
                outcome: Outcome = self._http.send(step.request(self._http), auth=None, follow_redirects=False)
            except httpx.RequestError as error:
                outcome = error
            step = advance(call, outcome)
        return step.result


class AsyncClient:
    """`Client` for a loop of events: the same calls under the same rules, to be awaited, and lists for `async for`."""

    def __init__(
        self,
        url: str,
        api_key: str,
        *,
        timeout: float = _TIMEOUT,
        attempts: int = _ATTEMPTS,
        http: httpx.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        nature: Nature = _NATURE,
    ) -> None:
        self._calls = Calls(url, api_key, timeout, attempts, nature)
        self._http = httpx.AsyncClient(timeout=NETWORK_SECONDS) if http is None else http
        self._closes = http is None
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"AsyncClient({self._calls.base!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        if self._closes:
            await self._http.aclose()

    async def run(self, workflow_id: str, input: Json = None, *, key: str | None = None) -> StartedExecution:
        """As `Client.run`."""
        return await self._carry_out(self._calls.run(workflow_id, input, key))

    async def run_and_wait(
        self, workflow_id: str, input: Json = None, *, key: str | None = None, timeout: float | None = None
    ) -> Execution:
        """As `Client.run_and_wait`."""
        return await self._carry_out(self._calls.run_and_wait(workflow_id, input, key, timeout))

    async def wait(self, execution_id: str, timeout: float | None = None) -> Execution:
        """As `Client.wait`."""
        return await self._carry_out(self._calls.wait(execution_id, timeout))

    async def execution(self, execution_id: str, *, steps: bool = False) -> Execution:
        """As `Client.execution`."""
        return await self._carry_out(self._calls.execution(execution_id, steps=steps))

    def executions(
        self,
        *,
        status: ExecutionStatus | Iterable[ExecutionStatus] | None = None,
        workflow_id: str | None = None,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
        errors: bool = False,
        after: str | None = None,
        page_size: int = _PAGE,
    ) -> AsyncIterator[ExecutionRow]:
        """As `Client.executions`."""
        return self._rows(
            self._calls.executions(
                status=status,
                workflow_id=workflow_id,
                started_after=started_after,
                started_before=started_before,
                errors=errors,
                after=after,
                page_size=page_size,
            )
        )

    async def history(self, execution_id: str, *, program: bool = False) -> History:
        """As `Client.history`."""
        return await self._carry_out(self._calls.history(execution_id, program=program, page_size=_PAGE))

    def watch(self, execution_id: str) -> AsyncIterator[History]:
        """As `Client.watch`."""
        return self._rows(self._calls.watch(execution_id, page_size=_PAGE))

    async def stop(self, execution_id: str, *, key: str | None = None) -> StoppedExecution:
        """As `Client.stop`."""
        return await self._carry_out(self._calls.stop(execution_id, key))

    async def rerun(
        self,
        execution_id: str,
        *,
        input: Json = Unchanged.INPUT,
        from_step: int | None = None,
        key: str | None = None,
    ) -> RepeatedExecution:
        """As `Client.rerun`."""
        return await self._carry_out(self._calls.rerun(execution_id, input, from_step, key))

    async def stop_all(
        self,
        *,
        workflow_id: str | None = None,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
    ) -> list[str]:
        """As `Client.stop_all`."""
        return await self._carry_out(
            self._calls.stop_all(workflow_id=workflow_id, started_after=started_after, started_before=started_before)
        )

    async def count_running(
        self,
        *,
        workflow_id: str | None = None,
        started_after: datetime | str | None = None,
        started_before: datetime | str | None = None,
    ) -> int:
        """As `Client.count_running`."""
        return await self._carry_out(
            self._calls.count_running(
                workflow_id=workflow_id, started_after=started_after, started_before=started_before
            )
        )

    async def workflow(self, workflow_id: str) -> WorkflowWithProgram:
        """As `Client.workflow`."""
        return await self._carry_out(self._calls.workflow(workflow_id))

    def workflows(self, *, after: str | None = None, page_size: int = _PAGE) -> AsyncIterator[Workflow]:
        """As `Client.workflows`."""
        return self._rows(self._calls.workflows(after=after, page_size=page_size))

    async def review(self, review_id: str) -> Review:
        """As `Client.review`."""
        return await self._carry_out(self._calls.review(review_id))

    def reviews(
        self, *, pending: bool = False, after: str | None = None, page_size: int = _PAGE
    ) -> AsyncIterator[Review]:
        """As `Client.reviews`."""
        return self._rows(self._calls.reviews(pending=pending, after=after, page_size=page_size))

    async def decide(
        self, review_id: str, decision: str, comment: str | None = None, *, key: str | None = None
    ) -> DecidedReview:
        """As `Client.decide`."""
        return await self._carry_out(self._calls.decide(review_id, decision, comment, key))

    async def create_webhook(
        self,
        url: str,
        *,
        event_types: Iterable[str] = (),
        workflow_ids: Iterable[str] = (),
        description: str = "",
        key: str | None = None,
    ) -> CreatedWebhook:
        """As `Client.create_webhook`."""
        return await self._carry_out(
            self._calls.create_webhook(url, list(event_types), list(workflow_ids), description, key)
        )

    async def webhooks(self) -> list[Webhook]:
        """As `Client.webhooks`."""
        return await self._carry_out(self._calls.webhooks())

    async def webhook(self, webhook_id: str) -> Webhook:
        """As `Client.webhook`."""
        return await self._carry_out(self._calls.webhook(webhook_id))

    async def pause_webhook(self, webhook_id: str) -> Webhook:
        """As `Client.pause_webhook`."""
        return await self._carry_out(self._calls.set_webhook_status(webhook_id, "paused"))

    async def resume_webhook(self, webhook_id: str) -> Webhook:
        """As `Client.resume_webhook`."""
        return await self._carry_out(self._calls.set_webhook_status(webhook_id, "active"))

    async def delete_webhook(self, webhook_id: str) -> DeletedWebhook:
        """As `Client.delete_webhook`."""
        return await self._carry_out(self._calls.delete_webhook(webhook_id))

    async def rotate_webhook_secret(self, webhook_id: str) -> RotatedSecret:
        """As `Client.rotate_webhook_secret`."""
        return await self._carry_out(self._calls.rotate_webhook_secret(webhook_id))

    async def test_webhook(self, webhook_id: str) -> Delivery:
        """As `Client.test_webhook`."""
        return await self._carry_out(self._calls.test_webhook(webhook_id))

    async def redeliver(self, webhook_id: str, delivery_id: str) -> Delivery:
        """As `Client.redeliver`."""
        return await self._carry_out(self._calls.redeliver(webhook_id, delivery_id))

    def deliveries(
        self, webhook_id: str, *, after: str | None = None, page_size: int = _PAGE
    ) -> AsyncIterator[Delivery]:
        """As `Client.deliveries`."""
        return self._rows(self._calls.deliveries(webhook_id, after=after, page_size=page_size))

    async def workspace(self) -> Workspace:
        """As `Client.workspace`."""
        return await self._carry_out(self._calls.workspace())

    async def _rows[T](self, call: Call[Page[T]]) -> AsyncIterator[T]:
        following: Call[Page[T]] | None = call
        while following:
            page = await self._carry_out(following)
            for row in page.rows:
                yield row
            following = page.following

    async def _carry_out[T](self, call: Call[T]) -> T:
        step = advance(call, None)
        while isinstance(step, Send):
            if step.pause:
                await self._sleep(step.pause)
            try:
                # Neither a login of the client's own nor a redirect may lead the API key elsewhere.
                outcome: Outcome = await self._http.send(step.request(self._http), auth=None, follow_redirects=False)
            except httpx.RequestError as error:
                outcome = error
            step = advance(call, outcome)
        return step.result
