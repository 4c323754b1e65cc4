"""Outlines: the statements of a program as lines that a person reads, each at the path of its node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.program.lines import Lines
from domain.program.python.printing_expressions import Expressions
from domain.program.signatures import Signatures

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Line:
    """A statement: the path of its node, how deep it stands, its kind, its text, and the line of its source if any."""

    at: str
    depth: int
    kind: str
    text: str
    number: int | None = None


def outline(program: Any, signatures: Signatures, lines: Lines | None = None) -> list[Line]:
    """The lines of a program, which is a tree as it is stored, as Python begins its statements."""
    outlined = _Outline(Expressions(signatures), lines)
    return [line for i, node in enumerate(program["body"]) for line in outlined.lines(node, f"body[{i}]", 0)]


class _Outline:
    def __init__(self, expressions: Expressions, lines: Lines | None) -> None:
        self._write = expressions.write
        self._loop = expressions.loop
        self._lines = lines

    def lines(self, node: Any, at: str, depth: int) -> Iterator[Line]:
        kind = node["kind"]
        if kind == "BlockStmt":
            # A block is no line of its own where it is the body of a statement.
            if not depth:
                yield self._line(at, depth, kind, "with block()")
            inside = depth or 1
            for i, inner in enumerate(node["body"]):
                yield from self.lines(inner, f"{at}.body[{i}]", inside)
            return
        yield self._line(at, depth, kind, self._text(node))
        match kind:
            case "IfStmt":
                yield from self.lines(node["thenBranch"], f"{at}.thenBranch", depth + 1)
                if node.get("elseBranch"):
                    yield self._line(f"{at}.elseBranch", depth, kind, "else")
                    yield from self.lines(node["elseBranch"], f"{at}.elseBranch", depth + 1)
            case "ForEachStmt" | "WhileStmt":
                yield from self.lines(node["body"], f"{at}.body", depth + 1)
            case "TryStmt":
                yield from self.lines(node["body"], f"{at}.body", depth + 1)
                yield self._line(f"{at}.handler", depth, kind, f"except Failure as {node['name']}")
                yield from self.lines(node["handler"], f"{at}.handler", depth + 1)

    def _line(self, at: str, depth: int, kind: str, text: str) -> Line:
        cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        return Line(at, depth, kind, cut, self._lines.at(at) if self._lines else None)

    def _text(self, node: Any) -> str:
        match node["kind"]:
            case "LetStmt":
                init = node.get("init")
                return f"{node['name']} = {self._write(init) if init else None}"
            case "AssignStmt":
                return f"{node['name']} = {self._write(node['value'])}"
            case "ExprStmt":
                return self._write(node["expr"])
            case "IfStmt":
                return f"if {self._write(node['cond'])}"
            case "ForEachStmt":
                return self._loop(node)
            case "WhileStmt":
                return f"while {self._write(node['cond'])}"
            case "TryStmt":
                return "try"
            case "ReturnStmt":
                return f"return {self._write(node['value'])}" if node.get("value") else "return"
            case "FailStmt":
                return f"fail({self._write(node['message'])})"
            case "ThrowStmt":
                return f"raise Failure({self._write(node['message'])})"
            case "BreakStmt":
                return "break"
            case _:
                return "continue"
