"""Carries out the effects that a step calls: from the journal where it has them, in the world where it has not."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from domain.callables.effect import AwaitDecisions, CallContext, Effect, Logged, Recorded, Retry, Sleep
from domain.callables.settings import Settings
from domain.engine import retries
from domain.engine.checkpoints import Checkpoint
from domain.engine.next import CONTINUE, Next, SliceOver
from domain.entities.executions import Execution, Wait
from domain.entities.journal import CallState, Entry
from domain.moments import Clock
from domain.program import limits
from domain.program.calls import Call, CallFailed, LimitExceeded
from domain.program.values import Value, ensure_storable, legible

if TYPE_CHECKING:
    from domain.aws.table import Table

_LOGGER = logging.getLogger(__name__)

_SLOW_SECONDS = 1.0
"""A call that takes so long, waits not counted, is a line of the log."""


class Diverged(Exception):
    """A replay called something else than its journal holds: the platform's fault, never the program's."""


class JournaledCalls:
    """The effects of one step of one execution.

    Calls are counted from 1 in the order in which the step makes them, which a replay repeats exactly; a step that goes
    on from a bookmark has `made` some already. A call
    that reaches out into the world is preceded by a commit; what it gave is journaled before the next begins.
    """

    def __init__(
        self,
        *,
        table: Table,
        checkpoint: Checkpoint,
        execution: Execution,
        step: int,
        entries: Iterable[Entry],
        made: int,
        effects: Mapping[str, Effect],
        settings: Settings,
        clock: Clock,
        random: Callable[[], float],
        is_time_over: Callable[[], bool],
    ) -> None:
        self._table = table
        self._checkpoint = checkpoint
        self._execution = execution
        self._step = step
        self._entries = {entry.nth: entry for entry in entries}
        self._effects = effects
        self._settings = settings
        self._clock = clock
        self._random = random
        self._is_time_over = is_time_over
        self.made = made
        self._reached_out = False

    def call(self, call: Call) -> Value:
        """Answer a call of the program. Rule: architecture "Programs are deterministic by construction"."""
        self.made += 1
        entry = self._entries.get(self.made)
        if entry is None:
            return self._value_of(self._perform(call, self._begin(call)))
        if entry.callee != call.callee:
            raise Diverged(f"call {self.made} of step {self._step} was {entry.callee} and is now {call.callee}")
        return self._value_of(self._resume(call, entry))

    def _value_of(self, entry: Entry) -> Value:
        if entry.state is CallState.FAILED:
            raise CallFailed(entry.message or "")
        return entry.result

    def _begin(self, call: Call) -> Entry:
        if self._checkpoint.progress.calls >= limits.CALLS:
            raise LimitExceeded(call.at, f"the execution reached its limit of {limits.CALLS} calls")
        return Entry(self.made, call.callee, CallState.DONE, self._clock(), call.at)

    def _resume(self, call: Call, entry: Entry) -> Entry:
        if entry.state in {CallState.DONE, CallState.FAILED}:
            return entry
        if entry.until and self._clock() < entry.until:
            raise _waiting(entry, entry.until)
        return self._perform(call, entry)

    def _perform(self, call: Call, entry: Entry) -> Entry:
        effect = self._effects[call.callee]
        if effect.reaches_out:
            if self._reached_out and self._is_time_over():
                raise SliceOver(CONTINUE)
            self._checkpoint.mark_step(self._step)
            self._checkpoint.commit()
            self._reached_out = True
        begun = self._clock()
        try:
            try:
                outcome = effect.perform(self._context(entry), *call.args)
            finally:
                self._note_slow(entry, (self._clock() - begun).total_seconds())
            if isinstance(outcome, Sleep):
                return self._sleep(entry, outcome.until)
            if isinstance(outcome, Retry):
                return self._retry(entry, outcome)
            if isinstance(outcome, AwaitDecisions):
                return self._await_decisions(entry, outcome.until)
            if isinstance(outcome, Recorded):
                return self._note(entry.done(outcome.result, self._clock()), outcome)
            if isinstance(outcome, Logged):
                return self._note(replace(entry, line=legible(outcome.line)).done(None, self._clock()))
            ensure_storable(outcome, "its result")
        except (CallFailed, ValueError) as failure:
            return self._note(entry.failed(legible(str(failure)), self._clock()))
        return self._note(entry.done(outcome, self._clock()))

    def _note_slow(self, entry: Entry, seconds: float) -> None:
        if seconds >= _SLOW_SECONDS:
            told = {"callee": entry.callee, "ms": round(seconds * 1000), "step": self._step, "attempt": entry.attempt}
            _LOGGER.info("slow call", extra=told)

    def _context(self, entry: Entry) -> CallContext:
        return CallContext(
            workspace_id=self._execution.workspace_id,
            workflow_id=self._execution.workflow_id,
            execution_id=self._execution.id,
            step=self._step,
            nth=entry.nth,
            attempt=entry.attempt,
            at=entry.at,
            now=self._clock,
            started_at=entry.started_at,
            settings=self._settings,
            table=self._table,
        )

    def _sleep(self, entry: Entry, until: datetime) -> Entry:
        if until <= self._clock():
            return self._note(entry.done(None, self._clock()))
        until = _whole_second(until)
        return self._wait(replace(entry, state=CallState.SLEEPING, until=until), until)

    def _retry(self, entry: Entry, outcome: Retry) -> Entry:
        """Wait for another attempt; after the last, its answer is the result, or the call has failed."""
        message = legible(outcome.message)
        if entry.attempt >= retries.ATTEMPTS:
            if outcome.has_last:
                ensure_storable(outcome.last, "its result")
                return self._note(entry.done(outcome.last, self._clock()))
            return self._note(entry.failed(f"{message} ({retries.ATTEMPTS} attempts)", self._clock()))
        pause = retries.pause_before(entry.attempt + 1, outcome.after, self._random)
        until = _whole_second(self._clock() + timedelta(seconds=pause))
        waiting = entry.missed(message, self._clock(), until)
        return self._wait(waiting, until)

    def _await_decisions(self, entry: Entry, until: datetime | None) -> NoReturn:
        # Its step is on record already, as that of every effect that reaches out.
        self._note(replace(entry, state=CallState.AWAITING))
        raise SliceOver(Next("await", until), Wait("decisions", until))

    def _wait(self, entry: Entry, until: datetime) -> NoReturn:
        self._note(entry)
        self._checkpoint.mark_step(self._step)
        raise _waiting(entry, until)

    def _note(self, entry: Entry, recorded: Recorded | None = None) -> Entry:
        is_new = entry.nth not in self._entries
        self._entries[entry.nth] = entry
        self._checkpoint.note_call(self._step, entry, recorded, is_new=is_new)
        return entry


def _waiting(entry: Entry, until: datetime) -> SliceOver:
    wait = Wait("time", until)
    if entry.state is CallState.RETRYING:
        wait = Wait("retry", until, entry.attempt, entry.misses[-1].message)
    return SliceOver(Next("wait", until), wait)


def _whole_second(moment: datetime) -> datetime:
    """Step Functions waits until a whole second: the next one, so as not to wake too early."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), UTC)
