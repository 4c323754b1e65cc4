"""How an execution is followed: live on a terminal, line by line anywhere else."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from domain.moments import utc_now
from domain.printable import one_line
from lodol.cli.console import is_interactive, say_line
from lodol.durations import duration
from lodol.models import CallEntry, History, HistoryEntry, LogEntry, Position, StepEntry, is_settled, position_of

if TYPE_CHECKING:
    from rich.text import Text

    from lodol.client import Client

_SIGNS = {
    "completed": "✓",
    "success": "✓",
    "failed": "✗",
    "stopped": "■",
    "running": "●",
    "sleeping": "◷",
    "retrying": "↻",
    "waiting": "?",
}
_STYLES = {"✓": "green", "✗": "bold red", "■": "yellow", "●": "cyan", "◷": "cyan", "↻": "yellow", "?": "magenta"}
_RESULT_CHARACTERS = 60
_REFRESHES = 4
"""A second: elapsed times go on between two answers."""


def watch(client: "Client", execution_id: str) -> History:
    """Follow an execution to its end, asking no more often than the API says; answers with its whole history."""
    histories = client.watch(execution_id)
    return _live(histories) if is_interactive() else _calm(histories)


def _calm(histories: Iterable[History]) -> History:
    """Print what has settled, once, calls before the step that makes them; and each thing that is waited for."""
    printed: set[Position] = set()
    waited = ""
    for look, history in enumerate(histories):
        if not look:
            say_line(_title(history))
        settled = [entry for entry in history.entries if is_settled(entry) and position_of(entry) not in printed]
        for entry in sorted(settled, key=lambda entry: (entry.step, entry.type == "step")):
            say_line(_line(entry, None))
        printed |= set(map(position_of, settled))
        waits = _waits(history, None)
        if waits and waits != waited:
            say_line(waits)
        waited = waits
    for line in _end(history):
        say_line(line)
    return history


def _live(histories: Iterable[History]) -> History:
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)
    latest: list[History] = []

    def screen() -> "Text":
        text = styled(_screen(latest[-1], console.height - 2, utc_now()) if latest else [])
        # A line that wraps would push others out of sight.
        text.no_wrap, text.overflow = True, "ellipsis"
        return text

    with Live(get_renderable=screen, console=console, refresh_per_second=_REFRESHES, transient=True) as live:
        for history in histories:
            latest[:] = [history]
            live.refresh()
    console.print(
        styled([_title(history), *(_line(entry, None) for entry in history.entries), *_end(history)]), soft_wrap=True
    )
    return history


def _screen(history: History, height: int, now: datetime) -> list[str]:
    """As much of an execution as a terminal shows: its head, its latest entries, and what it waits for."""
    head = f"{_SIGNS[history.status]} {history.workflow_name}  {history.execution_id}  {_elapsed(history, now)}"
    waits = [line for line in (_waits(history, now),) if line]
    lines = [_line(entry, now) for entry in history.entries]
    room = max(height - len(waits) - 2, 1)
    if len(lines) > room:
        lines = [f"  … {len(lines) - room} before", *lines[-room:]]
    return [head, *lines, *waits]


def styled(lines: Iterable[str]) -> "Text":
    """Lines in the colours of a terminal, by the sign that each begins with."""
    from rich.text import Text

    text = Text()
    for line in lines:
        sign = line.lstrip()[:1]
        text.append(f"{one_line(line)}\n", _STYLES.get(sign, "dim" if sign == "·" else ""))
    text.rstrip()
    return text


def lines_of(history: History) -> Iterator[str]:
    """All of a history, a line for each thing."""
    now = utc_now() if history.status == "running" else None
    yield _title(history)
    if history.rerun_of:
        yield f"repeats {history.rerun_of.execution_id} from step {history.rerun_of.from_step} on"
    for rerun in history.reruns:
        yield f"repeated by {rerun}"
    if history.input is not None:
        yield f"input   {_short(history.input)}"
    for entry in history.entries:
        yield _line(entry, now)
    if waits := _waits(history, now):
        yield waits
    yield from _end(history)


def _title(history: History) -> str:
    return f"{history.workflow_name}, version {history.version}, {history.execution_id}"


def _end(history: History) -> Iterator[str]:
    if history.status == "success":
        yield f"output  {_short(history.output)}"
    yield f"{_SIGNS[history.status]} {history.status}  {_elapsed(history, utc_now())}"
    if history.error:
        yield history.error
        rerun = f"lodol executions rerun {history.execution_id} --from-failed"
        yield f"On another input: lodol executions input {history.execution_id} > input.json, change it, and then"
        yield f"{rerun} --input @input.json"
        yield "Repeat it from there:"
        yield rerun


def _line(entry: HistoryEntry, now: datetime | None) -> str:
    match entry:
        case StepEntry():
            taken = f"  taken from {entry.taken_from}" if entry.taken_from else ""
            line = f"line {entry.line:<4} " if entry.line else ""
            return f"{_SIGNS[entry.status]} {entry.step:<3} {line}{entry.label}{_took(entry, now)}{taken}"
        case LogEntry():
            return f"      · {'error: ' if entry.level == 'error' else ''}{' '.join(entry.message.split())}"
        case CallEntry():
            return f"      {_SIGNS[entry.status]} {entry.callee}{_took(entry, now)}{_came_to(entry)}"


def _took(entry: StepEntry | CallEntry, now: datetime | None) -> str:
    seconds = entry.seconds
    if seconds is None and now is not None:
        seconds = (now - datetime.fromisoformat(entry.started_at)).total_seconds()
    return "" if seconds is None else f"  {duration(seconds)}"


def _came_to(call: CallEntry) -> str:
    tries = f"  {len(call.retries) + 1} attempts" if call.retries and call.status != "retrying" else ""
    if call.status == "failed":
        return f"{tries}  {call.error or ''}"
    if call.review_id:
        return f"  review {call.review_id}"
    result = call.result if call.status == "completed" and call.result != "null" else None
    return tries if result is None else f"{tries}  {_cut(result)}"


def _waits(history: History, now: datetime | None) -> str:
    """What it waits for, and how long still where that changes with the clock."""
    waits = history.waiting_for
    if waits is None:
        return ""
    until = "" if waits.until is None else f" until {waits.until}"
    if waits.until is not None and now is not None:
        left = (datetime.fromisoformat(waits.until) - now).total_seconds()
        until += f" (in {duration(max(left, 0))})"
    match waits.kind:
        case "time":
            return f"◷ waits{until}"
        case "retry":
            return f"↻ attempt {waits.attempt}{until.replace(' until', ' at', 1)}, because {waits.error}"
        case _:
            reviews = ", ".join(waits.review_ids)
            return (
                f"? waits for people{until}: review {reviews} (lodol review show ID, lodol review decide ID DECISION)"
            )


def _elapsed(history: History, now: datetime) -> str:
    ended = datetime.fromisoformat(history.completed_at) if history.completed_at else now
    return duration((ended - datetime.fromisoformat(history.started_at)).total_seconds())


def _short(value: object) -> str:
    from domain.program.values import dumps

    return _cut(dumps(value))  # type: ignore[arg-type]


def _cut(text: str) -> str:
    return text if len(text) <= _RESULT_CHARACTERS else f"{text[: _RESULT_CHARACTERS - 1]}…"
