"""Variables as they are read: each binding of a name in Python is a declaration, or sets what is declared."""

from __future__ import annotations

import ast
from collections.abc import Iterator


class Scope:
    """The variables that are declared at a place, with what has been declared within and is over.

    `unnamed` are the names that the program gives what has none in its source, where it is no variable.
    """

    def __init__(self, outer: Scope | None = None) -> None:
        self._outer = outer
        self._own: set[str] = set()
        self._over: dict[str, str] = outer._over if outer else {}
        self.unnamed: frozenset[str] = outer.unnamed if outer else frozenset()

    def declare(self, name: str) -> None:
        """Add a variable to this scope."""
        self._own.add(name)

    def knows(self, name: str) -> bool:
        """Whether a variable is declared here or around."""
        return name in self._own or (self._outer is not None and self._outer.knows(name))

    def leave(self, where: str) -> None:
        """Note that the variables of this scope, which is a branch, a loop or the like, are there no more."""
        self._over |= dict.fromkeys(self._own, where)

    def was_in(self, name: str) -> str | None:
        """Where a variable was first set that is not there any more."""
        return self._over.get(name)

    @property
    def names(self) -> list[str]:
        """Every variable that is declared here."""
        return [*sorted(self._own), *(self._outer.names if self._outer else [])]


def bound_names(function: ast.FunctionDef) -> set[str]:
    """The names that are variables anywhere in a function: for Python they are that in all of it.

    Those of comprehensions are variables within them only.
    """
    return {name for statement in function.body for name in bound(statement)}


def bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement, or a part of one, makes variables."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.ExceptHandler(name=str(name)):
            yield name
        case ast.comprehension():
            yield from bound(node.iter)
            return
    for inner in ast.iter_child_nodes(node):
        yield from bound(inner)
