"""The timeline: when each step and each of its calls ran, as shares of the whole execution."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from lodol.page.words import duration, parse, time_of
from views.histories import CallEntry, History, LogEntry, StepEntry

type Kind = Literal["work", "failed", "sleep", "pause", "people", "many"]

_UNITS = (
    ("ms", 0.001, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    ("s", 1, (1, 2, 5, 10, 20, 30)),
    ("min", 60, (1, 2, 5, 10, 20, 30)),
    ("h", 3600, (1, 2, 3, 6, 12)),
    ("d", 86400, (1, 2, 5, 10, 20, 50)),
)
_MOST_TICKS = 6
_SMALL = 0.004
"""The share of the whole below which neighbours are drawn as one bar: a picture of 500 rounds has no 500 bars."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis, at a share of its length."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Segment:
    """What a call did in a stretch of time."""

    kind: Kind
    call: int
    start: datetime
    end: datetime
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in a row: where it begins and how long it is, as shares of the axis.

    `failed` is where in the bar an attempt failed last, as a share of its length.
    """

    kind: Kind
    start: float
    length: float
    failed: float | None
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A step, with a bar for each of its calls; one that was taken over has none."""

    step: StepEntry
    start: float
    length: float
    took: str
    bars: list[Bar]


class Timeline:
    """The axis of an execution, from its first moment to its last, or to now, and the rows of its steps."""

    def __init__(self, history: History, now: datetime) -> None:
        self._is_running = history.status == "running"
        own_steps = {
            entry.step for entry in history.entries if isinstance(entry, StepEntry) and entry.taken_from is None
        }
        own = [entry for entry in history.entries if entry.step in own_steps]
        self.start = _start(parse(history.started_at), own)
        known = [moment for entry in own for moment in _moments(entry)]
        last = now.astimezone(UTC) if history.completed_at is None else parse(history.completed_at)
        self.end = max(last, self.start, *known)
        self.seconds = (self.end - self.start).total_seconds()
        self.is_of_one_day = self.start.date() == self.end.date()
        self.spacing, self.ticks = _ticks(self.seconds)

    def time_of(self, moment: datetime) -> str:
        """A moment, with its day where the execution has several or it is of another."""
        return time_of(moment, with_day=not (self.is_of_one_day and moment.date() == self.start.date()))

    def row(self, step: StepEntry, entries: Iterable[CallEntry | LogEntry]) -> Row:
        """The row of a step."""
        if step.taken_from is not None:
            return Row(step, 0, 0, "", [])
        start, end = parse(step.started_at), self._end_of(step)
        calls = [entry for entry in entries if isinstance(entry, CallEntry)]
        segments = sorted((s for call in calls for s in self._segments(call)), key=lambda segment: segment.start)
        bars = [self._bar(cluster) for cluster in self._clusters(segments)]
        took = duration((end - start).total_seconds())
        return Row(step, self._share(start), self._share(end) - self._share(start), took, bars)

    def _end_of(self, entry: StepEntry | CallEntry) -> datetime:
        # What ended with its execution ended at a whole second, which may be before it began.
        return max(parse(entry.completed_at) if entry.completed_at else self.end, parse(entry.started_at))

    def _share(self, moment: datetime) -> float:
        if not self.seconds:
            return 0
        return min(max((moment - self.start).total_seconds() / self.seconds, 0), 1)

    def _segments(self, call: CallEntry) -> Iterator[Segment]:
        """The attempts of a call and the pauses between them."""
        since, end = parse(call.started_at), self._end_of(call)
        for retry in call.retries:
            failed_at = parse(retry.failed_at)
            yield self._segment("failed", call, since, failed_at, f"attempt {retry.attempt} failed: {retry.error}")
            since = max(parse(retry.next_attempt_at), failed_at)
            if call.status == "retrying" and retry == call.retries[-1]:
                since = end
            yield self._segment("pause", call, failed_at, min(since, end), f"pause before attempt {retry.attempt + 1}")
        # What ended its execution may have come before the next attempt.
        if since <= end and call.status != "retrying":
            yield self._segment(_kind(call), call, since, end, call.status)

    def _segment(self, kind: Kind, call: CallEntry, start: datetime, end: datetime, what: str) -> Segment:
        until = "now" if self._is_running and end == self.end else self.time_of(end)
        took = duration((end - start).total_seconds())
        label = f"Call {call.call}, {call.callee}: {what}; {self.time_of(start)} to {until}, {took}"
        return Segment(kind, call.call, start, end, label)

    def _clusters(self, segments: Iterable[Segment]) -> Iterator[list[Segment]]:
        """Segments to be drawn as one: small ones close together."""
        cluster: list[Segment] = []
        for segment in segments:
            is_small = self._share(segment.end) - self._share(segment.start) < _SMALL
            is_close = bool(cluster) and self._share(segment.start) - self._share(cluster[-1].end) < _SMALL
            if cluster and not (is_small and is_close):
                yield cluster
                cluster = []
            if is_small:
                cluster.append(segment)
            else:
                yield [segment]
        if cluster:
            yield cluster

    def _bar(self, cluster: list[Segment]) -> Bar:
        start, end = cluster[0].start, max(segment.end for segment in cluster)
        failed = [segment.end for segment in cluster if segment.kind == "failed"]
        kinds = {segment.kind for segment in cluster}
        kind: Kind = kinds.pop() if len(kinds) == 1 else "many"
        label = cluster[0].label
        if len(cluster) > 1:
            calls = sorted({segment.call for segment in cluster})
            which = f"Calls {calls[0]} to {calls[-1]}" if len(calls) > 1 else f"Call {calls[0]}"
            label = f"{which}; {self.time_of(start)} to {self.time_of(end)}" + (
                f"; {len(failed)} failed {'attempt' if len(failed) == 1 else 'attempts'}" if failed else ""
            )
        start_at, length = self._share(start), self._share(end) - self._share(start)
        failed_at = (self._share(max(failed)) - start_at) / length if failed and length else 1 if failed else None
        return Bar(kind, start_at, length, failed_at, label)


def _start(admitted: datetime, entries: Iterable[StepEntry | CallEntry | LogEntry]) -> datetime:
    """When the execution started; an execution knows it to the second, its first step to the millisecond."""
    first = min((moment for entry in entries for moment in _moments(entry)), default=admitted)
    return first if first - admitted < timedelta(seconds=1) else admitted


def _moments(entry: StepEntry | CallEntry | LogEntry) -> Iterator[datetime]:
    if isinstance(entry, LogEntry):
        yield parse(entry.logged_at)
        return
    yield parse(entry.started_at)
    if entry.completed_at:
        yield parse(entry.completed_at)


def _kind(call: CallEntry) -> Kind:
    if call.status == "failed":
        return "failed"
    if call.callee.startswith("time.sleep"):
        return "sleep"
    return "people" if call.callee == "human.wait" else "work"


def _ticks(seconds: float) -> tuple[float, list[Tick]]:
    """How far apart the ticks are, as a share of the axis, and the ticks."""
    steps = [(number * unit, number, name) for name, unit, numbers in _UNITS for number in numbers]
    longer = next((step for step in steps if seconds / step[0] < _MOST_TICKS), steps[-1])
    apart, number, name = longer
    if not seconds:
        return 1, [Tick(0, "0")]
    count = int(seconds / apart) + 1
    return apart / seconds, [Tick(i * apart / seconds, f"{i * number} {name}" if i else "0") for i in range(count)]
