"""Executions: the item of a run, what readers see of it, what its slices count, and each way it changes."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from domain.aws import keys
from domain.aws.keys import Index, Key, Page
from domain.aws.writes import ABSENT, NOTHING, TTL, ConditionNotMet, Item, Write
from domain.ids import first_id_from, second_of
from domain.moments import epoch_milliseconds, epoch_seconds, is_past, to_text
from domain.program.values import Value, dumps, loads
from domain.refusals import ExecutionAlreadyTerminal, ExecutionNotFound, HistoryExpired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from domain.aws.table import Table

_PREFIX = "EXECUTION#"
_BY_WORKFLOW = Index("by-workflow", "by_workflow", "id")
_BY_STATUS = Index("by-status", "by_status", "id")
_BY_WORKFLOW_AND_STATUS = Index("by-workflow-and-status", "by_workflow_and_status", "id")
_RERUN_PREFIX = "RERUN#"

_LISTED = ("pk", "id", "workflow_id", "workflow_name", "status", "started_at", "completed_at")
"""What a list reads of an execution: what the indexes hold. An item has its error as well."""

_DUE_AFTER = timedelta(minutes=1)
_DUE_AT_LEAST, _DUE_AT_MOST = timedelta(seconds=30), timedelta(minutes=5)
"""How long after it should have been heard of an execution is due; a moment written before that lies between the
others is kept, so that short slices and waits do not move the execution within its index."""


_ASK_STEPS_AT_MOST, _ASK_PEOPLE_AT_MOST = 15, 60
_ASK_SLEEPERS_FIRST, _ASK_SLEEPERS_AT_MOST = 60, 600
"""Seconds after which it is worth asking again at the latest: while steps run, people decide, a wait goes on."""


class Status(StrEnum):
    """Where an execution is in its life. All but `running` are terminal and never change."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    STOPPED = "stopped"


class ReviewEvent(NamedTuple):
    """What others are told of a review of a running execution: that it was asked, or decided."""

    kind: Literal["asked", "decided"]
    review_id: str


class Wait(NamedTuple):
    """What a running execution waits for: a moment, another attempt of a call, or people; `until` at the latest.

    Of another attempt: which one it is, and why the one before failed.
    """

    kind: Literal["time", "retry", "decisions"]
    until: datetime | None
    attempt: int | None = None
    error: str | None = None


class Retention(NamedTuple):
    """For how many days after its end an execution is kept, 0 being for ever: its record, and its row.

    The record is what it was given, has done and has asked: input, steps, journal, reviews. Its row outlives it.
    """

    record_days: int = 0
    row_days: int = 0


FOR_EVER = Retention()

LIFE = timedelta(days=61)
"""From the start of an execution to where nothing of it can be under way: it lasts 60 days at most, and what has just
ended may still be read, by a rerun that takes its steps over."""

_ROW_OUTLIVES = timedelta(days=7)
"""Rows are the list of what there is: they go when everything else is gone, though DynamoDB deletes in no order."""


class RerunOf(NamedTuple):
    """The execution that another repeats, the steps before `from_step` being taken over from it."""

    execution_id: str
    from_step: int


@dataclass(frozen=True, slots=True)
class Execution:
    """A run as its readers see it; `version` is the one of its program that it was started with."""

    id: str
    workspace_id: str
    workflow_id: str
    workflow_name: str
    version: int
    status: Status
    started_at: str
    completed_at: str | None = None
    error: str | None = None
    wait: Wait | None = None
    rerun_of: RerunOf | None = None
    retention: Retention = FOR_EVER
    record_until: int | None = None
    """The second in which its record expires, of one that has ended; `None` keeps it for ever."""
    expires_at: int | None = None
    """The same of its row."""
    shape: int = 0
    """The version of the shape in which it is stored; the ledger counts the charges of those that have one."""
    since: int | None = None
    """The millisecond since 1970 in which it started; those of earlier releases do not know theirs."""
    took: int | None = None
    """From there to its end, in milliseconds."""

    @property
    def record_expires_at(self) -> int | None:
        """When DynamoDB may delete what is stored while it runs: behind every end that it may have yet.

        So nothing has to be written again when it ends. `None` for what is kept for ever.
        """
        return record_expires_at(epoch_seconds(self.started), self.retention)

    def must_be_kept(self, now: datetime, *, with_record: bool = False) -> None:
        """Refuse with `ExecutionNotFound` what has expired, and with `HistoryExpired` where its record has.

        DynamoDB deletes days late: what it has not deleted yet is as gone. Rule: contract "Retention".
        """
        if is_past(self.expires_at, now):
            raise ExecutionNotFound
        if with_record and self.record_until is not None and is_past(self.record_until, now):
            raise HistoryExpired(to_text(datetime.fromtimestamp(self.record_until, UTC)))

    @property
    def started(self) -> datetime:
        """When it started."""
        return datetime.fromisoformat(self.started_at)


def record_expires_at(started: int, retention: Retention) -> int | None:
    """When DynamoDB may delete the record of an execution that started in a second since 1970."""
    return started + _seconds(LIFE) + retention.record_days * _DAY if retention.record_days else None


def latest_end(execution_id: str) -> int:
    """The second since 1970 behind which nothing of an execution can be under way."""
    return second_of(execution_id) + _seconds(LIFE)


def expiry(started: int, ended: int, retention: Retention) -> dict[str, int]:
    """The seconds in which the record and the row expire of an execution that has started and ended in others."""
    record_goes = record_expires_at(started, retention)
    if record_goes is None:
        return {}
    until = {"record_until": ended + retention.record_days * _DAY}
    if not retention.row_days:
        return until
    return {**until, TTL: max(ended + retention.row_days * _DAY, record_goes + _seconds(_ROW_OUTLIVES))}


def latest_that_may_be_gone(now: datetime) -> datetime:
    """What has started behind this moment has not expired, whatever its retention."""
    return now - LIFE - _ROW_OUTLIVES


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


_DAY = _seconds(timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the slices of a run have come. `next_step` is the first step not finished; limits look at the counts.

    `step_started_at` is when that began, if it is begun. `revision` counts the commits: a slice that has lost its
    execution to another finds it changed.
    """

    revision: int = 0
    slices: int = 0
    next_step: int = 0
    is_step_begun: bool = False
    calls: int = 0
    record_bytes: int = 0
    visits: int = 0
    step_started_at: str | None = None

    @property
    def is_begun(self) -> bool:
        """Whether anything has been recorded, so that there is something to go on from."""
        return self.revision > 0

    def items_of(self, rows: int) -> int:
        """In about how many items so many steps or calls stand: those of one commit stand together."""
        return math.ceil(rows * self.revision / max(1, self.next_step + self.calls)) + 1


@dataclass(frozen=True, slots=True)
class Generation:
    """The Step Functions execution that gives a run its time, of several one after the other.

    It began at `revision` and after `slices` of the run's progress; `fruitless` are those right before it, in a row,
    in which the run came no further.
    """

    number: int = 1
    revision: int = 0
    slices: int = 0
    fruitless: int = 0

    def next(self, progress: Progress) -> Generation:
        """The generation after this one, if it begins now; to begin is a revision of its own."""
        fruitless = self.fruitless + 1 if progress.revision == self.revision else 0
        return Generation(self.number + 1, progress.revision + 1, progress.slices, fruitless)


@dataclass(frozen=True, slots=True)
class State:
    """A stored run as whoever moves it on sees it; past `due_at` it should have been heard of, and is looked after."""

    execution: Execution
    progress: Progress = field(default_factory=Progress)
    generation: Generation = field(default_factory=Generation)
    due_at: str = ""

    def is_due(self, now: datetime) -> bool:
        """Whether it is running and should have been heard of."""
        return self.execution.status is Status.RUNNING and self.due_at <= to_text(now)

    def overdue(self, now: datetime) -> timedelta:
        """For how long it has been due, nothing for what is not."""
        return now - datetime.fromisoformat(self.due_at) if self.is_due(now) else timedelta()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which executions of a workspace: of one workflow, of these statuses, started after and before these moments.

    What is not given does not matter. An execution has started at a whole second, as its readers see it.
    """

    workflow_id: str | None = None
    statuses: frozenset[Status] = frozenset()
    started_after: datetime | None = None
    started_before: datetime | None = None

    def page(self, prefix: str, after: str | None, limit: int | None) -> Page:
        """The ids behind a prefix that were made in its time, newest first, from the position `after` on."""
        position, oldest = after, None
        if self.started_before is not None:
            before = first_id_from(math.ceil(self.started_before.timestamp()))
            position = min(before, after or before)
        if self.started_after is not None:
            oldest = first_id_from(math.floor(self.started_after.timestamp()) + 1)
        return Page.newest(prefix, position, limit, oldest)


EVERY = Filter()


@dataclass(frozen=True, slots=True)
class End:
    """How an execution ends: its terminal status, when, and the sentence that says why it failed."""

    status: Status
    at: datetime
    error: str | None = None


def key(workspace_id: str, execution_id: str) -> Key:
    """Where an execution stands."""
    return Key(keys.workspace_partition(workspace_id), _PREFIX + execution_id)


def is_execution(item: Item) -> bool:
    """Whether an item, of those that a scan or the stream finds, is an execution."""
    found: bool = item["sk"].startswith(_PREFIX)
    return found


def from_item(item: Item) -> Execution:
    """Read a stored execution; rows of an index are enough, which have no version and no error."""
    return Execution(
        id=item["id"],
        workspace_id=keys.workspace_of(item["pk"]),
        workflow_id=item["workflow_id"],
        workflow_name=item["workflow_name"],
        version=item.get("version", 0),
        status=Status(item["status"]),
        started_at=item["started_at"],
        completed_at=item.get("completed_at"),
        error=item.get("error"),
        wait=_wait_of(item["wait"]) if "wait" in item else None,
        rerun_of=RerunOf(**item["rerun_of"]) if "rerun_of" in item else None,
        retention=Retention(**item.get("retention", {})),
        record_until=item.get("record_until"),
        expires_at=item.get(TTL),
        shape=item.get("v", 0),
        since=item.get("since"),
        took=item.get("took"),
    )


def _wait_of(stored: Item) -> Wait:
    until = datetime.fromisoformat(stored["until"]) if "until" in stored else None
    return Wait(stored["kind"], until, stored.get("attempt"), stored.get("error"))


def _stored(wait: Wait) -> Item:
    told = {**wait._asdict(), "until": wait.until and wait.until.isoformat()}
    return {name: value for name, value in told.items() if value is not None}


def state_of(item: Item) -> State:
    """Read a stored execution with its progress, its generation and when it is due: nothing is stored of the first."""
    return State(
        execution=from_item(item),
        progress=Progress(**{name: item[name] for name in Progress.__slots__ if name in item}),
        generation=Generation(**item.get("generation", {})),
        due_at=item.get("due_at", ""),
    )


def read(table: Table, workspace_id: str, execution_id: str) -> Execution:
    """Read an execution of a workspace, or raise `ExecutionNotFound`."""
    return from_item(_read_item(table, workspace_id, execution_id))


def read_state(table: Table, workspace_id: str, execution_id: str) -> State:
    """Read an execution as whoever moves it on sees it, or raise `ExecutionNotFound`."""
    return state_of(_read_item(table, workspace_id, execution_id))


def _read_item(table: Table, workspace_id: str, execution_id: str) -> Item:
    item = table.get(key(workspace_id, execution_id))
    if item is None:
        raise ExecutionNotFound
    return item


def list_page(
    table: Table, workspace_id: str, limit: int | None = None, after: str | None = None, which: Filter = EVERY
) -> list[Execution]:
    """Read up to `limit` executions, newest first, from the position `after` on.

    Each of the statuses asked for is a partition of an index, so that nothing is read that does not match.
    """
    of_workflow = _of_workflow(workspace_id, which.workflow_id) if which.workflow_id else None
    if which.statuses:
        index = _BY_WORKFLOW_AND_STATUS if of_workflow else _BY_STATUS
        of_all = of_workflow or keys.workspace_partition(workspace_id)
        partitions = [_with_status(of_all, status) for status in sorted(which.statuses)]
        rows = _newest(table.query_index(index, name, which.page("", after, limit)) for name in partitions)
    elif of_workflow:
        rows = table.query_index(_BY_WORKFLOW, of_workflow, which.page("", after, limit))
    else:
        page = which.page(_PREFIX, after, limit)
        rows = table.query(keys.workspace_partition(workspace_id), page, (*_LISTED, "error", TTL))
    return [from_item(row) for row in islice(rows, limit)]


def list_kept_page(
    table: Table, now: datetime, workspace_id: str, limit: int, after: str | None, which: Filter
) -> list[Execution]:
    """Read a page as `list_page` does, without what has expired. Rule: contract "Retention"."""
    kept: list[Execution] = []
    while True:
        asked = limit - len(kept)
        rows = list_page(table, workspace_id, asked, after, which)
        kept += _kept(table, now, rows, is_of_index=bool(which.statuses or which.workflow_id))
        if len(kept) == limit or len(rows) < asked:
            return kept
        after = rows[-1].id


def _kept(table: Table, now: datetime, rows: Sequence[Execution], *, is_of_index: bool) -> list[Execution]:
    """Rows that have not expired. No index says when a row expires: of those old enough, the items are read."""
    if is_of_index and (old := [row for row in rows if row.started <= latest_that_may_be_gone(now)]):
        found = table.get_many(*map(_key_of, old))
        young = {row.id for row in rows}.difference(row.id for row in old)
        items = {item["id"]: item.get(TTL) for item in found.values()}
        return [row for row in rows if row.id in young or (row.id in items and not is_past(items[row.id], now))]
    return [row for row in rows if not is_past(row.expires_at, now)]


def walk(table: Table, workspace_id: str, position: str = "") -> Iterator[Execution]:
    """Walk all executions of a workspace, oldest first, from a position among their ids on, as a list shows them."""
    page = Page.rest(_PREFIX, position)
    return map(from_item, table.query(keys.workspace_partition(workspace_id), page, _LISTED))


def last_started_at(table: Table, workspace_id: str, workflow_id: str) -> str | None:
    """When a workflow was last run, `None` before its first run; a run may take a moment to show."""
    newest = list_page(table, workspace_id, 1, None, Filter(workflow_id))
    return newest[0].started_at if newest else None


def with_errors(table: Table, rows: Sequence[Execution]) -> list[Execution]:
    """Rows of a page, those that have failed with their errors: no index has them, which takes one more call."""
    lacking = [key(row.workspace_id, row.id) for row in rows if row.status is Status.FAILED and row.error is None]
    found = table.get_many(*lacking)
    return [
        replace(row, error=item.get("error")) if (item := found.get(key(row.workspace_id, row.id))) else row
        for row in rows
    ]


def _newest(sorted_rows: Iterable[Iterator[Item]]) -> Iterator[Item]:
    """Merge rows that are sorted. One whose status changes meanwhile may stand in two partitions: it counts once."""
    merged = heapq.merge(*sorted_rows, key=itemgetter("id"), reverse=True)
    return (next(same) for _, same in groupby(merged, key=itemgetter("id")))


def _of_workflow(workspace_id: str, workflow_id: str) -> str:
    """The partition of the index that lists the executions of one workflow."""
    return f"{keys.workspace_partition(workspace_id)}#WORKFLOW#{workflow_id}"


def _with_status(partition: str, status: Status) -> str:
    """The partition of an index that lists those of one status."""
    return f"{partition}#{status.value}"


def _listed(execution: Execution, status: Status) -> Item:
    """The attributes by which an execution is listed by its status."""
    of_workflow = _of_workflow(execution.workspace_id, execution.workflow_id)
    return {
        "status": status.value,
        "by_status": _with_status(keys.workspace_partition(execution.workspace_id), status),
        "by_workflow_and_status": _with_status(of_workflow, status),
    }


def list_due(table: Table, now: datetime | None = None) -> Iterator[Key]:
    """Walk what the index shows as running and due, or ever due, what is due longest first.

    A hint, to be read before acting.
    """
    return table.list_due("OPEN", to_text(now) if now else None)


def is_row(item: Item) -> bool:
    """Whether an item is an execution itself, and none of what it has stored."""
    return str(item["sk"]).startswith(_PREFIX)


def to_shape_1(execution: Execution, retention: Retention, earliest: int) -> Item:
    """What an execution lacks to be one of that shape: for how long it is kept; no moment comes before the earliest."""
    if not retention.record_days:
        return {}
    if execution.completed_at is None:
        return {"retention": retention._asdict()}
    ended = epoch_seconds(datetime.fromisoformat(execution.completed_at))
    moments = expiry(epoch_seconds(execution.started), ended, retention)
    least = {"record_until": earliest, TTL: earliest + _seconds(_ROW_OUTLIVES)}
    return {name: max(moment, least[name]) for name, moment in moments.items()}


def count_open(table: Table) -> dict[str, set[str]]:
    """Read from the index the ids of all running executions, by workspace. It lags: what differs is to be looked at."""
    found: dict[str, set[str]] = {}
    for at in table.list_due("OPEN"):
        found.setdefault(keys.workspace_of(at.pk), set()).add(at.sk.removeprefix(_PREFIX))
    return found


def due_at(heard_of_at: datetime, written: str = "") -> str:
    """When to look after an execution that should be heard of at a moment; `written` is what stands there now."""
    kept_from, kept_until = to_text(heard_of_at + _DUE_AT_LEAST), to_text(heard_of_at + _DUE_AT_MOST)
    return written if kept_from <= written <= kept_until else to_text(heard_of_at + _DUE_AFTER)


def worth_asking_in(execution: Execution, now: datetime) -> int:
    """After how many seconds, at least one, a running execution may well have come further. Rule: contract "Get"."""
    tenth, wait = (now - execution.started).total_seconds() / 10, execution.wait
    if wait is None:
        seconds = min(tenth, _ASK_STEPS_AT_MOST)
    elif wait.kind == "decisions":
        seconds = min(tenth, _ASK_PEOPLE_AT_MOST)
    else:
        # It sleeps until a moment that is known; but somebody may stop it before.
        seconds = min(max(tenth, _ASK_SLEEPERS_FIRST), _ASK_SLEEPERS_AT_MOST)
    if wait and wait.until:
        seconds = min(seconds, (wait.until - now).total_seconds())
    return max(1, math.ceil(seconds))


def create(execution: Execution) -> Write:
    """Store a new run. It names the version of its program, so later edits of the workflow never touch it."""
    item: Item = {
        "id": execution.id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "version": execution.version,
        "started_at": execution.started_at,
        "since": execution.since,
        **_listed(execution, execution.status),
        "by_workflow": _of_workflow(execution.workspace_id, execution.workflow_id),
        "open_shard": keys.due_shard("OPEN", execution.id),
        "due_at": due_at(execution.started),
        **({"rerun_of": execution.rerun_of._asdict()} if execution.rerun_of else {}),
        **({"retention": execution.retention._asdict()} if execution.retention.record_days else {}),
    }
    return Write.put(_key_of(execution), item, condition=ABSENT)


def note_rerun(original: Execution, rerun_id: str) -> Write:
    """Let an execution name one that repeats it, as long as its record is kept."""
    at = Key(keys.execution_partition(original.id), _RERUN_PREFIX + rerun_id)
    return Write.put(at, {}).expiring(original.record_expires_at)


def list_reruns(table: Table, execution_id: str, limit: int) -> list[str]:
    """Read the ids of up to `limit` executions that repeat this one, newest first."""
    rows = table.query(keys.execution_partition(execution_id), Page.newest(_RERUN_PREFIX, limit=limit))
    return [row["sk"].removeprefix(_RERUN_PREFIX) for row in rows]


def advance(
    before: State,
    after: State,
    how: End | None,
    refusal: Callable[[Item | None], Exception],
    events: Sequence[ReviewEvent] = (),
) -> Write:
    """Record how far an execution has come, by which generation, and how it ends if it does.

    Of several that began with the same progress, one gets this write through. `events` are those that its commit makes
    true, beside its end.
    """
    attributes = asdict(after.progress)
    gone: Sequence[str] = ()
    if after.generation != before.generation:
        attributes["generation"] = asdict(after.generation)
    if how is not None:
        attributes |= _ended(before.execution, how)
        gone = _NOT_ENDED
    else:
        attributes["due_at"] = after.due_at
        if after.execution.wait is not None:
            attributes["wait"] = _stored(after.execution.wait)
        elif before.execution.wait is not None:
            gone = ("wait",)
    # A first commit finds no revision on the item.
    seen = before.progress.revision
    return _while_running(
        _key_of(before.execution),
        attributes,
        gone,
        also="revision = :seen" if seen else "attribute_not_exists(revision)",
        values={":seen": seen} if seen else {},
        refusal=refusal,
        events=events,
    )


def end(state: State, how: End) -> Write:
    """End an execution that is still running, in the generation that was read; otherwise see `not_as_read`."""
    is_first = state.generation.number == 1
    return _while_running(
        _key_of(state.execution),
        _ended(state.execution, how),
        _NOT_ENDED,
        also="attribute_not_exists(generation)" if is_first else "generation = :seen",
        values={} if is_first else {":seen": asdict(state.generation)},
        refusal=not_as_read,
    )


def postpone(state: State, until: str) -> Write:
    """Let an execution that was looked after be due later, unless it has been heard of; otherwise see `not_as_read`."""
    values = {":seen": state.due_at}
    return _while_running(
        _key_of(state.execution), {"due_at": until}, also="due_at = :seen", values=values, refusal=not_as_read
    )


def hasten(
    workspace_id: str,
    execution_id: str,
    now: datetime,
    event: ReviewEvent,
    refusal: Callable[[Item | None], Exception],
) -> Write:
    """Let an execution that is about to be woken by an event be due soon; the commit fails unless it is running."""
    return _while_running(key(workspace_id, execution_id), {"due_at": due_at(now)}, refusal=refusal, events=[event])


def note_event(workspace_id: str, execution_id: str, event: ReviewEvent) -> Write:
    """Count an event of an execution; the commit fails (`ConditionNotMet`) unless it is running."""
    at = key(workspace_id, execution_id)
    return _while_running(at, {}, refusal=lambda _: ConditionNotMet(), events=[event])


def not_as_read(seen: Item | None) -> Exception:
    """Why a write could not be done that asks for an execution as it was read.

    `ExecutionNotFound`, `ExecutionAlreadyTerminal`, or `ConditionNotMet` of one that is running and has moved on.
    """
    if seen is None:
        return ExecutionNotFound()
    return ConditionNotMet() if Status(seen["status"]) is Status.RUNNING else ExecutionAlreadyTerminal(seen["status"])


_IS_RUNNING = "#status = :running"
_NOT_ENDED = ("open_shard", "due_at", "wait")
"""What only running executions have: one that ends leaves the index of running ones, and waits for nothing."""


def _ended(execution: Execution, how: End) -> Item:
    return {
        **_listed(execution, how.status),
        "completed_at": to_text(how.at),
        "error": how.error,
        # Of two workers the clocks may differ.
        **({} if execution.since is None else {"took": max(0, epoch_milliseconds(how.at) - execution.since)}),
        **expiry(epoch_seconds(execution.started), epoch_seconds(how.at), execution.retention),
    }


def _key_of(execution: Execution) -> Key:
    return key(execution.workspace_id, execution.id)


def _while_running(
    at: Key,
    attributes: Item,
    gone: Sequence[str] = (),
    *,
    also: str = "",
    values: Mapping[str, Any] = NOTHING,
    refusal: Callable[[Item | None], Exception],
    events: Sequence[ReviewEvent] = (),
) -> Write:
    """Set attributes of an execution that is running, take others away, and count the events that this makes true.

    The events of a write stand on the item until the next write: the table's stream shows each of them once, in order.
    """
    counts: Item = {}
    if events:
        attributes, counts = {**attributes, "events": json.dumps(events)}, {"event_count": len(events)}
    else:
        gone = (*gone, "events")
    parts = {
        "SET": [f"#{name} = :{name}" for name in attributes],
        "REMOVE": [f"#{name}" for name in gone],
        "ADD": [f"#{name} :{name}" for name in counts],
    }
    changed = {**attributes, **counts}
    return Write.update(
        at,
        " ".join(f"{verb} {', '.join(what)}" for verb, what in parts.items() if what),
        condition=f"{_IS_RUNNING} AND {also}" if also else _IS_RUNNING,
        values={
            **{f":{name}": value for name, value in changed.items()},
            ":running": Status.RUNNING.value,
            **values,
        },
        names={"#status": "status", **{f"#{name}": name for name in (*changed, *gone)}},
        refusal=refusal,
    )


def review_events_of(before: Item, after: Item) -> list[tuple[int, ReviewEvent]]:
    """The events that a write of an execution has made true, each with its number within the execution, from 1."""
    seen, count = before.get("event_count", 0), after.get("event_count", 0)
    if seen == count:
        return []
    told = [ReviewEvent(*one) for one in json.loads(after["events"])]
    return list(zip(range(seen + 1, count + 1), told, strict=True))


def end_of(before: Item, after: Item) -> int | None:
    """The number of the event that an execution has ended, if a write has ended it; it is its last."""
    if before["status"] != Status.RUNNING or after["status"] == Status.RUNNING:
        return None
    return int(after.get("event_count", 0)) + 1


def input_key(execution_id: str) -> Key:
    """Where the input of an execution stands: apart, so that polling never reads it."""
    return Key(keys.execution_partition(execution_id), "INPUT")


def put_input(execution: Execution, program_input: Value) -> list[Write]:
    """Store the input of a new run; `null` needs no item."""
    if program_input is None:
        return []
    stored = Write.put(input_key(execution.id), {"input": dumps(program_input)})
    return [stored.expiring(execution.record_expires_at)]


def input_of(item: Item | None) -> Value:
    """Read a stored input."""
    return loads(item["input"]) if item else None
