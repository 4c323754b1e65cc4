"""What every command shares: its options, how it prints, and how a refusal reads.

Whatever takes long to import is imported where it is used: `lodol --help` must not wait for it.
"""

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import typer

StackName = Annotated[
    str | None, typer.Option("--stack", envvar="LODOL_STACK", help="The stack; without it, the local one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, errors too.")]

_CELL_CHARACTERS = 60
_NOT_INSTALLED = {"boto3", "botocore"}


class CannotDo(Exception):
    """The command cannot do what it was asked; the text says why, and what to do about it."""


def command[**P](function: Callable[P, None]) -> Callable[P, None]:
    """Make a function a command that fails with one sentence, and exit status 1, never with a traceback."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception as failure:
            told = _told(failure)
            if told is None:
                raise
            fail(*told, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(1) from None

    return run


def fail(sentence: str, code: str | None, *, as_json: bool) -> None:
    """Tell what went wrong, where errors belong: as a sentence, or as a JSON object with the code if it has one."""
    told = {"error": sentence, **({"code": code} if code else {})}
    print(json.dumps(told, ensure_ascii=False) if as_json else sentence, file=sys.stderr)


def _told(failure: Exception) -> tuple[str, str | None] | None:
    """What a refusal or a failure is told as, and its code: as the API tells it, where the API can meet it."""
    from domain.aws.writes import ConditionNotMet
    from domain.refusals import Refusal, Unavailable
    from lodol.errors import LodolError, ScopeMissing
    from views.answers import answer_to

    match failure:
        case CannotDo():
            return str(failure), None
        case ScopeMissing() if failure.scope:
            return f"{failure} It needs the scope {failure.scope}.", failure.code
        case LodolError():
            return str(failure), failure.code
        case Unavailable():
            return "AWS did not answer; whether it was done is unknown: look, and try again.", "unavailable"
        case Refusal():
            answer = answer_to(failure)
            return answer.sentence, answer.headers["Error-Code"]
        case ConditionNotMet():
            return "Somebody else changed it at the same moment; look at it, and try again.", None
        case ModuleNotFoundError() if failure.name in _NOT_INSTALLED:
            return "This command works on the stack itself and needs boto3: pip install 'lodol[operator]'", None
    return _told_by_aws(failure)


def _told_by_aws(failure: Exception) -> tuple[str, None] | None:
    if "botocore" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    match failure:
        case ClientError():
            return f"AWS refused: {failure}", None
        case BotoCoreError():
            return f"AWS cannot be reached: {failure}", None
    return None


def show(value: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an object: as JSON, or one line for each field."""
    if as_json:
        print_json(value)
        return
    widest = max(map(len, value))
    for name, field in value.items():
        print(f"{name:{widest}}  {text_of(field)}".rstrip())


def show_list(name: str, rows: Iterable[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool) -> None:
    """Print rows: as one JSON object with them under `name`, or as lines with these columns.

    Long texts are cut; what one may want to paste into the next command, an id above all, never is.
    """
    rows, columns = list(rows), list(columns)
    if as_json:
        print_json({name: rows})
        return
    if not rows:
        print(f"There are no {name}.", file=sys.stderr)
        return
    lines = [[column.upper() for column in columns], *([_cell(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        print("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    text = " ".join(text_of(value).split())
    return text if len(text) <= _CELL_CHARACTERS else f"{text[: _CELL_CHARACTERS - 1]}…"


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def text_of(value: Any) -> str:
    """A value as a person reads it: lists with commas, nothing for null, anything else that is no text as JSON."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_interactive() -> bool:
    """Whether somebody looks at a terminal that can show things change."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
