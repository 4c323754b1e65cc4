"""What every command shares: its options, how it prints, and how a refusal reads.

Whatever takes long to import is imported where it is used: `lodol --help` must not wait for it.
"""

import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.printable import KEY_START, one_line, printable
from lodol.cli.local import is_local_api
from lodol.errors import traceable

if TYPE_CHECKING:
    from lodol.errors import LodolError

StackName = Annotated[
    str | None, typer.Option("--stack", envvar="LODOL_STACK", help="The stack; without it, the local one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object; errors too, to standard error.")]

_CELL_CHARACTERS = 60
_KEY = re.compile(rf"({KEY_START}\w{{0,6}})[\w-]*", re.ASCII)
_NOT_INSTALLED = {"boto3", "botocore"}


class CannotDo(Exception):
    """The command cannot do what it was asked; the text says why, and what to do about it.

    `findings` are what is wrong with a file, as objects.
    """

    def __init__(self, sentence: object, findings: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(sentence)
        self.findings = findings


class Misused(typer.BadParameter):
    """The command line cannot be understood; the text says why. The command exits with 2, and names its help."""

    def format_message(self) -> str:
        """The text as it is, like every other sentence of ours."""
        return str(self.message)


@dataclass(frozen=True, slots=True)
class Told:
    """What went wrong, for a person and for a program: `sentence` and `code`.

    Of an answer of the API also `status` and `request_id`, and of a file its `findings`.
    """

    sentence: str
    code: str
    status: int | None = None
    request_id: str | None = None
    findings: Sequence[Mapping[str, Any]] | None = None

    def __str__(self) -> str:
        """The sentence, with what helps to find the request in a log."""
        return traceable(self.sentence, self.status, self.code, self.request_id)


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
            told = replace(told, sentence=_about(_with_options(told.sentence, kwargs), told.code, kwargs))
            fail(told, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(1) from None

    return run


def fail(told: Told, *, as_json: bool) -> None:
    """Tell what went wrong, where errors belong: as a sentence, or as a JSON object. Rule: commands "Errors".

    An API key that was given where none belongs is not said back.
    """
    told = replace(told, sentence=_KEY.sub(r"\1…", told.sentence))
    fields: dict[str, Any] = {
        "error": told.sentence,
        "code": told.code,
        "status": told.status,
        "request_id": told.request_id,
        "findings": told.findings,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    say(json.dumps(known, ensure_ascii=False) if as_json else told, to_errors=True)


def _with_options(sentence: str, parameters: Iterable[str]) -> str:
    """A sentence that names fields of a request, for those who know them as options."""
    for name in parameters:
        if "_" in name:
            sentence = re.sub(rf"\b{name}\b", f"--{name.replace('_', '-')}", sentence)
    return sentence


def _about(sentence: str, code: str, parameters: Mapping[str, Any]) -> str:
    """A sentence that something does not exist, with what was asked for: who asks for many sees which one."""
    asked = next((parameters[name] for name in ("execution", "review") if parameters.get(name)), None)
    return f"{sentence}: {asked}" if asked and code in {"execution_not_found", "review_not_found"} else sentence


def _told(failure: Exception) -> Told | None:
    """What a refusal or a failure is told as: as the API tells it, where the API can meet it."""
    from domain.aws.writes import ConditionNotMet
    from domain.refusals import NewerShape, Refusal, Unavailable
    from lodol.errors import LodolError
    from views.answers import answer_to

    match failure:
        case CannotDo():
            return Told(str(failure), "cannot_do", findings=failure.findings or None)
        case LodolError():
            return _told_by_client(failure)
        case NewerShape():
            return Told("A later release has stored what this lodol does not know: use that of the release.", "too_old")
        case Unavailable():
            return Told("AWS did not answer; whether it was done is unknown: look, and try again.", "unavailable")
        case Refusal():
            answer = answer_to(failure)
            return Told(answer.sentence, answer.headers["Error-Code"])
        case ConditionNotMet():
            return Told("Somebody else changed it at the same moment; look at it, and try again.", "changed_meanwhile")
        case ModuleNotFoundError() if failure.name in _NOT_INSTALLED:
            sentence = "This command works on the stack itself and needs boto3: pip install 'lodol[operator]'"
            return Told(sentence, "not_installed")
    return _told_by_aws(failure)


def _told_by_client(failure: "LodolError") -> Told:
    from lodol.errors import ConnectionFailed, ScopeMissing

    sentence = failure.sentence
    match failure:
        case ScopeMissing() if failure.scope:
            sentence += f" It needs the scope {failure.scope}."
        case ConnectionFailed() if is_local_api(failure.url):
            sentence += " The local stack does not run; start it: make up"
    return Told(sentence, failure.code or "unknown_answer", failure.status, failure.request_id)


def _told_by_aws(failure: Exception) -> Told | None:
    if "botocore" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    match failure:
        case ClientError():
            return Told(f"AWS refused: {failure}", "aws_refused")
        case BotoCoreError():
            return Told(f"AWS cannot be reached: {failure}", "aws_unreachable")
    return None


def say(text: object = "", *, to_errors: bool = False, end: str = "\n") -> None:
    """Print a text, of which nothing is obeyed by a terminal whoever has made it."""
    print(printable(str(text)), file=sys.stderr if to_errors else sys.stdout, end=end, flush=True)


def write(source: str) -> None:
    """Print a source: to the byte where a file or another command takes it, as `say` where a terminal does."""
    if sys.stdout.isatty():
        say(source, end="")
        return
    sys.stdout.buffer.write(source.encode())
    sys.stdout.buffer.flush()


def say_line(line: str) -> None:
    """Print what is one line whatever stands in it."""
    say(one_line(line))


def show(value: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an object: as JSON, or one line for each field."""
    if as_json:
        print_json(value)
        return
    widest = max(map(len, value))
    for name, field in value.items():
        say_line(f"{name:{widest}}  {text_of(field)}".rstrip())


def show_list(name: str, rows: Iterable[Mapping[str, Any]], columns: Iterable[str], *, as_json: bool) -> None:
    """Print rows: as one JSON object with them under `name`, or as lines with these columns.

    Long texts are cut; what one may want to paste into the next command, an id above all, never is.
    """
    rows, columns = list(rows), list(columns)
    if as_json:
        print_json({name: rows})
        return
    if not rows:
        say(f"There are no {name}.", to_errors=True)
        return
    lines = [[column.upper() for column in columns], *(_cells(row, columns) for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        say_line("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: Mapping[str, Any], columns: list[str]) -> list[str]:
    """The cells of a row; what stands last is whole, as it moves no other."""
    texts = [one_line(" ".join(text_of(row[column]).split())) for column in columns]
    return [
        *(text if len(text) <= _CELL_CHARACTERS else f"{text[: _CELL_CHARACTERS - 1]}…" for text in texts[:-1]),
        texts[-1],
    ]


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    say(json.dumps(value, ensure_ascii=False, indent=2))


def text_of(value: Any) -> str:
    """A value as a person reads it: lists with commas, nothing for null, anything else that is no text as JSON."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_interactive() -> bool:
    """Whether somebody looks at a terminal that can show things change."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
