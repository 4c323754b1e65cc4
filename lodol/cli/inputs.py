"""Inputs of programs, as they are given on a command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lodol.cli.console import Misused

if TYPE_CHECKING:
    from domain.program.values import Value

Input = Annotated[
    str | None, typer.Option("--input", help="JSON, or @FILE with JSON or YAML in it.", metavar="JSON|@FILE")
]


def read_input(text: str) -> "Value":
    """An input as it was given: JSON, or @FILE with it. Raises `Misused` for other text, `CannotDo` for such a file."""
    if text.startswith("@"):
        from lodol.cli.files import read_document

        return read_document(Path(text[1:])).value
    from domain.program.values import dumps, loads

    try:
        return loads(text)
    except ValueError as error:
        raise Misused(f"--input must be JSON: {error}. A text is written so: {dumps(text)}") from None
