"""Writes programs as Python: read again, it is the same program, in its normal form."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Iterator
from typing import Any

from domain.program.python.beginnings import beginning, except_of, on_one_line
from domain.program.python.context import Tree
from domain.program.python.names import GENERIC, HELPERS, MODULE
from domain.program.python.normal import normal
from domain.program.python.printing_expressions import Expressions, quoted
from domain.program.signatures import Signatures

_INDENT = "    "
_LONGEST = 100


def namespaces(signatures: Signatures) -> set[str]:
    """The namespaces of callables that Python imports."""
    return {name.partition(".")[0] for name in signatures} - {GENERIC}


def written(
    program: Tree, signatures: Signatures, *, name: str, description: str = "", workflow_id: str | None = None
) -> str:
    """A workflow as Python, its program being one that has no findings."""
    imported = namespaces(signatures)
    body = normal(program, imported)["body"]
    printer = _Statements(Expressions(signatures))
    lines = [f"{_INDENT}{line}" for node in body for line in printer.lines(node)]
    documented, texts = _texts(name, description, workflow_id, has_text_first=_is_text(body[0]) if body else False)
    imports = sorted({"Input", "workflow", *printer.imports}, key=lambda each: (not each[0].isupper(), each))
    returns = "Any" if printer.returns else "None"
    head = ["from typing import Any", ""] if printer.returns else []
    head += [*_import(imports), "", "", f"@workflow({', '.join(texts)})"]
    head.append(f"def {_function_name(name, {*imported, *HELPERS})}(input: Input) -> {returns}:")
    return "\n".join([*head, *documented, *(lines or [f"{_INDENT}pass"])]) + "\n"


def _import(names: list[str]) -> list[str]:
    line = f"from {MODULE} import {', '.join(names)}"
    return [line] if len(line) <= 120 else [f"from {MODULE} import (", *(f"{_INDENT}{name}," for name in names), ")"]


def _is_text(node: Tree) -> bool:
    return bool(node["kind"] == "ExprStmt" and isinstance(node["expr"].get("value"), str))


def _texts(
    name: str, description: str, workflow_id: str | None, *, has_text_first: bool
) -> tuple[list[str], list[str]]:
    """The docstring, and what the decorator has: the description too, if it would not survive in a docstring."""
    texts = [f"name={quoted(name)}", *([f"id={quoted(workflow_id)}"] if workflow_id else [])]
    is_plain = description == inspect.cleandoc(description) and all(
        character == "\n" or character.isprintable() for character in description
    )
    if description and is_plain and not description.endswith(('"', "\\")):
        text = description.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        first, *others = text.split("\n")
        lines = [f'{_INDENT}"""{first}', *(f"{_INDENT}{line}" if line else "" for line in others)]
        if others:
            return [*lines, f'{_INDENT}"""'], texts
        return [f'{lines[0]}"""'], texts
    if description:
        texts.append(f"description={quoted(description)}")
    # A text that is the first step would be taken for the description.
    return ([f'{_INDENT}""""""'] if has_text_first else []), texts


def _function_name(name: str, taken: set[str]) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    plain = words if words and not words[0].isdigit() else f"run_{words}".rstrip("_")
    return f"{plain}_workflow" if plain in taken or keyword.iskeyword(plain) else plain


class _Statements:
    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self.returns = False

    @property
    def imports(self) -> set[str]:
        return self._expressions.imports

    def lines(self, node: Tree) -> Iterator[str]:
        """The lines of a statement."""
        match node:
            case {"kind": "BlockStmt"}:
                yield f"{on_one_line(node, self._expressions)}:"
                yield from self._inside(node)
            case {"kind": "IfStmt"}:
                yield from self._if(node)
            case {"kind": "ForEachStmt" | "WhileStmt", "body": body}:
                yield f"{on_one_line(node, self._expressions)}:"
                yield from self._inside(body)
            case {"kind": "TryStmt", "body": body, "handler": handler}:
                yield "try:"
                yield from self._inside(body)
                yield f"{except_of(node, self._expressions)}:"
                yield from self._inside(handler)
            case _:
                self.returns = self.returns or bool(node["kind"] == "ReturnStmt" and node.get("value"))
                yield from self._wrapped(node)

    def _inside(self, node: Tree) -> Iterator[str]:
        statements = node["body"] if node["kind"] == "BlockStmt" else [node]
        yield from (f"{_INDENT}{line}" for each in statements for line in self.lines(each))
        if not statements:
            yield f"{_INDENT}pass"

    def _if(self, node: Tree, before: str = "") -> Iterator[str]:
        yield f"{before}{on_one_line(node, self._expressions)}:"
        yield from self._inside(node["thenBranch"])
        otherwise: Any = node.get("elseBranch")
        if otherwise and otherwise["kind"] == "IfStmt":
            yield from self._if(otherwise, "el")
        elif otherwise:
            yield "else:"
            yield from self._inside(otherwise)

    def _wrapped(self, node: Tree) -> Iterator[str]:
        """A simple statement; of a long one, each part of its expression has a line of its own."""
        line = on_one_line(node, self._expressions)
        before, expression, behind = beginning(node, self._expressions)
        if expression is not None and len(line) > _LONGEST:
            opening, parts, closing = self._expressions.parts(expression)
            if parts:
                yield f"{before}{opening}"
                yield from (f"{_INDENT}{part}," for part in parts)
                yield f"{closing}{behind}"
                return
        yield line
