"""Slices: one RunSteps task runs as many steps of an execution as fit into its time slice."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet
from domain.callables import EFFECTS
from domain.callables.effect import Effect
from domain.callables.settings import Settings, the_settings
from domain.engine import programs
from domain.engine.checkpoints import Checkpoint, ExecutionEnded, RecordTooLarge, SliceSuperseded
from domain.engine.journaled_calls import JournaledCalls
from domain.engine.next import CONTINUE, DONE, Next, SliceOver
from domain.entities import executions, resume_points, steps
from domain.entities.executions import End, State, Status
from domain.entities.resume_points import ResumePoint, Since
from domain.moments import Clock
from domain.operations import outcomes
from domain.program import limits
from domain.program.bookmarks import Bookmark
from domain.program.interpreter import Completed, Failed, Returned, StepOutcome, run_step
from domain.program.nodes import Program
from domain.refusals import ExecutionAlreadyTerminal

SLICES = 500
"""After so many slices a generation hands over: Step Functions ends an execution of its own after 25,000 events, and
a slice takes nine with the wait behind it, more where a task is tried again."""

WORTH_A_WRITE = 16
"""A resume point is worth its write once a resume would read so many more steps and calls of finished rounds."""

STAY_SECONDS = 10.0
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
    slices_of_generation: int = SLICES
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


def run_slice(context: SliceContext, workspace_id: str, execution_id: str, generation: int = 1) -> Next:
    """Run steps of an execution until it ends, waits, or its slice is over.

    For a generation that another has followed it only sees to it that the other was started.
    Raises `SliceSuperseded` where another slice of it goes on instead, and whatever breaks the platform itself:
    the state machine tries again. Rule: architecture "A time slice, not a task per step".
    """
    table = context.stack.table
    at_execution, at_input = executions.key(workspace_id, execution_id), executions.input_key(execution_id)
    at_point = resume_points.key(execution_id)
    found = table.get_many(at_execution, at_input, at_point)
    if at_execution not in found:
        return DONE
    state = executions.state_of(found[at_execution])
    execution = state.execution
    if execution.status is not Status.RUNNING:
        return DONE
    if state.generation.number != generation:
        outcomes.move_on(context.stack, context.clock(), state, generation)
        return DONE
    if state.progress.slices - state.generation.slices >= context.slices_of_generation:
        return _hand_over(context, state)
    program = programs.parsed(table, workspace_id, execution.workflow_id, execution.version)
    point = ResumePoint(variables={"input": executions.input_of(found.get(at_input))})
    if at_point in found:
        point = resume_points.from_item(found[at_point])
    since = resume_points.read_since(table, state, point)
    try:
        return _Slice(context, state, program, since).run()
    except ExecutionEnded:
        return DONE


def _hand_over(context: SliceContext, state: State) -> Next:
    try:
        outcomes.hand_over(context.stack, context.clock(), state)
    except ConditionNotMet:
        raise SliceSuperseded from None
    except ExecutionAlreadyTerminal:
        return DONE
    return DONE


class _Slice:
    """One slice under way."""

    def __init__(
        self,
        context: SliceContext,
        state: State,
        program: Program,
        since: Since,
    ) -> None:
        self._context = context
        self._execution = state.execution
        self._program = program
        self._since = since
        self._variables = since.point.variables
        self._unsaved_steps = since.steps
        self._checkpoint = Checkpoint(context.stack.table, state, context.clock())
        self._begun_at = context.monotonic()
        self._deadline = state.execution.started + timedelta(seconds=context.execution_seconds)

    def run(self) -> Next:
        if self._context.clock() >= self._deadline:
            seconds = self._context.execution_seconds
            return self._end(Status.FAILED, f"The execution reached its limit of {seconds} seconds.")
        self._take_over()
        try:
            return self._run_steps()
        except SliceOver as over:
            self._checkpoint.spend(over.visits)
            following = over.next.no_later_than(self._deadline)
            self._save_resume_point(over.bookmark)
            self._checkpoint.be_heard_of(following.until or self._context.clock(), over.wait)
            self._checkpoint.commit()
            return following

    def _take_over(self) -> None:
        """Take over the steps that another execution has done: they are recorded, and not run."""
        origin, first = self._execution.rerun_of, self._checkpoint.progress.next_step
        if origin is None or first >= origin.from_step:
            return
        for step in steps.read_finished(self._context.stack.table, origin.execution_id, first, origin.from_step):
            self._checkpoint.take_over(origin.execution_id, step)
            self._variables = {**self._variables, **step.changes}
            self._unsaved_steps += 1

    def _run_steps(self) -> Next:
        while (index := self._checkpoint.progress.next_step) < len(self._program.body):
            if self._checkpoint.progress.visits >= limits.EXECUTION_VISITS:
                sentence = f"The execution reached its limit of {limits.EXECUTION_VISITS} node visits."
                return self._end(Status.FAILED, sentence)
            outcome = self._run_step(index)
            match outcome.ending:
                case Failed() as failed:
                    message = self._told(failed)
                    self._checkpoint.fail_step(index, self._context.clock(), message)
                    return self._end(Status.FAILED, f"Step {index} failed: {message}")
                case Returned():
                    break
                case Completed():
                    self._variables = {**self._variables, **outcome.changes}
                    self._unsaved_steps += 1
            if self._elapsed() >= self._context.slice_seconds and index + 1 < len(self._program.body):
                self._save_resume_point(None)
                self._checkpoint.commit()
                return CONTINUE
        return self._end(Status.SUCCESS, None)

    def _run_step(self, index: int) -> StepOutcome:
        since = self._since if index == self._since.point.next_step else None
        bookmark = since.point.bookmark if since else None
        self._checkpoint.begin_step(index, self._context.clock(), since.step_started_at if since else None)
        calls = JournaledCalls(
            table=self._context.stack.table,
            checkpoint=self._checkpoint,
            execution=self._execution,
            step=index,
            entries=since.entries if since else (),
            made=bookmark.calls if bookmark else 0,
            effects=self._context.effects,
            settings=self._context.settings,
            clock=self._context.clock,
            random=self._context.random,
            is_time_over=lambda: self._elapsed() >= max(self._context.slice_seconds, STAY_SECONDS),
        )
        outcome = run_step(self._program, index, self._variables, calls, bookmark)
        self._checkpoint.spend(outcome.visits)
        if isinstance(outcome.ending, Failed):
            return outcome
        try:
            self._checkpoint.finish_step(index, self._context.clock(), outcome.result, outcome.changes)
        except RecordTooLarge as too_large:
            return StepOutcome(None, {}, Failed(str(too_large), f"body[{index}]"))
        return outcome

    def _told(self, failed: Failed) -> str:
        """Why a step failed, and where: at a line of its source, or at a node of a program that has none."""
        if failed.at is None:
            return failed.message
        which = self._execution
        table = self._context.stack.table
        place = programs.place_of(table, which.workspace_id, which.workflow_id, which.version, failed.at)
        return f"{place}: {failed.message}"

    def _save_resume_point(self, bookmark: Bookmark | None) -> None:
        """Store where the run stands, once a resume would have to read much more than that."""
        index, since = self._checkpoint.progress.next_step, self._since.point
        calls = bookmark.calls if bookmark else 0
        if since.next_step == index and since.bookmark:
            calls -= since.bookmark.calls
        if self._unsaved_steps + calls >= WORTH_A_WRITE:
            point = ResumePoint(index, self._variables, bookmark)
            self._checkpoint.store(*resume_points.write(self._execution.id, point))

    def _elapsed(self) -> float:
        return self._context.monotonic() - self._begun_at

    def _end(self, status: Status, error: str | None) -> Next:
        self._checkpoint.commit_end(End(status, self._context.clock(), error))
        return DONE
