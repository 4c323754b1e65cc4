"""Makes nodes of programs, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable

from domain.program.limits import NESTING
from domain.program.python.context import Tree
from domain.program.values import depth


def binary(op: str, left: Tree, right: Tree) -> Tree:
    """Two operands and what combines them."""
    return {"kind": "BinaryExpr", "op": op, "left": left, "right": right}


def call(callee: str, *args: Tree) -> Tree:
    """A call of a callable."""
    return {"kind": "CallExpr", "callee": callee, "args": list(args)}


def negative(operand: Tree) -> Tree:
    """A number with its sign changed; that of a literal is a literal itself."""
    value = operand.get("value")
    if operand["kind"] == "Literal" and isinstance(value, int | float) and not isinstance(value, bool):
        return {"kind": "Literal", "value": -value}
    return {"kind": "UnaryExpr", "op": "-", "operand": operand}


def loop_of(names: list[str]) -> Tree:
    """The names that a loop gives its items to; where it has none that could be read, it has one all the same."""
    first, *others = names or ["_"]
    return {"name": first, **({"others": others} if others else {})}


def template(parts: Iterable[str | Tree]) -> Tree:
    """A text of parts; texts that follow one another are one, and empty ones none."""
    joined: list[str | Tree] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return {"kind": "TemplateExpr", "parts": joined}


def body_of(statements: list[Tree]) -> Tree:
    """The body of a statement: one statement by itself, and any other number in a block."""
    return statements[0] if len(statements) == 1 else {"kind": "BlockStmt", "body": statements}


def list_of(elements: list[Tree]) -> Tree:
    """A list; one of literals is a literal itself."""
    if all(element["kind"] == "Literal" for element in elements):
        values = [element["value"] for element in elements]
        if depth(values) <= NESTING:
            return {"kind": "Literal", "value": values}
    return {"kind": "ArrayExpr", "elements": elements}


def object_of(properties: list[Tree]) -> Tree:
    """An object; one of literals is a literal itself."""
    if all(each["value"]["kind"] == "Literal" for each in properties):
        values = {each["key"]: each["value"]["value"] for each in properties}
        if depth(values) <= NESTING:
            return {"kind": "Literal", "value": values}
    return {"kind": "ObjectExpr", "properties": properties}
