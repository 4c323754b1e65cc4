"""Outlines: the statements of a program as lines that a person reads, each at the path of its node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.program.lines import NONE, Lines
from domain.program.python.beginnings import except_of, on_one_line
from domain.program.python.printing_expressions import Expressions
from domain.program.signatures import Signatures

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Line:
    """A statement: the path of its node, how deep it stands, its kind, its text, and the line of its source if any.

    An `else` or `except` stands at the path of what follows it, and as it is no node, no line of it is known.
    """

    at: str
    depth: int
    kind: str
    text: str
    number: int | None = None


def outline(program: Any, signatures: Signatures, lines: Lines = NONE) -> list[Line]:
    """The lines of a program, which is a tree as it is stored, as Python begins its statements."""
    outlined = _Outline(Expressions(signatures), lines)
    return [line for i, node in enumerate(program["body"]) for line in outlined.lines(node, f"body[{i}]", 0)]


class _Outline:
    def __init__(self, expressions: Expressions, lines: Lines) -> None:
        self._expressions = expressions
        self._lines = lines

    def lines(self, node: Any, at: str, depth: int) -> Iterator[Line]:
        kind = node["kind"]
        if kind == "BlockStmt":
            # A block is no line of its own where it is the body of a statement.
            if not depth:
                yield self._statement(node, at, depth)
            inside = depth or 1
            for i, inner in enumerate(node["body"]):
                yield from self.lines(inner, f"{at}.body[{i}]", inside)
            return
        if kind == "IfStmt":
            yield from self._if(node, at, depth)
            return
        yield self._statement(node, at, depth)
        if kind in {"ForEachStmt", "WhileStmt", "TryStmt"}:
            yield from self.lines(node["body"], f"{at}.body", depth + 1)
        if kind == "TryStmt":
            yield Line(f"{at}.handler", depth, kind, _cut(except_of(node, self._expressions)))
            yield from self.lines(node["handler"], f"{at}.handler", depth + 1)

    def _if(self, node: Any, at: str, depth: int, before: str = "") -> Iterator[Line]:
        yield self._statement(node, at, depth, before)
        yield from self.lines(node["thenBranch"], f"{at}.thenBranch", depth + 1)
        otherwise, where = node.get("elseBranch"), f"{at}.elseBranch"
        if otherwise and otherwise["kind"] == "IfStmt":
            yield from self._if(otherwise, where, depth, "el")
        elif otherwise:
            yield Line(where, depth, node["kind"], "else")
            yield from self.lines(otherwise, where, depth + 1)

    def _statement(self, node: Any, at: str, depth: int, before: str = "") -> Line:
        text = before + on_one_line(node, self._expressions)
        return Line(at, depth, node["kind"], _cut(text), self._lines.at(at))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
