"""Runs programs of the conformance suite as executions: real slices on a table, clock and site being made up."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import Write
from domain.callables import EFFECTS
from domain.callables.effect import CallContext, Effect, Retry
from domain.callables.settings import Settings
from domain.engine.next import Next
from domain.engine.slices import SliceContext, run_slice
from domain.entities import executions, steps
from domain.entities.executions import Execution
from domain.entities.steps import Step
from domain.entities.workspaces import Plan, Workspace
from domain.operations import accounts
from domain.program.calls import CallFailed
from domain.program.values import Value
from tests.support.operations import publish, stack_of, started

START = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
CASES = Path(__file__).parents[1] / "conformance"


class WorkerKilled(Exception):
    """The worker was killed."""


def cases() -> list[Any]:
    """Every case of the suite, with the file it stands in."""
    return [
        {**case, "id": f"{path.stem}: {case['name']}"}
        for path in sorted(CASES.glob("*.json"))
        for case in json.loads(path.read_text())
    ]


@dataclass
class World:
    """What is outside: a clock that only waits move, and a site that answers by its address."""

    now: datetime = START
    attempts: list[tuple[str, str]] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def request(self, context: CallContext, _: str, url: str, __: Any = None) -> Any:
        self.attempts.append((context.idempotency_key.partition(":")[2], url))
        if url == "https://fail/":
            raise CallFailed("refused")
        answer: Value = {"status": 503 if "down" in url else 200, "headers": {}, "body": url}
        if "down" in url or ("flaky" in url and context.attempt == 1):
            return Retry("the answer was 503", None, answer, has_last=True)
        return answer


class KillingTable(Table):
    """A table whose worker is killed right after a certain commit, counted from 1."""

    kill_after: int = 0
    commits: int = 0

    def commit(self, *writes: Write) -> None:
        super().commit(*writes)
        self.commits += 1
        if self.commits == self.kill_after:
            raise WorkerKilled


@dataclass
class Ran:
    """What became of an execution."""

    execution: Execution
    steps: list[Step]
    commits: int
    slices: int
    world: World

    @property
    def outcome(self) -> tuple[str, str | None, list[Any]]:
        done = [step.result for step in self.steps if step.status == "completed"]
        return self.execution.status.value, self.execution.error, done


def store(table: Table, program: Any, runs: int = 1) -> tuple[Workspace, str]:
    """Put a program into a workspace that has credits for so many runs; answers with it and the workflow's id."""
    workspace = accounts.create_workspace(table, START, name="W", plan=Plan.ENTERPRISE, credits=runs)
    return workspace, publish(table, START, workspace.id, name="P", description="", program=program).id


def start(stack: Stack, program: Any, program_input: Any = None) -> tuple[str, str]:
    """Admit an execution of a program in a workspace of its own."""
    workspace, workflow_id = store(stack.table, program)
    return workspace.id, started(stack, START, workspace, workflow_id, program_input)


def slices_of(stack: Stack, world: World, slice_seconds: float = 5) -> SliceContext:
    """What slices work with in this world."""
    request = Effect(EFFECTS["http.request"].signature, world.request, reaches_out=True)
    return SliceContext(
        stack=stack,
        settings=Settings(),
        clock=world.clock,
        random=lambda: 0.5,
        slice_seconds=slice_seconds,
        execution_seconds=5_184_000,
        effects={**EFFECTS, "http.request": request},
    )


def run(
    client: Any,
    machine: StateMachine,
    case: Any,
    stored: tuple[Workspace, str] | None = None,
    *,
    slice_seconds: float = 5,
    kill_after: int = 0,
) -> Ran:
    """Run a program to its end as the state machine would: wait, go on, and try again after a crash.

    It may be stored already, for runs one after the other.
    """
    table = KillingTable(client, "table", sleep=lambda _: None)
    stack = stack_of(table, machine)
    workspace, workflow_id = stored or store(table, case["program"])
    execution_id = started(stack, START, workspace, workflow_id, case.get("input"))
    table.kill_after, table.commits = kill_after, 0
    world = World()
    context = slices_of(stack, world, slice_seconds)
    slices = 0
    while (following := _slice(context, workspace.id, execution_id)).action != "done":
        slices += 1
        if following.until is not None:
            world.now = max(world.now, following.until)
    state = executions.read_state(table, workspace.id, execution_id)
    return Ran(state.execution, steps.read_all(table, state), table.commits, slices + 1, world)


def _slice(context: SliceContext, workspace_id: str, execution_id: str) -> Next:
    while True:
        try:
            return run_slice(context, workspace_id, execution_id)
        except WorkerKilled:
            continue
