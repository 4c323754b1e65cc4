"""What every command shares: its options, how it prints, and how a refusal reads."""

import functools
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table

from domain import refusals
from domain.aws.writes import ConditionNotMet
from lodol.cli.files import FileUnusable
from lodol.cli.stack import StackNotFound
from views.answers import ANSWERS, answer_to

StackName = Annotated[
    str | None, typer.Option("--stack", envvar="LODOL_STACK", help="The stack; without it, the local one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_SENTENCES: dict[type[Exception], Callable[[Any], str]] = {
    **dict.fromkeys(ANSWERS, lambda refusal: answer_to(refusal).sentence),
    refusals.Unavailable: lambda _: "AWS did not answer; whether it was done is unknown: look, and try again.",
    ConditionNotMet: lambda _: "Somebody else changed it at the same moment; look at it, and try again.",
    StackNotFound: str,
    FileUnusable: str,
    ClientError: lambda e: f"AWS refused: {e}",
    BotoCoreError: lambda e: f"AWS cannot be reached: {e}",
}
"""What a refusal or a failure is told as: as the API tells it, where the API can meet it."""


def command[**P](function: Callable[P, None]) -> Callable[P, None]:
    """Make a function a command that fails with one sentence, and exit status 1, never with a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except tuple(_SENTENCES) as failure:
            kind = next(kind for kind in type(failure).__mro__ if kind in _SENTENCES)
            print(_SENTENCES[kind](failure), file=sys.stderr)
            raise typer.Exit(1) from None

    return run


def show(value: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an object: as JSON, or one line for each field."""
    if as_json:
        print_json(value)
        return
    grid = Table.grid(padding=(0, 2))
    for name, field in value.items():
        grid.add_row(name, _text(field))
    Console().print(grid)


def show_list(name: str, rows: Iterable[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool) -> None:
    """Print rows: as one JSON object with them under `name`, or as a table of these columns."""
    rows = list(rows)
    if as_json:
        print_json({name: rows})
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    Console().print(table)


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
