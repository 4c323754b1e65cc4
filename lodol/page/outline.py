"""The outline of the program with the path that ran: which lines ran, where it stands, where it failed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from views.histories import CallEntry, History, LogEntry, OutlineLine, StepEntry

type Mark = Literal["ran", "stands here", "failed here", "stopped here", "no trace"]

_LAST_PART = re.compile(r"(\.[^.\[\]]+|\[\d+\])$")
_POSITION = re.compile(r"(.*)\[(\d+)\]")
_OPEN = ("running", "sleeping", "retrying", "waiting")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the outline: what became of it, and how many calls it made."""

    id: str
    line: OutlineLine
    mark: Mark
    calls: int


class Outline:
    """The lines of a history's program, marked."""

    def __init__(self, history: History) -> None:
        # An `else` has the path of the statement that it stands before, which is the later of the two.
        self._by_path = {line.at: i for i, line in enumerate(history.program)}
        steps = [entry for entry in history.entries if isinstance(entry, StepEntry)]
        calls = [entry for entry in history.entries if not isinstance(entry, StepEntry)]
        failed = _failed_path(history, steps)
        paths = {_statement(step.step) for step in steps} | {call.at for call in calls if call.at}
        ran = _all_that_ran(paths | ({failed} if failed else set()))
        counts = Counter(self._line_of(call.at) for call in calls if call.at)
        marks: dict[int | None, Mark] = {
            i: "ran" if line.at in ran else "no trace" for i, line in enumerate(history.program)
        }
        # The later wins: a line may have been reached by several rounds of a loop.
        marks |= dict.fromkeys(self._lines_at(steps, calls, ("stopped",)), "stopped here")
        marks |= dict.fromkeys(self._lines_at(steps, calls, _OPEN), "stands here")
        if failed:
            marks[self._line_of(failed)] = "failed here"
        self.lines = [Line(f"line-{i}", line, marks[i], counts[i]) for i, line in enumerate(history.program)]
        self.marks = {line.mark for line in self.lines}
        self.has_numbers = any(line.line is not None for line in history.program)

    def id_at(self, path: str | None) -> str | None:
        """The id of the line that a node belongs to."""
        found = self._line_of(path) if path else None
        return None if found is None else self.lines[found].id

    def _line_of(self, path: str) -> int | None:
        return next((self._by_path[prefix] for prefix in _prefixes(path) if prefix in self._by_path), None)

    def _lines_at(
        self, steps: Iterable[StepEntry], calls: Iterable[CallEntry | LogEntry], statuses: tuple[str, ...]
    ) -> Iterator[int | None]:
        """The lines of the calls with one of these statuses, or of the step if none of its calls has one."""
        paths = {step.step: _statement(step.step) for step in steps if step.status in statuses}
        for call in calls:
            if isinstance(call, CallEntry) and call.status in statuses and call.at:
                paths[call.step] = call.at
        return map(self._line_of, paths.values())


def _failed_path(history: History, steps: Iterable[StepEntry]) -> str | None:
    """The node that failed as the error names it, which that of a `FailStmt` does not; then its step."""
    for step in steps:
        if step.status == "failed":
            statement = _statement(step.step)
            named = re.match(
                rf"Step {step.step} failed: (?:({re.escape(statement)}[\w.\[\]]*)|line (\d+)): ", history.error or ""
            )
            if named and named[2]:
                return _path_on_line(history.program, statement, int(named[2])) or statement
            return named[1] if named else statement
    return None


def _path_on_line(program: Iterable[OutlineLine], statement: str, number: int) -> str | None:
    """The innermost statement of a step that a line of the source belongs to: the last that begins on it or above."""
    paths = [
        line.at for line in program if line.line is not None and line.line <= number and statement in _prefixes(line.at)
    ]
    return paths[-1] if paths else None


def _statement(step: int) -> str:
    return f"body[{step}]"


def _prefixes(path: str) -> Iterator[str]:
    """A path and the paths around it, from the inside out."""
    while path:
        yield path
        shorter = _LAST_PART.sub("", path)
        path = shorter if shorter != path else ""


def _all_that_ran(paths: Iterable[str]) -> set[str]:
    """These nodes, those around them, and the statements before them in the same block, which ran first."""
    ran = {prefix for path in paths for prefix in _prefixes(path)}
    reached: dict[str, int] = {}
    for path in ran:
        if place := _POSITION.fullmatch(path):
            reached[place[1]] = max(reached.get(place[1], 0), int(place[2]))
    return ran | {f"{block}[{i}]" for block, last in reached.items() for i in range(last)}
