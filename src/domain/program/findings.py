"""What is wrong with a program, and with the file that says it: where, in which words, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

type Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that is wrong with a program: where, and what; a warning keeps nobody from storing it.

    `path` is that of a node or a field. `within` is the field of that node which is meant, where the sentence says it:
    its value, or its key if `is_key`.
    """

    path: str
    message: str
    severity: Severity = "error"
    within: str = ""
    is_key: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source: its line and its column in characters, both from 1."""

    line: int
    column: int


START = Position(1, 1)


@dataclass(frozen=True, slots=True, order=True)
class SourceFinding:
    """Something that is wrong with a source: where, and what; `path` is the place in what the source says."""

    position: Position
    message: str
    severity: Severity = "error"
    path: str = field(default="", compare=False)


def place(path: str, positions: Mapping[str, Position]) -> Position:
    """Where a path came from, or else the nearest node around it."""
    while path not in positions and path:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return positions.get(path, START)


def told(findings: Iterable[SourceFinding], source: str, file: str) -> str:
    """The findings as a compiler tells them: `file:line:column: sentence`, the line of the source, and a caret."""
    lines = source_lines(source)
    return "\n".join(_told(finding, lines, file) for finding in findings)


def _told(finding: SourceFinding, lines: list[str], file: str) -> str:
    at = finding.position
    line = lines[at.line - 1].rstrip("\r\n") if at.line <= len(lines) else ""
    # Tabs stay tabs, so that the caret stands below its character however wide they are shown.
    before = "".join("\t" if character == "\t" else " " for character in line[: at.column - 1])
    mark = "" if finding.severity == "error" else f"{finding.severity}: "
    return f"{file}:{at.line}:{at.column}: {mark}{finding.message}\n    {line}\n    {before}^"


def source_lines(source: str) -> list[str]:
    """The lines of a source as Python counts them: a form feed or a separator of Unicode ends none."""
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
