"""Outlines: the statements of a program as lines that a person reads, each at the path of its node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.program.values import dumps

_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Line:
    """A statement: the path of its node, how deep it stands, its kind, and its text."""

    at: str
    depth: int
    kind: str
    text: str


def outline(program: Any) -> list[Line]:
    """The lines of a program, which is a tree as it is stored."""
    return [line for i, node in enumerate(program["body"]) for line in _lines(node, f"body[{i}]", 0)]


def _lines(node: Any, at: str, depth: int) -> Iterator[Line]:
    kind = node["kind"]
    if kind == "BlockStmt":
        # A block is no line of its own where it is the body of a statement.
        if not depth:
            yield Line(at, depth, kind, "block")
        inside = depth or 1
        for i, inner in enumerate(node["body"]):
            yield from _lines(inner, f"{at}.body[{i}]", inside)
        return
    yield Line(at, depth, kind, _cut(_text(node)))
    match kind:
        case "IfStmt":
            yield from _lines(node["thenBranch"], f"{at}.thenBranch", depth + 1)
            if node.get("elseBranch"):
                yield Line(f"{at}.elseBranch", depth, kind, "else")
                yield from _lines(node["elseBranch"], f"{at}.elseBranch", depth + 1)
        case "ForEachStmt" | "WhileStmt":
            yield from _lines(node["body"], f"{at}.body", depth + 1)
        case "TryStmt":
            yield from _lines(node["body"], f"{at}.body", depth + 1)
            yield Line(f"{at}.handler", depth, kind, f"except as {node['name']}")
            yield from _lines(node["handler"], f"{at}.handler", depth + 1)


def _text(node: Any) -> str:
    match node["kind"]:
        case "LetStmt":
            return f"{node['name']} = {_expression(node.get('init'))}"
        case "AssignStmt":
            return f"{node['name']} = {_expression(node['value'])}"
        case "ExprStmt":
            return _expression(node["expr"])
        case "IfStmt":
            return f"if {_expression(node['cond'])}"
        case "ForEachStmt":
            return f"for {_loop(node)}"
        case "WhileStmt":
            return f"while {_expression(node['cond'])}"
        case "TryStmt":
            return "try"
        case "ReturnStmt":
            return f"return {_expression(node['value'])}" if node.get("value") else "return"
        case "FailStmt":
            return f"fail {_expression(node['message'])}"
        case "ThrowStmt":
            return f"raise {_expression(node['message'])}"
        case "BreakStmt":
            return "break"
        case _:
            return "continue"


def _expression(node: Any) -> str:
    """An expression in short: calls with their arguments, everything else much as it would be written."""
    if node is None:
        return "null"
    match node["kind"]:
        case "Literal":
            return dumps(node["value"])
        case "VarRef":
            return str(node["name"])
        case "BinaryExpr":
            return f"{_operand(node['left'])} {node['op']} {_operand(node['right'])}"
        case "UnaryExpr":
            return f"{node['op']}{_operand(node['operand'])}"
        case "CallExpr":
            return f"{node['callee']}({', '.join(map(_expression, node.get('args', [])))})"
        case "MemberExpr":
            return f"{_operand(node['object'])}.{node['property']}"
        case "IndexExpr":
            return f"{_operand(node['object'])}[{_expression(node['index'])}]"
        case "ArrayExpr":
            return f"[{', '.join(map(_expression, node['elements']))}]"
        case "ObjectExpr":
            inside = ", ".join(f"{json.dumps(p['key'])}: {_expression(p['value'])}" for p in node["properties"])
            return f"{{{inside}}}"
        case "CondExpr":
            return f"{_operand(node['then'])} if {_operand(node['cond'])} else {_operand(node['else'])}"
        case "ListCompExpr":
            return f"[{_expression(node['element'])} for {_loop(node)}]"
        case "DictCompExpr":
            return f"{{{_expression(node['key'])}: {_expression(node['value'])} for {_loop(node)}}}"
        case _:
            parts = (part if isinstance(part, str) else f"{{{_expression(part)}}}" for part in node["parts"])
            return json.dumps("".join(parts), ensure_ascii=False)


def _loop(node: Any) -> str:
    """What a loop or a comprehension goes over, by which names, and on which condition."""
    text = f"{', '.join([node['name'], *node.get('others', [])])} in {_expression(node['iterable'])}"
    return f"{text} if {_expression(node['cond'])}" if node.get("cond") else text


def _operand(node: Any) -> str:
    text = _expression(node)
    return f"({text})" if node["kind"] in {"BinaryExpr", "UnaryExpr", "CondExpr"} else text


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
