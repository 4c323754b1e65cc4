"""What the readers of one source share: its names, what they found wrong, and where each node came from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from domain.program.findings import Position, SourceFinding
from domain.program.limits import NESTING
from domain.program.python.names import GENERIC
from domain.program.signatures import Signatures

type Tree = dict[str, Any]

TOO_DEEP = f"nodes are nested deeper than the limit of {NESTING} levels"
_LEVELS = 2 * NESTING + 2
"""As deep as nodes may be nested, and the value of a literal within: what is deeper is not walked through."""


@dataclass(slots=True)
class Context:
    """One reading of a source.

    `foreign` are the names that its imports would give it and must not, and `ended` the variables of which it was told
    that they are over: what is wrong is told once, and not at every use.
    """

    signatures: Signatures
    lines: list[str]
    imported: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    findings: list[SourceFinding] = field(default_factory=list)
    depth: int = 0
    _origins: dict[int, tuple[Tree, Position]] = field(default_factory=dict)

    def at(self, origin: ast.AST, tree: Tree) -> Tree:
        """Note where a node of the program came from."""
        # The node itself stays referenced, so that no other can get its id.
        self._origins[id(tree)] = (tree, _position(origin, self.lines))
        return tree

    def refuse(self, origin: ast.AST, message: str) -> Tree:
        """Note a finding; answers with a node that stands for what could not be read, and of which nothing is known."""
        self.findings.append(SourceFinding(_position(origin, self.lines), message))
        return self.at(origin, {"kind": "VarRef", "name": "input"})

    @contextmanager
    def within(self, origin: ast.AST) -> Iterator[bool]:
        """Go a level deeper; answers whether there may be anything as deep as that."""
        self.depth += 1
        if self.depth > _LEVELS:
            self.refuse(origin, TOO_DEEP)
        try:
            yield self.depth <= _LEVELS
        finally:
            self.depth -= 1

    def warn(self, origin: ast.AST, message: str) -> None:
        """Note a finding that keeps nobody from storing the program."""
        self.findings.append(SourceFinding(_position(origin, self.lines), message, "warning"))

    @property
    def is_too_deep(self) -> bool:
        """Whether something was left unread because of its depth."""
        return any(finding.message == TOO_DEEP for finding in self.findings)

    @property
    def namespaces(self) -> set[str]:
        """The namespaces of callables that a workflow can import."""
        return {name.partition(".")[0] for name in self.signatures} - {GENERIC}

    def positions(self, program: Tree) -> dict[str, Position]:
        """Of each node of a program, by its path, where it came from."""
        found: dict[str, Position] = {}
        waiting: list[tuple[str, Any]] = [("", program)]
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, dict):
                if id(node) in self._origins:
                    found[path] = self._origins[id(node)][1]
                # What a literal holds are values, no nodes.
                inner = () if node.get("kind") == "Literal" else node.items()
                waiting += [(f"{path}.{name}" if path else name, each) for name, each in inner]
            elif isinstance(node, list):
                waiting += [(f"{path}[{index}]", each) for index, each in enumerate(node)]
        return found


def _position(node: ast.AST, lines: list[str]) -> Position:
    """Where a node of Python's tree begins; that tree counts bytes, and people count characters."""
    line: int = getattr(node, "lineno", 1)
    before = lines[line - 1].encode()[: getattr(node, "col_offset", 0)] if line <= len(lines) else b""
    return Position(line, len(before.decode(errors="replace")) + 1)
