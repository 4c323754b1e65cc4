"""The normal form of programs: what their Python says, without the differences that it cannot show.

It does what the program does: variables are renamed where Python would take two for one, or a name for its own; lists,
objects and negative numbers of literals are literals; texts that follow one another in a template are one; the one
statement of a body stands without a block; and what may be left out, and is `null` or empty, is not there.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from typing import Any

from domain.program.python.context import Tree
from domain.program.python.names import FUNCTIONS, HELPERS, SPECIAL_FUNCTIONS
from domain.program.python.shapes import list_of, negative, object_of, template

_MOST_LETTERS = 58
_OF_PYTHON = {*keyword.kwlist, *FUNCTIONS, *SPECIAL_FUNCTIONS, "Any", "Exception", "__debug__"}


class _Scope:
    """The names that variables have at a place, by those that they had, and those of all around, hidden or not."""

    def __init__(self, outer: _Scope | None = None) -> None:
        self.names: dict[str, str] = dict(outer.names) if outer else {"input": "input"}
        self.taken: set[str] = set(outer.taken) if outer else {"input"}


def normal(program: Tree, namespaces: Iterable[str]) -> Tree:
    """The normal form of a program that has no findings, `namespaces` being those that Python imports."""
    return _Normal(program, namespaces).program(program)


class _Normal:
    def __init__(self, program: Tree, namespaces: Iterable[str]) -> None:
        self._reserved = {*_OF_PYTHON, *HELPERS, *namespaces}
        self._used = {*self._reserved, *_names(program)}

    def program(self, program: Tree) -> Tree:
        scope = _Scope()
        return {"kind": "Program", "body": [self._statement(node, scope) for node in program["body"]]}

    def _declare(self, name: str, scope: _Scope, *, may_hide: bool = False) -> str:
        """Give a variable its name: its own, if that is free here and no word of Python."""
        new = name
        if name in self._reserved or (name in scope.taken and not may_hide):
            new = next(each for each in _candidates(name) if each not in self._used)
            self._used.add(new)
        scope.names[name] = new
        scope.taken.add(new)
        return new

    def _body(self, node: Tree, scope: _Scope) -> Tree:
        """A statement that is the body of another; the one statement of a block stands for itself."""
        if node["kind"] == "BlockStmt" and len(node["body"]) == 1:
            return self._body(node["body"][0], scope)
        return self._statement(node, scope)

    def _loop(self, node: Tree, scope: _Scope, *, may_hide: bool = False) -> Tree:
        names = [self._declare(name, scope, may_hide=may_hide) for name in (node["name"], *node.get("others", []))]
        return {"name": names[0], **({"others": names[1:]} if names[1:] else {})}

    def _statement(self, node: Tree, scope: _Scope) -> Tree:
        kind = node["kind"]
        match kind:
            case "LetStmt":
                init = self._expression(node.get("init") or {"kind": "Literal", "value": None}, scope)
                return {"kind": kind, "name": self._declare(node["name"], scope), "init": init}
            case "AssignStmt":
                return {
                    "kind": kind,
                    "name": scope.names[node["name"]],
                    "value": self._expression(node["value"], scope),
                }
            case "BlockStmt":
                inner = _Scope(scope)
                return {"kind": kind, "body": [self._statement(each, inner) for each in node["body"]]}
            case "IfStmt":
                cond = self._expression(node["cond"], scope)
                then = self._body(node["thenBranch"], _Scope(scope))
                otherwise = node.get("elseBranch")
                branch = {"elseBranch": self._body(otherwise, _Scope(scope))} if otherwise else {}
                return {"kind": kind, "cond": cond, "thenBranch": then, **branch}
            case "ForEachStmt":
                iterable, inner = self._expression(node["iterable"], scope), _Scope(scope)
                names = self._loop(node, inner)
                return {"kind": kind, **names, "iterable": iterable, "body": self._body(node["body"], _Scope(inner))}
            case "WhileStmt":
                cond = self._expression(node["cond"], scope)
                return {"kind": kind, "cond": cond, "body": self._body(node["body"], _Scope(scope))}
            case "TryStmt":
                body, inner = self._body(node["body"], _Scope(scope)), _Scope(scope)
                name = self._declare(node["name"], inner)
                return {"kind": kind, "body": body, "name": name, "handler": self._body(node["handler"], _Scope(inner))}
            case "BreakStmt" | "ContinueStmt":
                return {"kind": kind}
            case "ReturnStmt":
                value = node.get("value")
                return {"kind": kind, **({"value": self._expression(value, scope)} if value else {})}
            case _:
                field = "expr" if kind == "ExprStmt" else "message"
                return {"kind": kind, field: self._expression(node[field], scope)}

    def _expression(self, node: Tree, scope: _Scope) -> Tree:
        kind = node["kind"]
        match kind:
            case "Literal":
                return {"kind": kind, "value": node["value"]}
            case "VarRef":
                return {"kind": kind, "name": scope.names[node["name"]]}
            case "UnaryExpr" if node["op"] == "-":
                return negative(self._expression(node["operand"], scope))
            case "CallExpr":
                return {"kind": kind, "callee": node["callee"], "args": self._all(node.get("args", []), scope)}
            case "ArrayExpr":
                return list_of(self._all(node["elements"], scope))
            case "ObjectExpr":
                properties = node["properties"]
                return object_of(
                    [{"key": each["key"], "value": self._expression(each["value"], scope)} for each in properties]
                )
            case "TemplateExpr":
                parts = node["parts"]
                return template(part if isinstance(part, str) else self._expression(part, scope) for part in parts)
            case "ListCompExpr" | "DictCompExpr":
                iterable, inner = self._expression(node["iterable"], scope), _Scope(scope)
                names = self._loop(node, inner, may_hide=True)
                made: Tree = {
                    name: self._expression(node[name], inner) for name in ("element", "key", "value") if name in node
                }
                cond = {"cond": self._expression(node["cond"], inner)} if node.get("cond") else {}
                return {"kind": kind, **made, **names, "iterable": iterable, **cond}
            case _:
                # What is left has operands that are expressions, beside an operator or the name of a property.
                return {
                    name: self._expression(each, scope) if isinstance(each, dict) else each
                    for name, each in node.items()
                }

    def _all(self, nodes: list[Tree], scope: _Scope) -> list[Tree]:
        return [self._expression(node, scope) for node in nodes]


def _candidates(name: str) -> Iterator[str]:
    base = name[:_MOST_LETTERS]
    yield f"{base}_"
    number = 2
    while True:
        yield f"{base}_{number}"
        number += 1


def _names(program: Tree) -> Iterator[str]:
    """Every name that a program has for a variable, whatever its scope."""
    waiting: list[Any] = [program]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if isinstance(node.get("name"), str):
                yield node["name"]
            yield from node.get("others", [])
            waiting += [
                each
                for field, each in node.items()
                if field not in {"others", "name"} and node.get("kind") != "Literal"
            ]
