"""A glance at a stack: what its functions have measured in the last minutes, and what stands in table and queues."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from domain.entities import executions
from domain.moments import epoch_milliseconds
from lodol.cli.stack import DeployedStack

_COUNTED_AT_MOST = 10_000
"""So many rows of the index are read to count what runs; whoever has more sees that there are more."""

_LAG_MILLISECONDS = 15_000
"""A line may stand in the log so long after its moment."""

_ASKED_EVERY = timedelta(minutes=1)
"""AWS counts by the minute, and is paid for each question."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Values of one metric at a moment, in milliseconds since 1970; of refusals also under which code."""

    at: int
    name: str
    values: tuple[float, ...]
    code: str = ""


def measured_on(line: str) -> Iterator[Measured]:
    """Read the metrics that a line of the log holds; most hold none."""
    if '"_aws"' not in line:
        return
    said = json.loads(line)
    for directive in said["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            name = metric["Name"]
            yield Measured(said["_aws"]["Timestamp"], name, tuple(said[name]), said.get("code", ""))


class Measurements:
    """What was measured within a window of time that ends now, read from the log as it grows."""

    def __init__(self, stack: DeployedStack, window: timedelta) -> None:
        self._stack, self._window = stack, window
        self._position = 0
        self._seen: dict[int, int] = {}
        self._found: list[Measured] = []

    def until(self, now: datetime) -> Sequence[Measured]:
        """Read on, and answer with what lies in the window."""
        begin = epoch_milliseconds(now - self._window)
        while self._read_on(max(begin, self._position - _LAG_MILLISECONDS)):
            pass
        self._seen = {line: at for line, at in self._seen.items() if at >= self._position - _LAG_MILLISECONDS}
        self._found = [one for one in self._found if one.at >= begin]
        return self._found

    def _read_on(self, since: int) -> bool:
        """Read what the log has since a moment; answers whether there was anything new."""
        new = False
        for at, stream, line in self._stack.measured_lines(since):
            if (seen := hash((at, stream, line))) not in self._seen:
                new = True
                self._seen[seen] = at
                self._position = max(self._position, at)
                self._found += measured_on(line)
        return new


@dataclass(frozen=True, slots=True)
class Glance:
    """What is to be seen of a stack at a moment; what happened did so within the last `minutes`.

    The `minutely` are numbers by the minute, the latest last. `counted_at_most` stands for that many and more.
    """

    at: datetime
    minutes: int
    running: int
    overdue: int
    oldest_overdue_seconds: float
    deliveries_pending: int
    dead_letters: int
    event_dead_letters: int
    totals: dict[str, int]
    minutely: dict[str, list[int]]
    start_to_done_ms: dict[str, float]
    refusals: dict[str, int]
    aws: dict[str, int]
    counted_at_most: int = _COUNTED_AT_MOST


MINUTELY = ("Runs", "Succeeded", "Failed", "Stopped", "Refusals")
"""What is shown by the minute."""

TOTALS = ("Repairs", "GenerationsLost", "GivenUp", "FailedAttempts", "BrokenAttempts")
"""What is told as one number."""

_PERCENTS = {"p50": 50, "p95": 95, "p99": 99}


@dataclass(slots=True)
class Watcher:
    """Glances at a stack again and again."""

    stack: DeployedStack
    minutes: int
    _aws: dict[str, int] = field(default_factory=dict)
    _asked_at: datetime | None = None
    _measurements: Measurements = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing read."""
        self._measurements = Measurements(self.stack, timedelta(minutes=self.minutes))

    def glance(self, now: datetime) -> Glance:
        """Look at everything."""
        found, table = self._measurements.until(now), self.stack.table
        overdue = list(islice(executions.list_due(table, now), _COUNTED_AT_MOST))
        oldest = table.get(overdue[0]) if overdue else None
        return Glance(
            at=now,
            minutes=self.minutes,
            running=_count(table.list_due("OPEN")),
            overdue=len(overdue),
            oldest_overdue_seconds=executions.state_of(oldest).overdue(now).total_seconds() if oldest else 0.0,
            deliveries_pending=_count(table.list_due("DELIVERY")),
            dead_letters=self.stack.count_dead_letters(),
            event_dead_letters=self.stack.count_dead_letters("EventDeadLettersUrl"),
            totals={name: _total(one for one in found if one.name == name) for name in (*MINUTELY, *TOTALS)},
            minutely={name: self._by_minute((one for one in found if one.name == name), now) for name in MINUTELY},
            start_to_done_ms=_percentiles(
                [value for one in found if one.name == "StartToDone" for value in one.values]
            ),
            refusals=_by_code(one for one in found if one.name == "Refusals"),
            aws=self._counted_by_aws(now),
        )

    def _by_minute(self, found: Iterable[Measured], now: datetime) -> list[int]:
        last, counted = epoch_milliseconds(now) // 60_000, [0] * self.minutes
        for one in found:
            counted[max(self.minutes - 1 - (last - one.at // 60_000), 0)] += int(sum(one.values))
        return counted

    def _counted_by_aws(self, now: datetime) -> dict[str, int]:
        if self._asked_at is None or now - self._asked_at >= _ASKED_EVERY:
            self._aws = self.stack.counted_by_aws(now - timedelta(minutes=self.minutes), now)
            self._asked_at = now
        return self._aws


def _count(rows: Iterable[Any]) -> int:
    return sum(1 for _ in islice(rows, _COUNTED_AT_MOST))


def _total(found: Iterable[Measured]) -> int:
    return int(sum(sum(one.values) for one in found))


def _by_code(found: Iterable[Measured]) -> dict[str, int]:
    codes: Counter[str] = Counter()
    for one in found:
        codes[one.code] += int(sum(one.values))
    return dict(codes.most_common())


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {name: percentile(values, percent) for name, percent in _PERCENTS.items()} if values else {}


def percentile(values: Iterable[float], percent: float) -> float:
    """The value that so many of a hundred do not exceed."""
    in_order = sorted(values)
    return in_order[math.ceil(len(in_order) * percent / 100) - 1]
