"""What one execution has cost, by its history alone: how often each part of it occurred, times what the part uses."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from domain.callables import EFFECTS
from domain.program.values import dumps
from lodol.cost.usage import Usage
from lodol.models import CallEntry, History, HistoryEntry, LogEntry, StepEntry

_PARTS = Path(__file__).parent / "parts.json"

SLICE_SECONDS = 5
"""The time slice that the template sets; what a stack has set instead, its API does not tell."""

SLICES_OF_GENERATION = 500

_KILOBYTE, _READ_BYTES = 1024, 4096
_LONG_SECONDS = 30
"""A wait that long has the execution looked after later than is written, and so moves it within an index."""

_SLEEPS = {"time.sleep", "time.sleep_until"}

WORDS = {
    "request": "the request that started it",
    "execution": "its first slice and its end, with one step",
    "step": "further steps",
    "first_effect": "a call that reaches out, before which there is nothing to record",
    "effect": "calls that reach out",
    "note": "other calls, and lines of its log",
    "wait": "waits of under half a minute, each with the slice behind it",
    "long_wait": "longer waits, each with the slice behind it",
    "retry": "further attempts, each with its slice",
    "review": "reviews asked for",
    "await": "waits for people, each with the slice behind it",
    "decision": "requests that decided its reviews",
    "event": "its end, published as an event",
    "review_event": "its reviews, each published when asked and when decided",
    "slice": "further slices, for the time that its calls took",
    "generation": "hand-overs to another Step Functions execution",
    "values": "its input, and results over one kilobyte",
    "calls": "the time its calls took, for which Lambda is billed",
}
"""What each part is called; in this order they are told."""

ESTIMATED_AMOUNTS = frozenset({"gb_seconds", "log_bytes"})
"""What is estimated of every part: how long Lambda takes, and what it logs of itself."""

_ESTIMATED = {"slice", "generation", "decision", "review_event", "values", "calls"}


@dataclass(frozen=True, slots=True)
class Line:
    """A part of an execution: how often it occurred, what that uses, and whether this is counted or estimated."""

    part: str
    times: int
    usage: Usage

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return WORDS[self.part]

    @property
    def is_counted(self) -> bool:
        """Whether the history shows how often it occurred."""
        return self.part not in _ESTIMATED


@dataclass(frozen=True, slots=True)
class _Stored:
    steps_gigabytes: float
    parts: Mapping[str, Usage]


@cache
def _stored() -> _Stored:
    stored = json.loads(_PARTS.read_text("utf-8"))
    return _Stored(stored["steps_gigabytes"], {name: Usage(**part) for name, part in stored["parts"].items()})


def part(name: str) -> Usage:
    """What a part uses each time, as it was counted."""
    return _stored().parts[name]


def lines_of(history: History) -> list[Line]:
    """What an execution has used, part by part, as far as it has come."""
    times: Counter[str] = Counter(request=1, execution=1)
    times["step"] = max(0, sum(isinstance(entry, StepEntry) for entry in history.entries) - 1)
    for entry in history.entries:
        times.update(_parts_of(entry))
    if any(map(_is_first_effect, history.entries)):
        times.update(first_effect=1, effect=-1)
    if history.status != "running" or history.waiting_for is None or history.waiting_for.kind != "decisions":
        times["decision"] = times["review"]
    times["event"] = int(history.status != "running")
    times["review_event"] = times["review"] + times["decision"]
    busy = sum(map(_busy_seconds, history.entries))
    times["slice"] = int(busy // SLICE_SECONDS)
    slices = 1 + sum(times[name] for name in ("wait", "long_wait", "retry", "await", "slice"))
    times["generation"] = (slices - 1) // SLICES_OF_GENERATION
    lines = [Line(name, times[name], times[name] * part(name)) for name in WORDS if times[name]]
    if values := _values(history, slices):
        lines.append(values)
    if busy:
        lines.append(Line("calls", sum(map(_is_effect, history.entries)), _waited(busy)))
    return lines


def _parts_of(entry: HistoryEntry) -> Iterable[str]:
    match entry:
        case LogEntry():
            yield "note"
        case CallEntry(callee="human.create"):
            yield "review"
        case CallEntry():
            yield from ["retry"] * len(entry.retries)
            if entry.callee in _SLEEPS and entry.until is not None:
                yield "long_wait" if _seconds_until(entry) >= _LONG_SECONDS else "wait"
            elif entry.callee == "human.wait" and (entry.status == "waiting" or (entry.seconds or 0) > 0):
                yield "await"
            else:
                yield "effect" if _is_effect(entry) else "note"


def _is_effect(entry: HistoryEntry) -> bool:
    """Whether an entry is a call that reaches out, before which there is a commit; a callee of a newer release is."""
    if not isinstance(entry, CallEntry):
        return False
    effect = EFFECTS.get(entry.callee)
    return effect is None or effect.reaches_out


def _is_first_effect(entry: HistoryEntry) -> bool:
    """Whether an entry is a call that reaches out, and the first thing that its execution does."""
    is_first = isinstance(entry, CallEntry) and (entry.step, entry.call) == (0, 1)
    return is_first and "effect" in _parts_of(entry)


def _seconds_until(entry: CallEntry) -> float:
    """How long a sleep was asked for."""
    until = datetime.fromisoformat(entry.until or entry.started_at)
    return (until - datetime.fromisoformat(entry.started_at)).total_seconds()


def _busy_seconds(entry: HistoryEntry) -> float:
    """For how long a function waited for a call; between two attempts, and for people, none does."""
    if not isinstance(entry, CallEntry) or not _is_effect(entry) or entry.callee == "human.wait":
        return 0.0
    between = sum(
        (datetime.fromisoformat(retry.next_attempt_at) - datetime.fromisoformat(retry.failed_at)).total_seconds()
        for retry in entry.retries
    )
    return max(0.0, (entry.seconds or 0.0) - between)


def _waited(seconds: float) -> Usage:
    return Usage(gb_seconds=seconds * _stored().steps_gigabytes)


def _values(history: History, slices: int) -> Line | None:
    """What values use beyond the first kilobyte of their items, and an input, which has an item of its own.

    Every slice reads the input. Results are known as far as the history shows them, to their 2,000th character.
    """
    told = [entry for entry in history.entries if isinstance(entry, StepEntry | CallEntry)]
    # What a call and its step have in common is stored once.
    results = {(entry.step, entry.result) for entry in told if entry.result is not None}
    sizes = [len(text.encode()) for _, text in results]
    large = [size for size in sizes if size > _KILOBYTE]
    units, reads = sum(math.ceil(size / _KILOBYTE) - 1 for size in large), 0
    if history.input is not None:
        large.append(len(dumps(history.input).encode()))
        units += math.ceil(large[-1] / _KILOBYTE)
        reads = slices * (math.ceil(large[-1] / _READ_BYTES) - 1)
    usage = Usage(write_units=2 * units, read_units=reads, stored_bytes=sum(large))
    return Line("values", len(large), usage) if large else None
