"""Slices: one RunSteps task runs as many steps of an execution as fit into its time slice."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from domain.aws import keys
from domain.aws.stack import Stack
from domain.callables import EFFECTS
from domain.callables.effect import Effect
from domain.callables.settings import Settings, the_settings
from domain.engine import programs
from domain.engine.checkpoints import Checkpoint, ExecutionEnded, RecordTooLarge
from domain.engine.journaled_calls import JournaledCalls
from domain.engine.next import CONTINUE, DONE, Next, SliceOver
from domain.entities import executions, journal, steps
from domain.entities.executions import End, Execution, Progress, Status
from domain.entities.journal import Entry
from domain.moments import Clock
from domain.program.interpreter import Completed, Failed, Returned, StepOutcome, run_step
from domain.program.nodes import Program
from domain.program.values import Value

if TYPE_CHECKING:
    from domain.aws.table import Table

SLICES = 2000
"""The most slices of one execution: Step Functions ends one of its own after 25,000 events, about nine a slice."""

_STAY_SECONDS = 10.0
"""The least time a step may stay in a slice before it is left at one of its calls."""


@dataclass(frozen=True, slots=True)
class SliceContext:
    """What a slice works with: storage, effects and their settings, time and chance; `slice_seconds` of it."""

    stack: Stack
    settings: Settings
    clock: Clock
    random: Callable[[], float]
    slice_seconds: float
    execution_seconds: int
    effects: Mapping[str, Effect] = field(default_factory=lambda: EFFECTS)
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def of_environment(cls, stack: Stack, clock: Clock) -> Self:
        """By the settings SLICE_SECONDS and EXECUTION_TIMEOUT_SECONDS, and those of the effects."""
        return cls(
            stack=stack,
            settings=the_settings(),
            clock=clock,
            random=secrets.SystemRandom().random,
            slice_seconds=float(os.environ["SLICE_SECONDS"]),
            execution_seconds=int(os.environ["EXECUTION_TIMEOUT_SECONDS"]),
        )


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """What a slice goes on from: the variables, and the journal of the step under way and when that began."""

    variables: dict[str, Value]
    entries: list[Entry]
    step_started_at: str | None


def run_slice(context: SliceContext, workspace_id: str, execution_id: str) -> Next:
    """Run steps of an execution until it ends, waits, or its slice is over.

    Raises `SliceSuperseded` where another slice of it goes on instead, and whatever breaks the platform itself:
    the state machine tries again. Rule: architecture "A time slice, not a task per step".
    """
    table = context.stack.table
    at_execution, at_input = executions.key(workspace_id, execution_id), executions.input_key(execution_id)
    found = table.get_many(at_execution, at_input)
    if at_execution not in found:
        return DONE
    execution, progress = executions.from_item(found[at_execution]), executions.progress_of(found[at_execution])
    if execution.status is not Status.RUNNING:
        return DONE
    program = programs.parsed(table, workspace_id, execution.workflow_id, execution.version)
    resume_point = _resume_point(table, execution_id, progress, executions.input_of(found.get(at_input)))
    try:
        return _Slice(context, execution, progress, program, resume_point).run()
    except ExecutionEnded:
        return DONE


def _resume_point(table: Table, execution_id: str, progress: Progress, program_input: Value) -> ResumePoint:
    """Read what earlier slices recorded: one range holds the journal of the step under way and all steps."""
    variables: dict[str, Value] = {"input": program_input}
    entries: list[Entry] = []
    step_started_at: str | None = None
    if progress.is_begun:
        page = journal.with_steps_from(progress.next_step)
        for item in table.query(keys.execution_partition(execution_id), page):
            if journal.is_entry(item):
                entries.append(journal.from_item(item))
            elif steps.is_step(item) and steps.index_of(item) == progress.next_step:
                step_started_at = steps.started_at(item)
            elif steps.is_step(item):
                variables |= steps.changes(item)
    return ResumePoint(variables, entries, step_started_at)


class _Slice:
    """One slice under way."""

    def __init__(
        self,
        context: SliceContext,
        execution: Execution,
        progress: Progress,
        program: Program,
        resume_point: ResumePoint,
    ) -> None:
        self._context = context
        self._execution = execution
        self._program = program
        self._resumed_step = progress.next_step
        self._resume_point = resume_point
        self._variables = resume_point.variables
        self._checkpoint = Checkpoint(context.stack.table, execution, progress)
        self._begun_at = context.monotonic()
        self._deadline = execution.started + timedelta(seconds=context.execution_seconds)

    def run(self) -> Next:
        if self._context.clock() >= self._deadline:
            seconds = self._context.execution_seconds
            return self._end(Status.FAILED, f"The execution reached its limit of {seconds} seconds.")
        if self._checkpoint.progress.slices > SLICES:
            return self._end(Status.FAILED, f"The execution reached its limit of {SLICES} time slices.")
        try:
            return self._run_steps()
        except SliceOver as over:
            self._checkpoint.commit()
            return over.next.no_later_than(self._deadline)

    def _run_steps(self) -> Next:
        while (index := self._checkpoint.progress.next_step) < len(self._program.body):
            outcome = self._run_step(index)
            match outcome.ending:
                case Failed(message=message):
                    self._checkpoint.fail_step(index, self._context.clock(), message)
                    return self._end(Status.FAILED, f"Step {index} failed: {message}")
                case Returned():
                    break
                case Completed():
                    self._variables = {**self._variables, **outcome.changes}
            if self._elapsed() >= self._context.slice_seconds and index + 1 < len(self._program.body):
                self._checkpoint.commit()
                return CONTINUE
        return self._end(Status.SUCCESS, None)

    def _run_step(self, index: int) -> StepOutcome:
        is_resumed = index == self._resumed_step
        started_at = self._resume_point.step_started_at if is_resumed else None
        self._checkpoint.begin_step(index, self._context.clock(), started_at)
        calls = JournaledCalls(
            table=self._context.stack.table,
            checkpoint=self._checkpoint,
            execution=self._execution,
            step=index,
            entries=self._resume_point.entries if is_resumed else (),
            effects=self._context.effects,
            settings=self._context.settings,
            clock=self._context.clock,
            random=self._context.random,
            is_time_over=lambda: self._elapsed() >= max(self._context.slice_seconds, _STAY_SECONDS),
        )
        outcome = run_step(self._program, index, self._variables, calls)
        if isinstance(outcome.ending, Failed):
            return outcome
        try:
            self._checkpoint.finish_step(index, self._context.clock(), outcome.result, outcome.changes)
        except RecordTooLarge as too_large:
            return StepOutcome(None, {}, Failed(f"body[{index}]: {too_large}"))
        return outcome

    def _elapsed(self) -> float:
        return self._context.monotonic() - self._begun_at

    def _end(self, status: Status, error: str | None) -> Next:
        self._checkpoint.commit_end(End(status, self._context.clock(), error))
        return DONE
