"""The bench: a workflow on a table in memory, which is run to its end as the state machine would run it."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from domain.aws.stack import Stack
from domain.callables.settings import Settings, the_settings
from domain.engine.next import Next
from domain.engine.slices import SliceContext, run_slice
from domain.entities.executions import Status
from domain.entities.steps import Step
from domain.entities.workspaces import Plan
from domain.operations import accounts, deciding, histories
from domain.operations.admission import Run
from domain.operations.deciding import Decide
from domain.operations.idempotency import carry_out
from domain.operations.publishing import publish
from domain.program.limits import EXECUTION_SECONDS
from domain.refusals import ReviewAlreadyDecided, ReviewClosed
from lodol.trying.memory import Crashed, MemoryTable
from lodol.trying.world import CallAt, NoAnswer, World

if TYPE_CHECKING:
    from domain.aws.state_machine import StateMachine
    from domain.aws.table import Table
    from domain.entities.executions import Execution
    from domain.entities.journal import Entry
    from domain.entities.workflows import Source
    from domain.program.lines import Lines
    from domain.program.outlines import Line
    from domain.program.values import Value
    from lodol.trying.world import Attempt, Decision

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_RUNS = 1_000_000
_PAGE = 1_000_000

# The lines of a program are part of what a trial tells; nobody else prints them.
logging.getLogger("lodol.program").addHandler(logging.NullHandler())


class _Machine:
    """Gives executions no time of its own; it knows which generation was started last."""

    generation = 0

    def start(self, _workspace_id: str, _execution_id: str, generation: int) -> None:
        self.generation = generation

    try_start = start


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of an execution that was tried; `missing` is why it could not go on, if it could not.

    `lines` are those of the source. `decided` are the decisions of persons that counted, and `late` those that came too
    late.
    """

    execution: Execution
    output: Value
    outline: dict[str, Line]
    lines: Lines
    done: list[tuple[Step, list[tuple[CallAt, Entry]]]]
    world: World
    decided: list[Decision]
    late: list[Decision]
    missing: NoAnswer | None
    commits: int

    @property
    def is_success(self) -> bool:
        """Whether it came to its end."""
        return self.execution.status is Status.SUCCESS

    @property
    def seen(self) -> tuple[str, str | None, Value, list[Value], list[Attempt]]:
        """What must not depend on crashes: how it ended, what each step gave, what was asked of the world in order."""
        given = [step.result for step, _ in self.done]
        return self.execution.status.value, self.execution.error, self.output, given, self.world.attempts


class Bench:
    """A workflow in a workspace of its own, to be tried as often as one likes."""

    def __init__(
        self,
        *,
        name: str,
        description: str,
        program: Value,
        source: Source | None = None,
        workflow_id: str | None = None,
    ) -> None:
        """Store it as `lodol workflow put` would: raises `ProgramRejected` or another `InvalidRequest`."""
        self.table = MemoryTable()
        self._machine = _Machine()
        table, machine = cast("Table", self.table), cast("StateMachine", self._machine)
        self._stack = Stack(lambda: table, lambda: machine)
        # A trial that cannot go on keeps its slot, as any execution that has not ended.
        self._workspace = accounts.create_workspace(
            table, _EPOCH, name="Trial", plan=Plan.ENTERPRISE, credits=_RUNS, concurrent_executions=_RUNS
        )
        published = publish(
            table,
            _EPOCH,
            self._workspace.id,
            name=name,
            description=description,
            program=program,
            source=source,
            workflow_id=workflow_id,
        )
        self._workflow_id = published.workflow.id

    def run(self, program_input: Value, world: World, crash_after: int = 0) -> Tried:
        """Run it to its end, as far as the world has answers; the worker is gone once, right after such a commit."""
        run = Run(now=world.now, workspace=self._workspace, workflow_id=self._workflow_id, program_input=program_input)
        execution_id: str = json.loads(carry_out(self._stack, run).body)["execution_id"]
        self.table.commits, self.table.crash_after = 0, crash_after
        trial = _Trial(self._stack, self._machine, self._workspace.id, execution_id, world)
        missing = None
        try:
            trial.run()
        except NoAnswer as unanswered:
            missing = unanswered
        commits, self.table.crash_after = self.table.commits, 0
        return self._tried(trial, commits, missing)

    def _tried(self, trial: _Trial, commits: int, missing: NoAnswer | None) -> Tried:
        table, world = self._stack.table, trial.world
        history = histories.read(table, world.now, self._workspace.id, trial.execution_id)
        done: list[tuple[Step, list[tuple[CallAt, Entry]]]] = []
        for each in histories.read_done(table, history.state, _PAGE, None):
            if isinstance(each.what, Step):
                done.append((each.what, []))
            else:
                done[-1][1].append((CallAt(*each.at), each.what))
        return Tried(
            execution=history.execution,
            output=history.output,
            outline={line.at: line for line in history.outline},
            lines=history.lines,
            done=done,
            world=world,
            decided=trial.decided,
            late=trial.late,
            missing=missing,
            commits=commits,
        )


class _Trial:
    """One execution under way."""

    def __init__(self, stack: Stack, machine: _Machine, workspace_id: str, execution_id: str, world: World) -> None:
        self._stack = stack
        self._machine = machine
        self._workspace_id = workspace_id
        self.execution_id = execution_id
        self.world = world
        self.decided: list[Decision] = []
        self.late: list[Decision] = []
        # Nobody is called at this address: a call of the API is answered, too.
        settings = Settings(the_settings().allowed_hosts, "sender@example.com", "https://api.example.com")
        self._context = SliceContext(
            stack=stack,
            settings=settings,
            clock=world.clock,
            random=world.pauses.random,
            slice_seconds=1.0,
            execution_seconds=EXECUTION_SECONDS,
            effects=world.effects(),
            # A trial is the same each time: no slice ends because the machine is slow.
            monotonic=lambda: 0.0,
        )

    def run(self) -> None:
        generation = 0
        while generation != self._machine.generation:
            generation = self._machine.generation
            while (following := self._slice(generation)).action != "done":
                self._pass_time(following)

    def _slice(self, generation: int) -> Next:
        while True:
            with suppress(Crashed):
                return run_slice(self._context, self._workspace_id, self.execution_id, generation)

    def _pass_time(self, following: Next) -> None:
        """Let the time of a wait pass, and persons decide meanwhile; whoever waits for them goes on with the last."""
        until = following.until or self.world.now
        if following.action == "await":
            # The call that waits is the one that was made last.
            self.world.awaited[next(reversed(self.world.arguments))] = until
        for decision in sorted(self.world.decisions, key=lambda one: one.at):
            if decision.at > until:
                break
            self.world.now = max(self.world.now, decision.at)
            self.world.decisions.remove(decision)
            self._decide(decision)
            if following.action == "await" and not self._is_anybody_asked():
                return
        self.world.now = max(self.world.now, until)

    def _decide(self, decision: Decision) -> None:
        asked = Decide(
            now=self.world.now,
            workspace_id=self._workspace_id,
            review_id=decision.review_id,
            decision=decision.decision,
            comment=decision.comment,
        )
        try:
            with suppress(Crashed):
                carry_out(self._stack, asked)
            self.decided.append(decision)
        except (ReviewAlreadyDecided, ReviewClosed):
            self.late.append(decision)

    def _is_anybody_asked(self) -> bool:
        return bool(deciding.wake_if_due(self._stack, self.world.now, self.execution_id).pending)
