"""`lodol top`: what a stack does, at a glance: live on a terminal, once anywhere else."""

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from lodol.cli.console import AsJson, StackName, command, is_interactive, print_json, say_line
from lodol.durations import duration

if TYPE_CHECKING:
    from rich.text import Text

    from lodol.cli.glance import Glance, Watcher

_BARS = "▁▂▃▄▅▆▇█"
_OVERDUE_SECONDS = 180
"""By then `reconcile` should have put right what is overdue."""

type _Line = tuple[str, str]
"""A style of rich, and a text."""


@command
def top(
    minutes: Annotated[int, typer.Option(min=1, max=180, help="What happened in so many minutes is counted.")] = 15,
    every: Annotated[float, typer.Option(min=1, help="Seconds from one look to the next.")] = 5,
    once: Annotated[bool, typer.Option("--once", help="Look once; so it is without a terminal.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Show what runs, ends, is refused, overdue and repaired, live; Ctrl+C ends it.

    Reads the metrics from the log of the functions, what runs and is overdue from the table, how long queues are,
    and what AWS counts of conflicts and throttles.
    """
    from domain.moments import utc_now
    from lodol.cli import stack
    from lodol.cli.glance import Watcher

    watcher = Watcher(stack.find(stack_name), minutes)
    if as_json:
        shown = dataclasses.asdict(watcher.glance(utc_now()))
        print_json({**shown, "at": shown["at"].isoformat()})
    elif once or not is_interactive():
        for _, line in lines_of(watcher.glance(utc_now())):
            say_line(line)
    else:
        _live(watcher, every)


def _live(watcher: "Watcher", every: float) -> None:
    from rich.console import Console
    from rich.live import Live

    from domain.moments import utc_now

    console = Console(highlight=False)
    with suppress(KeyboardInterrupt), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(styled(lines_of(watcher.glance(utc_now()))), refresh=True)
            time.sleep(every)


def styled(lines: "Iterator[_Line]") -> "Text":
    """Lines in the colours of a terminal; one that does not fit is cut, so that none pushes others out of sight."""
    from rich.text import Text

    text = Text("\n").join(Text(line, style) for style, line in lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def lines_of(seen: "Glance") -> "Iterator[_Line]":
    """All of a glance, a line for each thing: in red what needs a person, in yellow what may."""
    totals = seen.totals
    yield "bold", f"{seen.at:%H:%M:%S} UTC, the last {seen.minutes} min"
    yield "", ""
    yield "", f"running          {_at_most(seen.running, seen)}"
    late = f", the oldest for {duration(seen.oldest_overdue_seconds)}" if seen.overdue else ""
    is_late = seen.oldest_overdue_seconds > _OVERDUE_SECONDS
    yield _red(is_late), f"overdue          {_at_most(seen.overdue, seen)}{late}"
    for name, title, style in (
        ("Runs", "started", ""),
        ("Succeeded", "succeeded", "green"),
        ("Failed", "failed", "yellow"),
        ("Stopped", "stopped", ""),
    ):
        yield style if totals[name] else "", _minutely(title, seen.minutely[name], seen.minutes)
    percents = "   ".join(f"{name} {duration(ms / 1000)}" for name, ms in seen.start_to_done_ms.items())
    yield "", f"start to done    {percents or 'nothing ended'}"
    yield "", ""
    yield "", _minutely("refused", seen.minutely["Refusals"], seen.minutes)
    for code, number in seen.refusals.items():
        yield _red(code == "internal_error"), f"  {number:>12,}  {code}"
    yield "", ""
    yield "", f"repairs          {totals['Repairs']}"
    yield _yellow(totals["GenerationsLost"]), f"generations lost {totals['GenerationsLost']}"
    yield _red(totals["GivenUp"]), f"given up         {totals['GivenUp']}"
    yield "", ""
    yield "", f"deliveries       {_at_most(seen.deliveries_pending, seen)} pending"
    yield "", f"receivers failed {totals['FailedAttempts']}"
    yield _red(totals["BrokenAttempts"]), f"attempts broken  {totals['BrokenAttempts']}"
    letters = seen.dead_letters + seen.event_dead_letters
    yield _red(letters), f"dead letters     {seen.dead_letters} of status events, {seen.event_dead_letters} of events"
    for name, number in seen.aws.items():
        yield _yellow(number), f"{name:<16} {number}"


def _minutely(title: str, numbers: Sequence[int], minutes: int) -> str:
    highest = max(*numbers, 1)
    bars = "".join(_BARS[number * (len(_BARS) - 1) // highest] for number in numbers)
    return f"{title:<16} {sum(numbers):<8,} {sum(numbers) / minutes:>8,.1f} /min  {bars}"


def _at_most(number: int, seen: "Glance") -> str:
    return f"{number:,}+" if number >= seen.counted_at_most else f"{number:,}"


def _red(is_wrong: object) -> str:
    return "bold red" if is_wrong else ""


def _yellow(is_notable: object) -> str:
    return "yellow" if is_notable else ""
