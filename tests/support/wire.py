"""What lies between the product and AWS, and how it breaks: calls that never arrive, answers that get lost.

Works on botocore's own events, so the product's code runs untouched. DynamoDB is moto's, with the transaction tokens
that moto does not know; Step Functions is `machines.Machines`.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.support.machines import Machines


class Died(BaseException):
    """The worker was killed at a call; nothing in it runs any more."""


class Fault(StrEnum):
    """What happens to one call."""

    DIES_BEFORE = "the worker dies, the call was never applied"
    DIES_AFTER = "the worker dies, the call was applied"
    NEVER_ARRIVES = "every attempt is lost on the way, and the worker goes on"
    NEVER_ANSWERED = "applied, every answer is lost, and the worker goes on"
    ANSWERED_LATE = "applied, the first answer is lost, and the client repeats it"
    STILL_IN_PROGRESS = "applied, the first answer is lost, and the client's repeats find it still in progress"


class Answers:
    """An error that AWS gives instead of carrying out a call, for the first `times` attempts of it."""

    def __init__(self, status: int, code: str, times: int = 10**6, **more: Any) -> None:
        self.status, self.left = status, times
        self.body = {"__type": code, "message": f"injected {code}", **more}


def cancelled(writes: int, at: int, reason: str) -> Answers:
    """A transaction that one of its writes could not join in."""
    reasons = [{"Code": reason if number == at else "None"} for number in range(writes)]
    return Answers(400, "TransactionCanceledException", 1, CancellationReasons=reasons)


def response(url: str, status: int, body: Any) -> AWSResponse:
    code = {"x-amzn-errortype": body["__type"]} if "__type" in body else {}
    return AWSResponse(url, status, code, MockRawResponse(json.dumps(body)))  # type: ignore[arg-type]


class Wire:
    """Counts the calls of two clients and does to them what `faults` says, by the number of the call from 1."""

    def __init__(self, machines: Machines, dynamodb: Any, stepfunctions: Any) -> None:
        self.calls: list[str] = []
        self.faults: dict[int, Fault | Answers] = {}
        self.answers: dict[str, list[Answers]] = {}
        """Errors by the name of the call, for the next calls of that name."""
        self._attempt = 0
        self._tokens: dict[str, AWSResponse] = {}
        self._holds = ExitStack()
        for client, carry_out in ((dynamodb, self._table), (stepfunctions, machines.answer)):
            events = client.meta.events
            events.unregister("before-send", botocore_stubber)
            self._holds.callback(events.register, "before-send", botocore_stubber)
            for event, handler in (("before-call", self._begin), ("before-send", self._through(carry_out))):
                events.register(event, handler)
                self._holds.callback(events.unregister, event, handler)

    def clear(self) -> None:
        """Nothing is broken any more; calls are counted from 1 again."""
        self.calls, self.faults, self.answers = [], {}, {}

    def let_go(self) -> None:
        """Leave the clients to the next."""
        self._holds.close()

    def _begin(self, model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        self._attempt = 0

    def _through(self, carry_out: Callable[[str, Any], AWSResponse]) -> Callable[..., AWSResponse]:
        def send(event_name: str, request: Any, **_: Any) -> AWSResponse:
            self._attempt += 1
            fault = self.faults.get(len(self.calls))
            waiting = self.answers.get(self.calls[-1], [])
            error = fault if isinstance(fault, Answers) else next((one for one in waiting if one.left), None)
            if error is not None and error.left:
                error.left -= 1
                return response(request.url, error.status, error.body)
            if fault is Fault.DIES_BEFORE:
                raise Died
            if fault is Fault.NEVER_ARRIVES:
                raise ConnectTimeoutError(endpoint_url=request.url)
            if fault is Fault.STILL_IN_PROGRESS and self._attempt > 1:
                return response(request.url, 400, {"__type": "TransactionInProgressException"})
            answer = carry_out(event_name, request)
            if fault is Fault.DIES_AFTER:
                raise Died
            is_lost = self._attempt == 1 and fault in {Fault.ANSWERED_LATE, Fault.STILL_IN_PROGRESS}
            if fault is Fault.NEVER_ANSWERED or is_lost:
                raise ReadTimeoutError(endpoint_url=request.url)
            return answer

        return send

    def _table(self, event_name: str, request: Any) -> AWSResponse:
        """Carry out a call on the table; a transaction whose token is known has been carried out already."""
        token = json.loads(request.body).get("ClientRequestToken")
        if token in self._tokens:
            return response(request.url, 200, {})
        answer = botocore_stubber(event_name, request)
        assert answer is not None
        if token and answer.status_code == 200:
            self._tokens[token] = answer
        return answer


def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore repeat at once, and as if a client had never repeated anything before."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr("botocore.retries.quota.RetryQuota.acquire", lambda *_: True)
