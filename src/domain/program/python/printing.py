"""Writes programs as Python: read again, it is the same program, in its normal form."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Iterator
from typing import Any

from domain.program.python.context import Tree
from domain.program.python.names import GENERIC, HELPERS, MODULE
from domain.program.python.normal import normal
from domain.program.python.printing_expressions import Expressions, quoted
from domain.program.signatures import Signatures

_INDENT = "    "
_LONGEST = 100
_AUGMENTED = ("+", "-", "*", "/", "%")


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
        write = self._expressions.write
        match node:
            case {"kind": "LetStmt", "name": name, "init": init}:
                yield from self._wrapped(f"{name} = ", init)
            case {"kind": "AssignStmt"}:
                yield from self._assignment(node)
            case {"kind": "ExprStmt", "expr": expr}:
                yield from self._wrapped("", expr)
            case {"kind": "BlockStmt"}:
                self.imports.add("block")
                yield "with block():"
                yield from self._inside(node)
            case {"kind": "IfStmt"}:
                yield from self._if(node, "if")
            case {"kind": "ForEachStmt", "name": name, "iterable": iterable, "body": body}:
                yield f"for {', '.join([name, *node.get('others', [])])} in {write(iterable)}:"
                yield from self._inside(body)
            case {"kind": "WhileStmt", "cond": cond, "body": body}:
                yield f"while {write(cond)}:"
                yield from self._inside(body)
            case {"kind": "TryStmt", "body": body, "name": name, "handler": handler}:
                yield "try:"
                yield from self._inside(body)
                self.imports.add("Failure")
                yield f"except Failure as {name}:"
                yield from self._inside(handler)
            case {"kind": "ReturnStmt", "value": value}:
                self.returns = True
                yield from self._wrapped("return ", value)
            case {"kind": "FailStmt", "message": message}:
                self.imports.add("fail")
                yield f"fail({write(message)})"
            case {"kind": "ThrowStmt", "message": message}:
                self.imports.add("Failure")
                yield f"raise Failure({write(message)})"
            case _:
                yield {"BreakStmt": "break", "ContinueStmt": "continue"}.get(node["kind"], "return")

    def _inside(self, node: Tree) -> Iterator[str]:
        statements = node["body"] if node["kind"] == "BlockStmt" else [node]
        yield from (f"{_INDENT}{line}" for each in statements for line in self.lines(each))
        if not statements:
            yield f"{_INDENT}pass"

    def _if(self, node: Tree, word: str) -> Iterator[str]:
        yield f"{word} {self._expressions.write(node['cond'])}:"
        yield from self._inside(node["thenBranch"])
        otherwise: Any = node.get("elseBranch")
        if otherwise and otherwise["kind"] == "IfStmt":
            yield from self._if(otherwise, "elif")
        elif otherwise:
            yield "else:"
            yield from self._inside(otherwise)

    def _wrapped(self, before: str, node: Tree) -> Iterator[str]:
        """An expression at the end of a line; a long one has each of its parts on a line of its own."""
        line = f"{before}{self._expressions.write(node)}"
        opening, parts, closing = self._expressions.parts(node) if len(line) > _LONGEST else ("", [], "")
        if not parts:
            yield line
            return
        yield f"{before}{opening}"
        yield from (f"{_INDENT}{part}," for part in parts)
        yield closing

    def _assignment(self, node: Tree) -> Iterator[str]:
        name, value = node["name"], node["value"]
        match value:
            case {"kind": "BinaryExpr", "op": op, "left": {"kind": "VarRef", "name": left}} if left == name:
                if op in _AUGMENTED:
                    yield f"{name} {op}= {self._expressions.write(value['right'])}"
                    return
        yield from self._wrapped(f"{name} = ", value)
