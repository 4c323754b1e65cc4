"""How Python begins statements: a simple one whole, and of a compound one what stands before its colon."""

from __future__ import annotations

from typing import NamedTuple

from domain.program.python.context import Tree
from domain.program.python.printing_expressions import Expressions

_AUGMENTED = ("+", "-", "*", "/", "%")
_NULL: Tree = {"kind": "Literal", "value": None}


class Beginning(NamedTuple):
    """What stands before the expression of a statement, that expression if it has one, and what stands behind it."""

    before: str
    expression: Tree | None = None
    behind: str = ""


def beginning(node: Tree, expressions: Expressions) -> Beginning:
    """The beginning of a statement; notes the names that it needs to have imported."""
    match node:
        case {"kind": "LetStmt", "name": name}:
            return Beginning(f"{name} = ", node.get("init") or _NULL)
        case {
            "kind": "AssignStmt",
            "name": name,
            "value": {"kind": "BinaryExpr", "op": op, "left": {"kind": "VarRef", "name": left}, "right": right},
        } if left == name and op in _AUGMENTED:
            return Beginning(f"{name} {op}= ", right)
        case {"kind": "AssignStmt", "name": name, "value": value}:
            return Beginning(f"{name} = ", value)
        case {"kind": "ExprStmt", "expr": expr}:
            return Beginning("", expr)
        case {"kind": "IfStmt", "cond": cond}:
            return Beginning("if ", cond)
        case {"kind": "WhileStmt", "cond": cond}:
            return Beginning("while ", cond)
        case {"kind": "ForEachStmt"}:
            return Beginning(expressions.loop(node))
        case {"kind": "TryStmt"}:
            return Beginning("try")
        case {"kind": "BlockStmt"}:
            expressions.imports.add("block")
            return Beginning("with block()")
        case {"kind": "ReturnStmt"}:
            return Beginning("return ", node["value"]) if node.get("value") else Beginning("return")
        case {"kind": "FailStmt", "message": message}:
            expressions.imports.add("fail")
            return Beginning("fail(", message, ")")
        case {"kind": "ThrowStmt", "message": message}:
            expressions.imports.add("Failure")
            return Beginning("raise Failure(", message, ")")
        case _:
            return Beginning("break" if node["kind"] == "BreakStmt" else "continue")


def on_one_line(node: Tree, expressions: Expressions) -> str:
    """The beginning of a statement as one line, however long."""
    before, expression, behind = beginning(node, expressions)
    return f"{before}{expressions.write(expression) if expression else ''}{behind}"


def except_of(node: Tree, expressions: Expressions) -> str:
    """How Python begins what a `TryStmt` does on a failure."""
    expressions.imports.add("Failure")
    return f"except Failure as {node['name']}"
