"""The record of a slice: what has piled up since the last commit, and the commit that makes it lasting."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from domain import keys, outcomes, workspaces
from domain.executions import Execution, Status, StepStatus
from domain.journal import Entry
from domain.keys import Key
from domain.moments import to_text
from domain.program.values import Value, dumps
from domain.table import TRANSACTION_WRITES, Table
from domain.writes import Item, Write

RECORD_BYTES = 2 * 1024 * 1024
"""The most that the steps of one execution may store together: a Lambda must be able to answer with all of it."""

STEP_BYTES = 320 * 1024
"""The most that one step may store; an item of DynamoDB holds 400 KB."""

_COMMIT_BYTES = 3 * 1024 * 1024
_COMMIT_WRITES = TRANSACTION_WRITES - 4


class ExecutionEnded(Exception):
    """The execution is not running any more: it was stopped, or another has recorded its end."""


class SliceSuperseded(Exception):
    """Another slice of the same execution has committed since this one began."""


class RecordTooLarge(Exception):
    """What a step would store is over a limit; the sentence names it."""


class Record:
    """Gathers finished steps, journal entries and the mark of the step under way, and commits them together.

    Every commit asks for `running` and for the revision that this slice last saw, so nothing is recorded after
    a stop, and of two slices of one execution only one goes on. Rule: DESIGN "Commit before an effect".
    """

    def __init__(self, table: Table, execution: Execution) -> None:
        self._table = table
        self._execution = execution
        self._revision = execution.revision
        self._slices = execution.slices + 1
        self._pending: dict[Key, Write] = {}
        self._pending_bytes = 0
        self._started_at: dict[int, str] = {}
        self.next_step = execution.next_step
        self.is_step_begun = execution.is_step_begun
        self.calls = execution.calls
        self.waits = execution.waits
        self.record_bytes = execution.record_bytes

    def begin_step(self, index: int, now: datetime, started_at: str | None = None) -> None:
        """Note when the step under way began: now, or when an earlier slice began it."""
        self._started_at[index] = started_at or to_text(now)

    def mark_step(self, index: int, waiting: Entry | None = None) -> None:
        """Show the step as under way and, while a call of it waits for another attempt, why and until when."""
        detail: Item = {}
        if waiting and waiting.until and waiting.message is not None:
            detail = {
                "attempt": waiting.attempt,
                "next_attempt_at": to_text(waiting.until),
                "error": waiting.message,
            }
        self.is_step_begun = True
        self._put_step(index, {"status": StepStatus.RUNNING.value, **detail})

    def note_call(self, index: int, entry: Entry, also: Iterable[Write] = ()) -> None:
        """Add a journal entry, and what must be stored with it; a great many of them are committed on the way."""
        for write in (entry.write(self._execution.id, index), *also):
            self._add(write)
        if len(self._pending) >= _COMMIT_WRITES or self._pending_bytes >= _COMMIT_BYTES:
            self.mark_step(index)
            self.commit()

    def finish_step(self, index: int, now: datetime, result: Value, changes: Mapping[str, Value]) -> None:
        """Record a step as completed: its result, and the variables it changed.

        Raises `RecordTooLarge` where the step, or the execution with it, would store too much.
        """
        texts = {name: dumps(value) for name, value in changes.items()}
        same = next((name for name, value in changes.items() if value is result and result is not None), None)
        item: Item = {
            "status": StepStatus.COMPLETED.value,
            "completed_at": to_text(now),
            **({"changes": texts} if texts else {}),
            **({"result_from": same} if same is not None else {"result": dumps(result)}),
        }
        stored = sum(len(text.encode()) for text in (*texts, *texts.values(), item.get("result", "")))
        if stored > STEP_BYTES:
            raise RecordTooLarge(
                f"its result and the variables it changed take {stored} bytes, "
                f"over the limit of {STEP_BYTES} for one step"
            )
        if self.record_bytes + stored > RECORD_BYTES:
            raise RecordTooLarge(
                f"the steps of this execution store more than the limit of {RECORD_BYTES} bytes together"
            )
        self.record_bytes += stored
        self._put_step(index, item)
        self._move_on(index)

    def fail_step(self, index: int, now: datetime, error: str) -> None:
        """Record a step as failed."""
        self._put_step(index, {"status": StepStatus.FAILED.value, "completed_at": to_text(now), "error": error})
        self._move_on(index)

    def _move_on(self, index: int) -> None:
        self.next_step = index + 1
        self.is_step_begun = False
        if len(self._pending) >= _COMMIT_WRITES or self._pending_bytes >= _COMMIT_BYTES:
            self.commit()

    def _put_step(self, index: int, item: Item) -> None:
        self._add(Write.put(keys.step(self._execution.id, index), {**item, "started_at": self._started_at[index]}))

    def _add(self, write: Write) -> None:
        self._pending[write.key] = write
        self._pending_bytes += sum(len(str(value)) for value in write.item.values())

    def commit(self) -> None:
        """Make lasting what has piled up; the execution goes on.

        Model step: Begin, before an effect; Note, after it.
        """
        self._commit("", {}, [])

    def commit_end(self, status: Status, now: datetime, error: str | None) -> None:
        """Make lasting what has piled up and, in the same write, the end of the execution with its slot.

        Model step: End.
        """
        slot = workspaces.free_slot(self._execution.workspace_id, self._execution.id)
        self._commit(f", {outcomes.ENDS}", outcomes.end_values(status, now, error), [slot])

    def _commit(self, ending: str, ending_values: Item, also: list[Write]) -> None:
        counts = {
            "revision": self._revision + 1,
            "slices": self._slices,
            "next_step": self.next_step,
            "is_step_begun": self.is_step_begun,
            "calls": self.calls,
            "waits": self.waits,
            "record_bytes": self.record_bytes,
        }
        # A first commit finds no revision on the item.
        unchanged = "revision = :seen" if self._revision else "attribute_not_exists(revision)"
        values: Item = {
            **{f":{name}": value for name, value in counts.items()},
            **({":seen": self._revision} if self._revision else {}),
            ":running": Status.RUNNING.value,
            **ending_values,
        }
        progress = Write.update(
            keys.execution(self._execution.workspace_id, self._execution.id),
            "SET " + ", ".join(f"{name} = :{name}" for name in counts) + ending,
            condition=f"#status = :running AND {unchanged}",
            values=values,
            names=outcomes.NAMES if ending else outcomes.STATUS,
            refusal=_refusal,
        )
        self._table.commit(progress, *self._pending.values(), *also)
        self._revision += 1
        self._pending = {}
        self._pending_bytes = 0


def _refusal(seen: Item | None) -> Exception:
    if seen is None or seen["status"] != Status.RUNNING.value:
        return ExecutionEnded()
    return SliceSuperseded()
