"""Slices: one RunSteps task runs as many steps of an execution as fit into its time slice."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain import executions, journal, keys, workflows
from domain.callables import EFFECTS
from domain.callables.effect import Effect
from domain.callables.settings import Settings
from domain.executions import Execution, Status
from domain.journal import Entry
from domain.journaled_calls import Awaiting, Continuing, JournaledCalls, Waiting
from domain.moments import Clock
from domain.program.interpreter import Completed, Failed, Returned, StepOutcome, run_step
from domain.program.nodes import Program
from domain.program.values import Value, loads
from domain.records import ExecutionEnded, Record, RecordTooLarge
from domain.table import Page, Table

SLICES = 2000
"""The most slices of one execution: Step Functions ends one of its own after 25,000 events, about nine a slice."""

_STAY_SECONDS = 10.0
"""The least time a step may stay in a slice before it is left at one of its calls."""


@dataclass(frozen=True, slots=True)
class Next:
    """What the state machine does next.

    `continue` at once, `wait` until a moment, `await` a decision for so many `seconds` at most, or `done`.
    """

    action: str
    until: datetime | None = None
    seconds: int | None = None

    def output(self) -> dict[str, str | int]:
        """The output of the task, as the state machine reads it."""
        output: dict[str, str | int] = {"next": self.action}
        if self.until is not None:
            output["until"] = self.until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.seconds is not None:
            output["seconds"] = self.seconds
        return output


DONE = Next("done")
CONTINUE = Next("continue")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a slice works with: storage, effects and their settings, time and chance; `slice_seconds` of it."""

    table: Table
    settings: Settings
    clock: Clock
    random: Callable[[], float]
    slice_seconds: float
    execution_seconds: int
    effects: Mapping[str, Effect] = field(default_factory=lambda: EFFECTS)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an execution stands: its variables, and the journal of the step under way and when that began."""

    variables: dict[str, Value]
    entries: list[Entry]
    step_started_at: str | None


def run_slice(workshop: Workshop, workspace_id: str, execution_id: str) -> Next:
    """Run steps of an execution until it ends, waits, or its slice is over.

    Raises `SliceSuperseded` where another slice of it goes on instead, and whatever breaks the platform itself:
    the state machine tries again. Rule: DESIGN "A time slice, not a task per step".
    """
    table = workshop.table
    at_execution, at_input = keys.execution(workspace_id, execution_id), keys.execution_input(execution_id)
    found = table.get_many(at_execution, at_input)
    if at_execution not in found:
        return DONE
    execution = executions.from_item(found[at_execution])
    if execution.status is not Status.RUNNING:
        return DONE
    program_input = loads(found[at_input]["input"]) if at_input in found else None
    program = workflows.parsed(table, workspace_id, execution.workflow_id, execution.version)
    try:
        return _Slice(workshop, execution, program, _standing(table, execution, program_input)).run()
    except ExecutionEnded:
        return DONE


def _standing(table: Table, execution: Execution, program_input: Value) -> Standing:
    """Read what earlier slices recorded: one range holds the journal of the step under way and all steps."""
    variables: dict[str, Value] = {"input": program_input}
    entries: list[Entry] = []
    step_started_at: str | None = None
    if execution.is_resumed:
        page = Page(keys.calls_of(execution.next_step), keys.STEP_PREFIX + "~")
        for item in table.query(keys.execution_partition(execution.id), page):
            if item["sk"].startswith(keys.CALL_PREFIX):
                entries.append(journal.from_item(item))
            elif item["sk"] == keys.step(execution.id, execution.next_step).sk:
                step_started_at = item["started_at"]
            else:
                variables |= {name: loads(text) for name, text in item.get("changes", {}).items()}
    return Standing(variables, entries, step_started_at)


class _Slice:
    """One slice under way."""

    def __init__(self, workshop: Workshop, execution: Execution, program: Program, standing: Standing) -> None:
        self._workshop = workshop
        self._execution = execution
        self._program = program
        self._variables = standing.variables
        self._standing = standing
        self._record = Record(workshop.table, execution)
        self._begun_at = workshop.monotonic()
        self._deadline = execution.started + timedelta(seconds=workshop.execution_seconds)

    def run(self) -> Next:
        now = self._workshop.clock()
        if now >= self._deadline:
            seconds = self._workshop.execution_seconds
            return self._end(Status.FAILED, f"The execution reached its limit of {seconds} seconds.")
        if self._execution.slices >= SLICES:
            return self._end(Status.FAILED, f"The execution reached its limit of {SLICES} time slices.")
        try:
            return self._run_steps()
        except Waiting as wait:
            self._record.commit()
            return Next("wait", min(wait.until, self._deadline))
        except Awaiting as wait:
            self._record.commit()
            until = min(wait.until or self._deadline, self._deadline)
            return Next("await", seconds=max(1, math.ceil((until - self._workshop.clock()).total_seconds())))
        except Continuing:
            self._record.commit()
            return CONTINUE

    def _run_steps(self) -> Next:
        while self._record.next_step < len(self._program.body):
            index = self._record.next_step
            outcome = self._run_step(index)
            match outcome.ending:
                case Failed(message=message):
                    self._record.fail_step(index, self._workshop.clock(), message)
                    return self._end(Status.FAILED, f"Step {index} failed: {message}")
                case Completed() | Returned():
                    self._variables = {**self._variables, **outcome.changes}
            if isinstance(outcome.ending, Returned):
                break
            if self._elapsed() >= self._workshop.slice_seconds and self._record.next_step < len(self._program.body):
                self._record.commit()
                return CONTINUE
        return self._end(Status.SUCCESS, None)

    def _run_step(self, index: int) -> StepOutcome:
        resumed = index == self._execution.next_step
        self._record.begin_step(index, self._workshop.clock(), self._standing.step_started_at if resumed else None)
        calls = JournaledCalls(
            table=self._workshop.table,
            record=self._record,
            execution=self._execution,
            step=index,
            entries=self._standing.entries if resumed else (),
            effects=self._workshop.effects,
            settings=self._workshop.settings,
            clock=self._workshop.clock,
            random=self._workshop.random,
            is_time_over=lambda: self._elapsed() >= max(self._workshop.slice_seconds, _STAY_SECONDS),
        )
        outcome = run_step(self._program, index, self._variables, calls)
        if isinstance(outcome.ending, Failed):
            return outcome
        try:
            self._record.finish_step(index, self._workshop.clock(), outcome.result, outcome.changes)
        except RecordTooLarge as too_large:
            return StepOutcome(None, {}, Failed(f"body[{index}]: {too_large}"))
        return outcome

    def _elapsed(self) -> float:
        return self._workshop.monotonic() - self._begun_at

    def _end(self, status: Status, error: str | None) -> Next:
        self._record.commit_end(status, self._workshop.clock(), error)
        return DONE
