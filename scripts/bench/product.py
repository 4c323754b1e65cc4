"""The whole product in this process, for the benches: a workspace, and a meter at its clients."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import count
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from domain.aws.clients import CLIENT_CONFIG
from domain.callables import outgoing
from domain.entities import reviews
from domain.operations import attempts
from handlers import get_execution
from handlers.logs import logger
from scripts.bench import machine
from scripts.bench.assumptions import assumptions
from scripts.bench.units import Counted, Meter
from tests.support.aws import mocked
from tests.support.system import System
from tests.support.template import create_table

PLENTY = 10**9
"""Of credits and slots: no bench is about their end."""


@dataclass
class Work:
    """What some work has asked of AWS: invocations by the module of the handler, states entered, what was logged."""

    asked: Counted
    invocations: Counter[str] = field(default_factory=Counter)
    states: int = 0
    log_bytes: int = 0
    metrics: frozenset[str] = frozenset()
    """The metrics that CloudWatch finds in the lines."""

    @classmethod
    def of(cls, handler: str) -> Work:
        """No work yet of a handler's module."""
        return cls(Counted(), Counter({handler: 0}))

    def __add__(self, other: Work) -> Work:
        """Both together."""
        return Work(
            self.asked + other.asked,
            self.invocations + other.invocations,
            self.states + other.states,
            self.log_bytes + other.log_bytes,
            self.metrics | other.metrics,
        )

    @property
    def slices(self) -> int:
        """How often RunSteps was invoked."""
        return self.invocations["run_steps"]


@dataclass(frozen=True, slots=True)
class Product:
    """The product and its meter."""

    system: System
    meter: Meter
    _log: StringIO

    def request(self, handler: str, send: Callable[[], Any]) -> tuple[Work, Any]:
        """What one request asks of AWS, and its answer; `handler` is the module that answers it."""
        self._forget()
        with self.meter.counted() as asked:
            answer = send()
        lines = self._lines()
        log_bytes, metrics = sum(map(_line_bytes, lines)), frozenset(_metrics_of(lines))
        return Work(asked, Counter({handler: 1}), log_bytes=log_bytes, metrics=metrics), answer

    def get(self, execution_id: str) -> Any:
        """A poll, as most clients send it: without the results of steps."""
        return self.system._send(get_execution.handler, "GET", f"/v1/executions/{execution_id}")

    def run(self, workflow_id: str, given: Any = None) -> tuple[Work, Work, str]:
        """What the request that starts an execution asks for, what its slices do until it ends, and its id.

        Where it waits for a person, the decision comes after a minute and is not counted.
        """
        number = str(next(self.system._numbers))
        request, answer = self.request("run_workflow", lambda: self.system.run(workflow_id, number, given))
        execution_id = answer.body["execution_id"]
        work = self.slices(execution_id)
        while self.system.status(execution_id) == "running":
            self.system.pass_time(minutes=1)
            for review in reviews.of_execution(self.system.table, execution_id):
                if review.decision is None:
                    self.system.decide(review.id)
            work += self.slices(execution_id)
        assert self.system.status(execution_id) == "success"  # noqa: S101 - nothing else was meant to be counted
        return request, work, execution_id

    def slices(self, execution_id: str) -> Work:
        """What the state machine does for an execution until it has ended, or waits for people; other waits pass."""
        self._forget()
        with self.meter.counted() as asked:
            while self.system.step(execution_id):
                pass
        lines = self._lines()
        actions = [line["action"] for line in lines if line["message"] == "slice ended"]
        entered = [state for action in actions for state in machine.states_entered(action)]
        invocations = Counter(run_steps=sum(map(machine.is_worker, entered)))
        return Work(asked, invocations, len(entered), sum(map(_line_bytes, lines)))

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def _forget(self) -> None:
        self._log.seek(0)
        self._log.truncate()


def _metrics_of(lines: list[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            yield from (metric["Name"] for metric in directive["Metrics"])


def _line_bytes(line: dict[str, Any]) -> int:
    """The size of a line of the log; for how long it took, on which no count may depend, two digits are counted."""
    told = line | {"ms": 10} if "ms" in line else line
    return len(json.dumps(told, separators=(",", ":"))) + 1


@contextmanager
def product(**how: Any) -> Iterator[Product]:
    """A product with nothing in it but a workspace, in an AWS of its own; afterwards both are gone."""
    with pytest.MonkeyPatch.context() as patches:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patches.setenv(name, "test")
        patches.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patches.delenv("AWS_ENDPOINT_URL", raising=False)
        with mocked():
            clients: list[Any] = [boto3.client(name, config=CLIENT_CONFIG) for name in ("dynamodb", "stepfunctions")]
            create_table(clients[0])
            system = System(patches, *clients, **{"credits": PLENTY, "concurrent": PLENTY, **how})
            # Time passes in calls alone, so that no machine is too slow: each takes as long as is assumed.
            each = assumptions()["programs"]["http_milliseconds"] / 1000
            system.slices = replace(system.slices, monotonic=lambda: len(system.world.attempts) * each)
            # Whoever is sent an event takes it, in the time that is assumed.
            takes = assumptions()["webhooks"]["receiver_milliseconds"] / 1000
            instants = count()
            patches.setattr(outgoing, "exchange", lambda *_: outgoing.Answer(204, {}, b""))
            patches.setattr(attempts, "time", SimpleNamespace(monotonic=lambda: next(instants) * takes))
            log, handler = StringIO(), logger.registered_handler
            assert isinstance(handler, logging.StreamHandler)  # noqa: S101 - as Powertools makes it
            before = handler.setStream(log)
            try:
                behind = (system.stack.bus._client, system.stack.deliveries._client)
                yield Product(system, Meter(*clients, *behind), log)
            finally:
                handler.setStream(before)
                system.wire.let_go()
