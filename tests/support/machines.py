"""Step Functions as far as the product sees it: names taken once, status events, task tokens; run by the test."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse


@dataclass
class Flight:
    """One execution of the state machine."""

    input: dict[str, Any]
    status: str = "RUNNING"
    token: str | None = None
    """The token of the task that it waits for."""
    started: float = 0
    """Since when, in seconds since 1970."""
    cause: str | None = None
    """Why it was stopped."""


@dataclass
class Machines:
    """Every execution of the one state machine, by name, and the status events that nobody has delivered yet."""

    arn: str
    flights: dict[str, Flight] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, _: str, request: Any) -> AWSResponse:
        """Answer a call of a client."""
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        operations: dict[str, Callable[[Any], dict[str, Any]]] = {
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "DescribeExecution": self._describe,
            "SendTaskSuccess": self._succeed,
            "ListExecutions": self._list,
        }
        body = operations[operation](json.loads(request.body))
        headers = {"x-amzn-errortype": body["__type"]} if "__type" in body else {}
        raw = MockRawResponse(json.dumps(body))
        return AWSResponse(request.url, 400 if headers else 200, headers, raw)  # type: ignore[arg-type]

    def end(self, name: str, status: str) -> None:
        """End an execution; an abnormal end is an event."""
        flight = self.flights[name]
        flight.status, flight.token = status, None
        if status != "SUCCEEDED":
            detail = {"name": name, "status": status, "input": json.dumps(flight.input)}
            self.events.append({"source": "aws.states", "detail": detail})

    def _start(self, asked: Any) -> dict[str, Any]:
        name, given = asked["name"], json.loads(asked["input"])
        flight = self.flights.get(name)
        if flight and (flight.status != "RUNNING" or flight.input != given):
            return {"__type": "ExecutionAlreadyExists", "message": name}
        self.flights.setdefault(name, Flight(given))
        return {"executionArn": self._arn_of(name), "startDate": 0}

    def _stop(self, asked: Any) -> dict[str, Any]:
        flight = self.flights.get(self._name(asked))
        if flight is None:
            return {"__type": "ExecutionDoesNotExist", "message": self._name(asked)}
        if flight.status == "RUNNING":
            self.end(self._name(asked), "ABORTED")
            flight.cause = asked["cause"]
        return {"stopDate": 0}

    def _describe(self, asked: Any) -> dict[str, Any]:
        flight = self.flights.get(self._name(asked))
        if flight is None:
            return {"__type": "ExecutionDoesNotExist", "message": self._name(asked)}
        told = {
            "executionArn": asked["executionArn"],
            "status": flight.status,
            "startDate": flight.started,
            "input": json.dumps(flight.input),
        }
        return told | ({"cause": flight.cause} if flight.cause else {})

    def _succeed(self, asked: Any) -> dict[str, Any]:
        for flight in self.flights.values():
            if flight.token == asked["taskToken"]:
                flight.token = None
                return {}
        return {"__type": "TaskDoesNotExist", "message": "no such task"}

    def _list(self, _: Any) -> dict[str, Any]:
        names = [name for name, flight in self.flights.items() if flight.status == "RUNNING"]
        return {
            "executions": [
                {"executionArn": self._arn_of(name), "name": name, "status": "RUNNING", "startDate": 0}
                for name in names
            ]
        }

    def wait_for_task(self, name: str) -> str:
        """Let an execution wait for a task, and answer with the task's token."""
        token = secrets.token_hex(8)
        self.flights[name].token = token
        return token

    def _arn_of(self, name: str) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"

    def _name(self, asked: Any) -> str:
        return str(asked["executionArn"].rpartition(":")[2])
