"""What is wrong with a workflow written as Python: where in its source, and in which words."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from domain.program.checker import Severity


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source: its line and its column in characters, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class SourceFinding:
    """Something that is wrong with a source: where, and what."""

    position: Position
    message: str
    severity: Severity = "error"


def position_of(node: ast.AST, lines: list[str]) -> Position:
    """Where a node of Python's tree begins; that tree counts bytes, and people count characters."""
    line: int = getattr(node, "lineno", 1)
    before = lines[line - 1].encode()[: getattr(node, "col_offset", 0)] if line <= len(lines) else b""
    return Position(line, len(before.decode(errors="replace")) + 1)


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
