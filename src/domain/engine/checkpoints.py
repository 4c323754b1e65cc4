"""The checkpoint of a slice: what has piled up since the last commit, and the commit that makes it lasting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from domain.aws.keys import Key
from domain.aws.writes import Item, Write
from domain.entities import executions, journal, steps, workspaces
from domain.entities.executions import End, ReviewEvent, State, Status, Wait
from domain.entities.journal import Entry, Row
from domain.entities.steps import Step
from domain.moments import to_precise_text
from domain.program.values import Value

if TYPE_CHECKING:
    from domain.aws.table import Table
    from domain.callables.effect import Recorded

RECORD_BYTES = 2 * 1024 * 1024
"""The most that the steps of one execution may store together: a Lambda must be able to answer with all of it."""

STEP_BYTES = 320 * 1024
"""The most that one step may store; an item of DynamoDB holds 400 KB."""

_COMMIT_BYTES = 128 * 1024
"""A commit is due once its rows take so much. Of two items that follow each other one is at least half full, so these
are 66; with the execution, its slot, and what one call stores with its result they stay below what a transaction takes.
"""


class ExecutionEnded(Exception):
    """The execution is not running any more: it was stopped, or another has recorded its end."""


class SliceSuperseded(Exception):
    """Another slice of the same execution has committed since this one began."""


class RecordTooLarge(Exception):
    """What a step would store is over a limit; the sentence names it."""


class Checkpoint:
    """Gathers finished steps and journal entries, and commits them together with which step is under way.

    Every commit asks for `running` and for the revision that this slice last saw, so nothing is recorded after
    a stop, and of two slices of one execution only one goes on. Rule: architecture "Commit before an effect".
    """

    def __init__(self, table: Table, state: State, now: datetime) -> None:
        self._table = table
        self._execution = state.execution
        self._committed = state
        self._steps: list[Row] = []
        self._calls: list[tuple[Entry, Row]] = []
        self._beside: dict[Key, Write] = {}
        self._events: list[ReviewEvent] = []
        self._bytes = 0
        self._started_at: dict[int, str] = {}
        self._due_at = executions.due_at(now, state.due_at)
        self._wait: Wait | None = None
        self.progress = replace(state.progress, slices=state.progress.slices + 1)

    def begin_step(self, index: int, now: datetime, started_at: str | None = None) -> None:
        """Note when the step under way began: now, or when an earlier slice began it."""
        self._started_at[index] = started_at or to_precise_text(now)

    def mark_step(self, index: int) -> None:
        """Show the step as under way."""
        self.progress = replace(self.progress, is_step_begun=True, step_started_at=self._started_at[index])

    def be_heard_of(self, at: datetime, wait: Wait | None) -> None:
        """Expect the execution to go on at a moment, and let readers know for what it waits meanwhile.

        From the next commit on it is due when it has not.
        """
        self._due_at = executions.due_at(at, self._due_at)
        self._wait = wait

    def spend(self, visits: int) -> None:
        """Count the nodes that a step has visited in this slice, those of a replay too."""
        self.progress = replace(self.progress, visits=self.progress.visits + visits)

    def store(self, *writes: Write) -> None:
        """Add what is stored beside steps and calls."""
        self._beside |= {write.key: write for write in writes}

    def note_call(self, index: int, entry: Entry, recorded: Recorded | None = None, *, is_new: bool) -> None:
        """Add a journal entry, and what must be stored with it; a great many of them are committed on the way."""
        self.progress = replace(self.progress, calls=self.progress.calls + is_new)
        row = entry.row()
        self._calls.append((entry, row))
        self._bytes += row.size
        if recorded is not None:
            self.store(*recorded.writes)
            self._events += recorded.events
        if self._is_full():
            self.mark_step(index)
            self.commit()

    def finish_step(self, index: int, now: datetime, result: Value, changed: Mapping[str, Value]) -> None:
        """Record a step as completed: its result, and the variables it changed.

        Raises `RecordTooLarge` where the step, or the execution with it, would store too much.
        """
        ended_at = to_precise_text(now)
        row, stored = steps.completed(index, self._started_at[index], ended_at, result, changed)
        if stored > STEP_BYTES:
            raise RecordTooLarge(
                f"its result and the variables it changed take {stored} bytes, "
                f"over the limit of {STEP_BYTES} for one step"
            )
        record_bytes = self.progress.record_bytes + stored
        if record_bytes > RECORD_BYTES:
            raise RecordTooLarge(
                f"the steps of this execution store more than the limit of {RECORD_BYTES} bytes together"
            )
        self.progress = replace(self.progress, record_bytes=record_bytes)
        self._move_on(row, result)

    def take_over(self, original_id: str, step: Step) -> None:
        """Record a step as it was recorded in another execution."""
        row, stored = steps.taken_over(original_id, step)
        self.progress = replace(self.progress, record_bytes=self.progress.record_bytes + stored)
        self._move_on(row, step.result)

    def fail_step(self, index: int, now: datetime, error: str) -> None:
        """Record a step as failed."""
        self._move_on(steps.failed(index, self._started_at[index], to_precise_text(now), error))

    def _move_on(self, row: Row, result: Value = None) -> None:
        """Record a step as finished, with those of its calls that no commit has recorded yet."""
        if self._calls:
            with_calls = steps.with_calls(row, self._calls, result)
            if with_calls is None:
                self.store(*journal.writes(self._execution.id, row.number, self._calls))
            row, self._calls = with_calls or row, []
        self._steps.append(row)
        self._bytes += row.size
        self.progress = replace(self.progress, next_step=row.number + 1, is_step_begun=False, step_started_at=None)
        if self._is_full():
            self.commit()

    def _is_full(self) -> bool:
        return self._bytes >= _COMMIT_BYTES

    def commit(self) -> None:
        """Make lasting what has piled up; the execution goes on.

        Model step: Begin, before an effect; Note, after it; Ask, before waiting for people.
        """
        self._commit(None)

    def commit_end(self, end: End) -> None:
        """Make lasting what has piled up and, in the same write, the end of the execution with its slot.

        Model step: End.
        """
        self._commit(end, workspaces.free_slot(self._execution.workspace_id, self.progress.calls, self.progress.visits))

    def _commit(self, end: End | None, *also: Write) -> None:
        progress = replace(self.progress, revision=self._committed.progress.revision + 1)
        execution = replace(self._execution, wait=self._wait)
        after = replace(self._committed, execution=execution, progress=progress, due_at=self._due_at)
        advance = executions.advance(self._committed, after, end, _refusal, self._events)
        finished = steps.writes(execution.id, self._steps)
        noted = journal.writes(execution.id, progress.next_step, self._calls)
        stored = (write.expiring(execution.record_expires_at) for write in (*finished, *noted, *self._beside.values()))
        self._table.commit(advance, *stored, *also)
        self._committed, self.progress = after, progress
        self._steps, self._calls, self._beside, self._events, self._bytes = [], [], {}, [], 0


def _refusal(seen: Item | None) -> Exception:
    if seen is None or executions.from_item(seen).status is not Status.RUNNING:
        return ExecutionEnded()
    return SliceSuperseded()
