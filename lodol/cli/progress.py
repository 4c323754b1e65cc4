"""How far a command that takes long has come: a bar on a terminal, a line now and then anywhere else."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lodol.cli.console import say

_SECONDS_BETWEEN_LINES = 10.0

type Advance = Callable[[int], None]
"""Tells that so many more are done."""


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show on standard error how many are done, of how many if that is known, and how long the rest may take."""
    if sys.stderr.isatty():
        with _bar(what, total) as advance_bar:
            yield advance_bar
        return
    done, told = 0, time.monotonic()

    def advance(number: int) -> None:
        nonlocal done, told
        done += number
        if time.monotonic() - told >= _SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            say(f"{what}: {done}" + (f" of about {total}" if total else ""), to_errors=True)

    yield advance


@contextmanager
def _bar(what: str, total: int | None) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda number: bar.update(task, advance=number)
