"""What is right in a program and yet hardly meant.

Statements that never run, variables that nobody uses, and properties that results do not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.program.findings import Finding
from domain.program.results import unknown_properties
from domain.program.signatures import Signatures

type Found = Iterator[Finding]

_LEAVING = {
    "BreakStmt": "a BreakStmt",
    "ContinueStmt": "a ContinueStmt",
    "FailStmt": "a FailStmt",
    "ReturnStmt": "a ReturnStmt",
    "ThrowStmt": "a ThrowStmt",
}
_BODIES = ("thenBranch", "elseBranch", "body", "handler")


def warnings(program: dict[str, Any], signatures: Signatures) -> Found:
    """What a program that can be stored is warned of, with its place."""
    yield from _unreachable(program["body"], "body")
    yield from _unused(program)
    yield from unknown_properties(program, signatures)


def _unreachable(statements: list[Any], at: str) -> Found:
    left_by: str | None = None
    for index, node in enumerate(statements):
        path = f"{at}[{index}]"
        if left_by:
            yield Finding(path, f"it never runs: {left_by} comes before it", "warning")
            return
        yield from _within(node, path)
        left_by = _leaves(node)


def _within(node: Any, path: str) -> Found:
    if node["kind"] == "BlockStmt":
        yield from _unreachable(node["body"], f"{path}.body")
        return
    for name in _BODIES:
        if node.get(name):
            yield from _within(node[name], f"{path}.{name}")


def _leaves(node: Any) -> str | None:
    """What makes control always leave a statement other than towards the next one."""
    match node["kind"]:
        case "BlockStmt":
            return next((left_by for each in node["body"] if (left_by := _leaves(each))), None)
        case "IfStmt" if node.get("elseBranch"):
            then, otherwise = _leaves(node["thenBranch"]), _leaves(node["elseBranch"])
            return then and otherwise and "a branch either way"
        case kind:
            return _LEAVING.get(kind)


class _Scope:
    def __init__(self, outer: _Scope | None = None) -> None:
        self.outer = outer
        self.declared: dict[str, str | None] = {}

    def use(self, name: str) -> None:
        if name in self.declared:
            self.declared[name] = None
        elif self.outer:
            self.outer.use(name)

    def unused(self) -> Found:
        for name, path in self.declared.items():
            if path is not None:
                yield Finding(path, f"the variable {name} is never used", "warning", within="name")


def _unused(program: dict[str, Any]) -> Found:
    scope = _Scope()
    for index, node in enumerate(program["body"]):
        yield from _statement(node, f"body[{index}]", scope)
    yield from scope.unused()


def _statement(node: Any, at: str, scope: _Scope) -> Found:
    kind = node["kind"]
    if kind == "BlockStmt":
        inner = _Scope(scope)
        for index, each in enumerate(node["body"]):
            yield from _statement(each, f"{at}.body[{index}]", inner)
        yield from inner.unused()
        return
    for field, each in node.items():
        if field not in _BODIES:
            _use(each, scope)
    if kind == "LetStmt" and not node["name"].startswith("_"):
        scope.declared[node["name"]] = at
    for field in _BODIES:
        if node.get(field):
            inner = _Scope(scope)
            # The variables of a loop and of a caught failure may well go unused: nobody chose to have them.
            if (kind, field) in {("ForEachStmt", "body"), ("TryStmt", "handler")}:
                inner.declared = dict.fromkeys([node["name"], *node.get("others", [])])
            body = _Scope(inner)
            yield from _statement(node[field], f"{at}.{field}", body)
            yield from body.unused()


def _use(node: Any, scope: _Scope) -> None:
    """Note what an expression uses."""
    match node:
        case list():
            for each in node:
                _use(each, scope)
        case {"kind": "VarRef", "name": name}:
            scope.use(name)
        case {"kind": "Literal"}:
            pass
        case {"kind": "ListCompExpr" | "DictCompExpr"}:
            _use(node["iterable"], scope)
            inner = _Scope(scope)
            inner.declared = dict.fromkeys([node["name"], *node.get("others", [])])
            for field in ("cond", "element", "key", "value"):
                _use(node.get(field), inner)
        case dict():
            for each in node.values():
                _use(each, scope)
