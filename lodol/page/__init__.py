"""The picture of one execution: a page of HTML that needs nothing besides itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from domain.program.values import dumps
from lodol.page import words
from lodol.page.outline import Outline
from lodol.page.timeline import Kind, Row, Timeline
from views.histories import CallEntry, History, LogEntry, StepEntry

_ENVIRONMENT = Environment(
    loader=PackageLoader("lodol.page", ""),
    autoescape=True,
    finalize=words.visible,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "compact": dumps,
    "duration": words.duration,
    "pretty": words.pretty,
    "pretty_text": words.pretty_text,
    "preview": words.preview,
}

_KINDS: dict[Kind, str] = {
    "work": "call",
    "sleep": "sleep",
    "people": "wait for a decision",
    "failed": "failed attempt",
    "pause": "pause before the next",
    "many": "several, too close to tell apart",
}
"""What the bars of each kind stand for."""

_OPEN_AT_EACH_END = 10
_IN_A_FOLD = 100


@dataclass(frozen=True, slots=True)
class Fold:
    """Calls and log lines that are folded away; how many of them failed, and how many had to be tried again."""

    entries: list[CallEntry | LogEntry]

    @property
    def failed(self) -> int:
        """How many calls failed."""
        return sum(isinstance(entry, CallEntry) and entry.status == "failed" for entry in self.entries)

    @property
    def retried(self) -> int:
        """How many calls were tried again."""
        return sum(isinstance(entry, CallEntry) and bool(entry.retries) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Step:
    """A step with what it did; of a great many calls, only the first and the last are open."""

    row: Row
    first: list[CallEntry | LogEntry]
    folds: list[Fold]
    last: list[CallEntry | LogEntry]

    @property
    def folded(self) -> Fold:
        """Everything that is folded away."""
        return Fold([entry for fold in self.folds for entry in fold.entries])


def render(history: History, now: datetime) -> str:
    """The page of an execution as it is now; its history has all entries, those of each step after the step."""
    outline, timeline = Outline(history), Timeline(history, now)
    steps = list(_steps(history, timeline))
    drawn = {bar.kind for step in steps for bar in step.row.bars}
    if any(bar.failed is not None for step in steps for bar in step.row.bars):
        drawn.add("failed")

    def moment(text: str) -> Markup:
        return words.marked_up(text, timeline.time_of)

    def day(text: str) -> Markup:
        return words.marked_up(text, words.day_and_time)

    return _ENVIRONMENT.get_template("execution.html.j2").render(
        history=history,
        timeline=timeline,
        steps=steps,
        legend=[(kind, meaning) for kind, meaning in _KINDS.items() if kind in drawn],
        outline=outline,
        now=now.isoformat(timespec="seconds"),
        moment=moment,
        day=day,
        seconds_to=lambda text: (words.parse(text) - now).total_seconds(),
    )


def _steps(history: History, timeline: Timeline) -> Iterator[Step]:
    steps: list[StepEntry] = []
    entries: dict[int, list[CallEntry | LogEntry]] = {}
    for entry in history.entries:
        if isinstance(entry, StepEntry):
            steps.append(entry)
            entries[entry.step] = []
        elif entry.step in entries:
            # A call without its step was made while the history was read.
            entries[entry.step].append(entry)
    for step in steps:
        its = entries[step.step]
        row = timeline.row(step, its)
        # A fold that hides less than its sentence takes is none.
        if len(its) <= 2 * _OPEN_AT_EACH_END + 4:
            yield Step(row, its, [], [])
            continue
        between = its[_OPEN_AT_EACH_END:-_OPEN_AT_EACH_END]
        folds = [Fold(between[i : i + _IN_A_FOLD]) for i in range(0, len(between), _IN_A_FOLD)]
        yield Step(row, its[:_OPEN_AT_EACH_END], folds, its[-_OPEN_AT_EACH_END:])
