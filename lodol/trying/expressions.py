"""The expressions of conditions and updates, as far as this product writes them, carried out on an item in memory."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from domain.aws.writes import Item, Write

_TOKEN = re.compile(r"\s*(?P<token>[#:]?\w+|<=|>=|[=<>(),])")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CLAUSES = {"SET", "REMOVE", "ADD", "DELETE"}


class NotUnderstood(Exception):
    """An expression that nobody has taught this module; the text shows it."""


def holds(write: Write, item: Item | None) -> bool:
    """Whether the condition of a write is true of the item as it stands, `None` being none."""
    return not write.condition or _Reader(write.condition, write, item or {}).condition()


def updated(write: Write, item: Item) -> dict[str, Any]:
    """The item after the update of a write."""
    return _Reader(write.expression, write, item).update()


class _Reader:
    """Reads one expression from left to right, and carries it out on the way."""

    def __init__(self, text: str, write: Write, item: Item) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._write = write
        self._item = item

    def condition(self) -> bool:
        found = self._any()
        if self._tokens:
            raise NotUnderstood(self._text)
        return found

    def _any(self) -> bool:
        found = self._all()
        while self._skip("OR"):
            found = self._all() or found
        return found

    def _all(self) -> bool:
        found = self._term()
        while self._skip("AND"):
            found = self._term() and found
        return found

    def _term(self) -> bool:
        if self._skip("("):
            found = self._any()
            self._expect(")")
            return found
        if self._skip("attribute_exists"):
            return self._argument() in self._item
        if self._skip("attribute_not_exists"):
            return self._argument() not in self._item
        left, sign, right = self._operand(), self._next(), self._operand()
        if sign not in _COMPARE:
            raise NotUnderstood(self._text)
        # What is missing compares to nothing, and a boolean is no number.
        return left is not None and type(left) is type(right) and _COMPARE[sign](left, right)

    def _operand(self) -> Any:
        if self._skip("size"):
            measured = self._item.get(self._argument())
            return None if measured is None else len(measured)
        token = self._next()
        return self._write.values[token] if token.startswith(":") else self._item.get(self._name(token))

    def _argument(self) -> str:
        self._expect("(")
        name = self._name(self._next())
        self._expect(")")
        return name

    def update(self) -> dict[str, Any]:
        after = dict(self._item)
        while self._tokens:
            clause = self._next()
            if clause not in _CLAUSES:
                raise NotUnderstood(self._text)
            self._action(clause, after)
            while self._skip(","):
                self._action(clause, after)
        return after

    def _action(self, clause: str, after: dict[str, Any]) -> None:
        name = self._name(self._next())
        match clause:
            case "SET":
                self._expect("=")
                after[name] = self._assigned()
            case "REMOVE":
                after.pop(name, None)
            case "ADD":
                more = self._value()
                before = after.get(name, set() if isinstance(more, set) else 0)
                after[name] = before | more if isinstance(more, set) else before + more
            case _:
                after[name] = after.get(name, set()) - self._value()
                # A set without members is none.
                if not after[name]:
                    del after[name]

    def _assigned(self) -> Any:
        if not self._skip("if_not_exists"):
            return self._value()
        self._expect("(")
        name = self._name(self._next())
        self._expect(",")
        otherwise = self._value()
        self._expect(")")
        return self._item.get(name, otherwise)

    def _value(self) -> Any:
        return self._write.values[self._next()]

    def _name(self, token: str) -> str:
        return self._write.names[token] if token.startswith("#") else token

    def _next(self) -> str:
        if not self._tokens:
            raise NotUnderstood(self._text)
        return self._tokens.pop(0)

    def _skip(self, token: str) -> bool:
        if self._tokens and self._tokens[0] == token:
            del self._tokens[0]
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._skip(token):
            raise NotUnderstood(self._text)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotUnderstood(text)
        yield found["token"]
        at = found.end()
