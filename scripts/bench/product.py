"""The whole product in this process, for the benches: a workspace, and a meter at its clients."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import boto3
import pytest

from domain.aws.clients import CLIENT_CONFIG
from domain.entities import reviews
from handlers import get_execution
from handlers.logs import logger
from scripts.bench import machine
from scripts.bench.units import Counted, Meter
from tests.support.aws import mocked
from tests.support.system import System
from tests.support.template import create_table

PLENTY = 10**9
"""Of credits and slots: no bench is about their end."""


@dataclass
class Work:
    """What some work has asked of AWS: invocations by the module of the handler, states entered, bytes logged."""

    asked: Counted
    invocations: Counter[str] = field(default_factory=Counter)
    states: int = 0
    log_bytes: int = 0

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
        return Work(asked, Counter({handler: 1}), log_bytes=len(self._log.getvalue())), answer

    def get(self, execution_id: str) -> Any:
        """A poll, as most clients send it: without the results of steps."""
        return self.system._send(get_execution.handler, "GET", f"/v1/executions/{execution_id}")

    def run(self, workflow_id: str, given: Any = None) -> tuple[Work, Work, str]:
        """What the request that starts an execution asks for, what its slices do until it ends, and its id.

        Where it waits for a person, the decision comes after a minute and is not counted.
        """
        number = str(next(self.system._numbers))
        request, answer = self.request("run_workflow", lambda: self.system.run(workflow_id, number, given))
        work = self.slices()
        execution_id = answer.body["execution_id"]
        while self.system.status(execution_id) == "running":
            self.system.pass_time(minutes=1)
            for review in reviews.of_execution(self.system.table, execution_id):
                if review.decision is None:
                    self.system.decide(review.id)
            more = self.slices()
            work = Work(
                _sum(work.asked, more.asked),
                work.invocations + more.invocations,
                work.states + more.states,
                work.log_bytes + more.log_bytes,
            )
        assert self.system.status(execution_id) == "success"  # noqa: S101 - nothing else was meant to be counted
        return request, work, execution_id

    def slices(self) -> Work:
        """What the state machine does until nothing is left to do but wait for people."""
        self._forget()
        with self.meter.counted() as asked:
            self.system.drive()
        lines = [json.loads(line) for line in self._log.getvalue().splitlines()]
        actions = [line["action"] for line in lines if line["message"] == "slice ended"]
        entered = [state for action in actions for state in machine.states_entered(action)]
        invocations = Counter(run_steps=sum(map(machine.is_worker, entered)))
        return Work(asked, invocations, len(entered), len(self._log.getvalue()))

    def _forget(self) -> None:
        self._log.seek(0)
        self._log.truncate()


def _sum(one: Counted, other: Counted) -> Counted:
    return Counted(
        one.calls + other.calls,
        one.write_units + other.write_units,
        one.read_units + other.read_units,
        one.stored_bytes + other.stored_bytes,
        max(one.largest_transaction, other.largest_transaction),
    )


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
            log, handler = StringIO(), logger.registered_handler
            assert isinstance(handler, logging.StreamHandler)  # noqa: S101 - as Powertools makes it
            before = handler.setStream(log)
            try:
                yield Product(system, Meter(*clients), log)
            finally:
                handler.setStream(before)
                system.wire.let_go()
