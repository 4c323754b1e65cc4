"""The meaning of a program's names: variables declared, callables known, loops around what leaves them.

Walks the raw JSON and passes over what is not a node, so that one mistake hides no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from domain.program.findings import Finding
from domain.program.limits import NESTING
from domain.program.nodes import IDENTIFIER
from domain.program.signatures import Given, Signatures
from domain.program.values import ensure_storable

type Found = Iterator[Finding]


class Names:
    """The variables that are declared at a place, innermost scope first, with what was declared within and is over."""

    def __init__(self, outer: Names | None = None, within: str = "") -> None:
        """`within` says what the scope is that of, with its place."""
        self._outer = outer
        self._within = within
        self._own: dict[str, str] = {}
        self._over: dict[str, str] = outer._over if outer else {}

    def declare(self, name: Any, at: str, field: str = "name") -> Found:
        """Add a variable, which a field of the node at a path names, to this scope, in which it must be new."""
        if not _is_name(name):
            return
        if name in self._own:
            message = f"the variable {name} is already declared in this scope, {self._own[name]}"
            yield Finding(at, message, within=field)
        else:
            self._own[name] = f"at {at}"
            # Whoever asks for it within this scope finds it there; who does later, learns where it was.
            if self._within:
                self._over[name] = self._within

    def predeclare(self, name: str) -> None:
        """Add a variable that is there from the start."""
        self._own[name] = "from the start"

    def require(self, name: Any, at: str) -> Found:
        """Ask for a variable, named by the node at a path, of this scope or one around it."""
        if _is_name(name) and name not in (known := self._known()):
            close = suggestion(name, known)
            if not close and (within := self._over.get(name)):
                message = f"the variable {name} is declared within {within}, and ends there"
            else:
                message = f"the variable {name} was never declared{close}"
            yield Finding(at, message, within="name")

    def _known(self) -> list[str]:
        return [*self._own, *(self._outer._known() if self._outer else [])]


class Walk:
    """One walk over a program."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures

    def program(self, body: list[Any]) -> Found:
        """Walk the steps in order, their variables living from one to the next."""
        names = Names()
        names.predeclare("input")
        for index, step in enumerate(body):
            yield from self._statement(step, f"body[{index}]", names, 1, in_loop=False)

    def _statement(self, node: Any, at: str, names: Names, depth: int, *, in_loop: bool) -> Found:
        if not isinstance(node, dict):
            return
        if depth > NESTING:
            yield Finding(at, f"nodes are nested deeper than the limit of {NESTING} levels")
            return
        below = depth + 1
        match node.get("kind"):
            case "LetStmt":
                yield from self._expression(node.get("init"), f"{at}.init", names, below)
                yield from names.declare(node.get("name"), at)
            case "AssignStmt":
                yield from self._expression(node.get("value"), f"{at}.value", names, below)
                yield from names.require(node.get("name"), at)
            case "ExprStmt":
                yield from self._expression(node.get("expr"), f"{at}.expr", names, below)
            case "IfStmt":
                yield from self._expression(node.get("cond"), f"{at}.cond", names, below)
                for branch in ("thenBranch", "elseBranch"):
                    inner = Names(names, f"the branch at {at}.{branch}")
                    yield from self._statement(node.get(branch), f"{at}.{branch}", inner, below, in_loop=in_loop)
            case "BlockStmt" if isinstance(node.get("body"), list):
                inner = Names(names, f"the block at {at}")
                for index, statement in enumerate(node["body"]):
                    yield from self._statement(statement, f"{at}.body[{index}]", inner, below, in_loop=in_loop)
            case "ForEachStmt":
                yield from self._expression(node.get("iterable"), f"{at}.iterable", names, below)
                loop = f"the loop at {at}"
                inner = Names(names, loop)
                yield from _declared(inner, node, at)
                yield from self._statement(node.get("body"), f"{at}.body", Names(inner, loop), below, in_loop=True)
            case "WhileStmt":
                yield from self._expression(node.get("cond"), f"{at}.cond", names, below)
                inner = Names(names, f"the loop at {at}")
                yield from self._statement(node.get("body"), f"{at}.body", inner, below, in_loop=True)
            case "BreakStmt" | "ContinueStmt" as kind if not in_loop:
                yield Finding(at, f"{kind} stands outside a loop")
            case "TryStmt":
                inner = Names(names, f"the body of the TryStmt at {at}")
                yield from self._statement(node.get("body"), f"{at}.body", inner, below, in_loop=in_loop)
                handler = f"the handler of the TryStmt at {at}"
                inner = Names(names, handler)
                yield from inner.declare(node.get("name"), at)
                inner = Names(inner, handler)
                yield from self._statement(node.get("handler"), f"{at}.handler", inner, below, in_loop=in_loop)
            case "ReturnStmt":
                yield from self._expression(node.get("value"), f"{at}.value", names, below)
            case "FailStmt" | "ThrowStmt":
                yield from self._expression(node.get("message"), f"{at}.message", names, below)

    def _expression(self, node: Any, at: str, names: Names, depth: int) -> Found:
        if not isinstance(node, dict):
            return
        if depth > NESTING:
            yield Finding(at, f"nodes are nested deeper than the limit of {NESTING} levels")
            return
        match node.get("kind"):
            case "Literal":
                yield from _storable(node.get("value"), f"{at}.value")
            case "VarRef":
                yield from names.require(node.get("name"), at)
            case "MemberExpr":
                yield from _storable(node.get("property"), f"{at}.property")
            case "CallExpr":
                yield from self._callee(node, at)
            case "ListCompExpr" | "DictCompExpr":
                # Only the list that it goes over stands outside the scope of its variables.
                yield from self._expression(node.get("iterable"), f"{at}.iterable", names, depth + 1)
                names = Names(names, f"the comprehension at {at}")
                yield from _declared(names, node, at)
        for path, inner in _operands(node, at):
            if isinstance(inner, str):
                yield from _storable(inner, path)
            else:
                yield from self._expression(inner, path, names, depth + 1)

    def _callee(self, node: dict[str, Any], at: str) -> Found:
        callee, args = node.get("callee"), node.get("args", [])
        if not isinstance(callee, str):
            return
        signature = self._signatures.get(callee)
        if signature is None:
            yield Finding(f"{at}.callee", f"unknown callable {callee!r}{suggestion(callee, self._signatures)}")
        elif isinstance(args, list) and not signature.takes(len(args)):
            taken = f"{signature.call_text()} takes {signature.arity_text()} arguments"
            yield Finding(f"{at}.args", f"{taken}, and has {len(args)}")
        elif isinstance(args, list) and (refused := signature.refusal(_given(args), len(args))):
            yield Finding(at, f"{callee}: {refused}")


def _is_name(name: Any) -> bool:
    """Whether it can be a variable's name; that it cannot is told as what it is."""
    return isinstance(name, str) and re.fullmatch(IDENTIFIER, name) is not None


def _given(args: list[Any]) -> dict[int, Given]:
    """Of arguments those that the program says itself, by their positions, as far as it does."""
    found: dict[int, Given] = {}
    for index, node in enumerate(args):
        match node:
            case {"kind": "Literal", "value": value} if _is_storable(value):
                found[index] = Given(value)
            case {"kind": "ObjectExpr", "properties": list(properties)}:
                fields = {str(each.get("key")): each.get("value") for each in properties if isinstance(each, dict)}
                known = {
                    key: node["value"]
                    for key, node in fields.items()
                    if isinstance(node, dict) and node.get("kind") == "Literal" and "value" in node
                    if _is_storable(node["value"])
                }
                found[index] = Given(known, frozenset(fields) - frozenset(known))
    return found


def _is_storable(value: Any) -> bool:
    return not list(_storable(value, ""))


_SINGLE = {
    "BinaryExpr": ("left", "right"),
    "UnaryExpr": ("operand",),
    "MemberExpr": ("object",),
    "IndexExpr": ("object", "index"),
    "CondExpr": ("cond", "then", "else"),
    "ListCompExpr": ("cond", "element"),
    "DictCompExpr": ("cond", "key", "value"),
}
_LISTS = {"CallExpr": ("args",), "ArrayExpr": ("elements",), "TemplateExpr": ("parts",)}


def _operands(node: dict[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    """The expressions, and the keys and strings, directly within an expression, with their paths."""
    kind = node.get("kind")
    if not isinstance(kind, str):
        return
    for field in _SINGLE.get(kind, ()):
        if isinstance(node.get(field), dict):
            yield f"{at}.{field}", node[field]
    for field in _LISTS.get(kind, ()):
        listed = node.get(field)
        for index, inner in enumerate(listed if isinstance(listed, list) else ()):
            if kind == "TemplateExpr" or not isinstance(inner, str):
                yield f"{at}.{field}[{index}]", inner
    properties = node.get("properties")
    if kind == "ObjectExpr" and isinstance(properties, list):
        for index, inner in enumerate(properties):
            if isinstance(inner, dict):
                yield f"{at}.properties[{index}].key", str(inner.get("key", ""))
                yield f"{at}.properties[{index}].value", inner.get("value")


def _declared(names: Names, node: dict[str, Any], at: str) -> Found:
    """Declare the variables of a loop or a comprehension."""
    yield from names.declare(node.get("name"), at)
    others = node.get("others")
    for index, name in enumerate(others if isinstance(others, list) else ()):
        yield from names.declare(name, at, f"others[{index}]")


def _storable(value: Any, at: str) -> Found:
    try:
        ensure_storable(value, "it")
    except ValueError as unstorable:
        yield Finding(at, str(unstorable))


def suggestion(name: str, known: Iterable[str]) -> str:
    """A known name that the unknown one resembles, as the end of a sentence."""
    # A name in other letters, large and small, and a callable without its namespace are closer than any likeness.
    names = list(known)
    lower = name.lower()
    meant = next((each for each in names if lower in {each.lower(), each.lower().rpartition(".")[2]}), None)
    if close := [meant] if meant else get_close_matches(name, names, n=1):
        return f"; did you mean {close[0]}?"
    return ""
