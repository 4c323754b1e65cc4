"""The whole product in one thread: clients, handlers, table, state machine, clock, all of it in a test's hands."""

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.callables import EFFECTS, SIGNATURES
from domain.callables.effect import CallContext, Effect
from domain.entities import executions, workspaces
from domain.entities.api_keys import Scope
from domain.entities.executions import Execution, Status
from domain.entities.workflows import Source
from domain.entities.workspaces import Plan
from domain.operations import accounts, audits
from domain.program.python import reading
from handlers import (
    decide_review,
    get_execution,
    list_executions,
    list_reviews,
    reconcile,
    record_outcome,
    rerun_execution,
    run_steps,
    run_workflow,
    stop_execution,
    stop_executions,
)
from handlers.http import Endpoint
from handlers.worker import Worker
from tests.support.conformance import START, World, slices_of
from tests.support.machines import Machines
from tests.support.operations import grant, publish, stack_of
from tests.support.programs import program
from tests.support.requests import Context, ensure_described, event
from tests.support.roles import MACHINE_ARN
from tests.support.wire import Died, Wire, without_pauses

ATTEMPTS = 4
"""How often the state machine lets a worker try a task before it gives the execution up."""


HEAD = """from lodol.workflow import Failure, Input, fail, http, log, string, time, workflow


@workflow(name="Greets")
def greets(input: Input) -> None:
    # Whoever reads this later finds it again.
"""
"""How the sources of tests begin."""


@dataclass(frozen=True)
class Answer:
    """What a client saw."""

    status: int
    text: str
    replayed: bool

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class _Handset(logging.Handler):
    """Keeps every log line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


type Fresh = Callable[..., System]
"""Makes a product with nothing in it."""


class System:
    """One workspace of a product that starts with so many credits and runs so many executions at once."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        dynamodb: Any,
        stepfunctions: Any,
        *,
        credits: int = 10,
        concurrent: int = 5,
        slice_seconds: float = 5,
    ) -> None:
        self.world = World(now=START)
        without_pauses(monkeypatch)
        self._paused = 0.0
        self.table = Table(dynamodb, "table", sleep=self._pause, monotonic=lambda: self._paused)
        self.machine = StateMachine(stepfunctions, MACHINE_ARN)
        self.stack = stack_of(self.table, self.machine)
        self.worker = Worker(self.stack, self.world.clock)
        self.effects: list[str] = []
        request = Effect(EFFECTS["http.request"].signature, self._request, reaches_out=True)
        effects = {**EFFECTS, "http.request": request}
        self.slices = replace(slices_of(self.stack, self.world, slice_seconds), effects=effects)
        self.log = _Handset()
        monkeypatch.setattr(logging.getLogger("domain"), "handlers", [self.log])
        self.workspace = accounts.create_workspace(
            self.table,
            self.world.now,
            name="Team",
            plan=Plan.ENTERPRISE,
            credits=credits,
            requests_per_minute=1_000_000,
            concurrent_executions=concurrent,
        )
        self.key, self.stored_key = accounts.create_key(self.table, self.world.now, self.workspace, frozenset(Scope))
        self.machines = Machines(self.machine._arn)
        self.wire = Wire(self.machines, self.table._client, self.machine._client)
        self._ended: dict[str, Any] = {}
        self._numbers = count(1)
        self._resumes_at: dict[str, datetime] = {}
        self.crashes = 0

    def _request(self, context: CallContext, method: str, url: str, *more: Any) -> Any:
        self.effects.append(f"{context.idempotency_key} attempt {context.attempt}")
        return self.world.request(context, method, url, *more)

    def _pause(self, seconds: float) -> None:
        self._paused += seconds

    def workflow(self, *body: Any) -> str:
        # One name is one workflow.
        name = f"Workflow {next(self._numbers)}"
        stored = publish(
            self.table, self.world.now, self.workspace.id, name=name, description="", program=program(*body)
        )
        return stored.id

    def python(self, body: str) -> str:
        """Store a workflow whose function has these lines, the first of them being line 7; it is the same each time."""
        text = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
        read = reading.read(text, SIGNATURES)
        assert [one.message for one in read.findings if one.severity == "error"] == []
        stored = publish(
            self.table,
            self.world.now,
            self.workspace.id,
            name=read.name,
            description=read.description,
            program=read.program,
            source=Source(text, str(read.lines)),
        )
        return stored.id

    def pass_time(self, **time: float) -> None:
        self.world.now += timedelta(**time)

    # What clients do.

    def run(self, workflow_id: str, key: str | None = None, given: Any = None) -> Answer:
        body = None if given is None else json.dumps({"input": given})
        return self._send(run_workflow.handler, "POST", f"/v1/workflows/{workflow_id}/run-async", key, body)

    def stop(self, execution_id: str, key: str | None = None) -> Answer:
        return self._send(stop_execution.handler, "POST", f"/v1/executions/{execution_id}/stop", key)

    def rerun(self, execution_id: str, key: str | None = None, from_step: int = 1) -> Answer:
        path, body = f"/v1/executions/{execution_id}/rerun", json.dumps({"from_step": from_step})
        return self._send(rerun_execution.handler, "POST", path, key, body)

    def stop_many(self) -> Answer:
        return self._send(stop_executions.handler, "POST", "/v1/executions/stop", query={"status": "running"})

    def get(self, execution_id: str) -> Answer:
        path, query = f"/v1/executions/{execution_id}", {"include_step_results": "true"}
        return self._send(get_execution.handler, "GET", path, query=query)

    def executions(self) -> list[Any]:
        answer = self._send(list_executions.handler, "GET", "/v1/executions", query={"limit": "100"})
        found: list[Any] = answer.body["executions"]
        return found

    def reviews(self) -> list[Any]:
        found: list[Any] = self._send(list_reviews.handler, "GET", "/v1/reviews").body["reviews"]
        return found

    def decide(self, review_id: str, key: str | None = None) -> Answer:
        path, body = f"/v1/reviews/{review_id}/decision", json.dumps({"decision": "approved"})
        return self._send(decide_review.handler, "POST", path, key, body)

    def _send(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        key: str | None = None,
        body: str | None = None,
        query: Any = None,
    ) -> Answer:
        headers = {} if key is None else {"Idempotency-Key": key}
        asked = event(method, path, self.key, query, body, headers)
        answer = endpoint(asked, Context(), self.worker)  # type: ignore[arg-type]
        ensure_described(endpoint, answer)
        replayed = "Idempotency-Replayed" in answer["multiValueHeaders"]
        return Answer(answer["statusCode"], answer["body"], replayed)

    # What AWS does.

    def latest(self, execution_id: str) -> str:
        """The name of the latest generation of an execution that was started."""
        return self._generations(execution_id)[-1]

    def _generations(self, execution_id: str) -> list[str]:
        return [name for name in self.machines.flights if name.partition("-")[0] == execution_id]

    def step(self, execution_id: str) -> bool:
        """Let the state machine run one task of an execution's latest generation; answers whether there was one."""
        names = self._generations(execution_id)
        return self._step(names[-1]) if names else False

    def _step(self, name: str, *, jumps: bool = True) -> bool:
        """Run a task; a wait behind it is over at once, unless it is to be waited for."""
        flight = self.machines.flights[name]
        if flight.status != "RUNNING" or flight.token:
            return False
        following: Any = self._task(name, flight.input)
        if flight.status != "RUNNING":
            return True
        if following is None or following["action"] == "done":
            self.machines.end(name, "FAILED" if following is None else "SUCCEEDED")
        elif following["action"] == "wait":
            self._resumes_at[name] = datetime.fromisoformat(following["until"])
            if jumps:
                self.world.now = max(self.world.now, self._resumes_at[name])
        elif following["action"] == "await":
            token = self.machines.wait_for_task(name)
            self._task(name, {**flight.input, "task_token": token})
        return True

    def _task(self, name: str, given: dict[str, Any]) -> Any:
        """Run RunSteps as the state machine does: what fails or dies is tried again, a few times."""
        for _ in range(ATTEMPTS):
            try:
                return run_steps.handler(given, Context(), self.slices)  # type: ignore[arg-type]
            except (Died, Exception) as crash:  # noqa: BLE001
                self.crashes += 1
                self.log.lines.append(repr(crash))
            if self.machines.flights[name].status != "RUNNING":
                return None
        return None

    def advance(self, seconds: float) -> None:
        """Let so much time pass, and the state machine go on with what is due until then."""
        until = self.world.now + timedelta(seconds=seconds)
        due = [name for name in self.machines.flights if self._resumes_at.get(name, self.world.now) <= until]
        for name in due:
            self.world.now = max(self.world.now, self._resumes_at.get(name, self.world.now))
            while self._step(name, jumps=False) and self._resumes_at.get(name, self.world.now) <= until:
                pass
        self.world.now = max(self.world.now, until)

    def drive(self) -> None:
        """Let the state machine run until nothing runs any more."""
        while sum(self._step(name) for name in list(self.machines.flights)):
            pass

    def deliver(self, number: int = 0) -> None:
        """Deliver a status event; it stays, so that it can come again."""
        record_outcome.handler(self.machines.events[number], Context(), self.worker)  # type: ignore[arg-type]

    def reconcile(self) -> Counter[str]:
        return Counter(reconcile.handler({}, Context(), self.worker))  # type: ignore[arg-type]

    def reconcile_later(self) -> Counter[str]:
        """Once everything is due that was not heard of."""
        self.pass_time(minutes=6)
        return self.reconcile()

    def grant(self, amount: int) -> None:
        grant(self.stack, self.world.now, self.workspace.id, amount)

    # What must hold.

    @property
    def credits(self) -> int:
        return workspaces.read(self.table, self.workspace.id).credits

    def check(self) -> None:
        """The invariants that hold at every moment. Rule: architecture "What must always hold"."""
        audit = audits.audit_credits(self.table, self.workspace.id)
        assert audit.differences == ()
        workspace = workspaces.read(self.table, self.workspace.id)
        assert workspace.running <= workspace.limits.concurrent_executions
        runs = self.stored()
        assert {name.partition("-")[0] for name in self.machines.flights} <= {run.id for run in runs}
        for run in runs:
            if run.status is not Status.RUNNING:
                end = (run.status, run.completed_at, run.error)
                assert self._ended.setdefault(run.id, end) == end
        # An effect is repeated only where the worker did not live to journal it, and under its own key.
        assert all(count <= 1 + self.crashes for count in Counter(self.effects).values())
        seen = "".join(self.log.lines) + json.dumps([flight.input for flight in self.machines.flights.values()])
        assert self.key not in seen

    def check_quiet(self) -> None:
        """And those that hold when all is done and reconciliation has passed."""
        self.check()
        assert [run.id for run in self.stored() if run.status is Status.RUNNING] == []
        self.pass_time(minutes=5)
        examination = audits.examine(self.stack, self.world.now)
        assert not any(
            (
                examination.overdue_executions,
                examination.leaked_slots,
                examination.receipts_without_executions,
                examination.unknown_to_us,
            )
        )

    def stored(self) -> list[Execution]:
        return executions.list_page(self.table, self.workspace.id)

    def status(self, execution_id: str) -> str:
        return str(executions.read(self.table, self.workspace.id, execution_id).status)
