"""The lines of a source from which a program was read: one for each of its nodes, kept with the program's version."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

from domain.program.findings import Position, place


class Lines:
    """Which line each node of a program came from, by its path."""

    def __init__(self, by_path: Mapping[str, int]) -> None:
        self._by_path = by_path

    @classmethod
    def stored(cls, text: str, program: Any) -> Self:
        """As they are stored beside their program, a tree: a number for each node, in the order of the nodes."""
        return cls(dict(zip(_paths(program), json.loads(text), strict=True)))

    @classmethod
    def at_positions(cls, program: Any, positions: Mapping[str, Position]) -> Self:
        """As they were read: where nothing is known of a node, it is that of the node around it."""
        return cls({path: place(path, positions).line for path in _paths(program)})

    def __str__(self) -> str:
        """As they are stored."""
        return json.dumps(list(self._by_path.values()), separators=(",", ":"))

    def at(self, path: str) -> int | None:
        """The line of a node, or of the one around it; `None` where the program was not read from a source."""
        while path and path not in self._by_path:
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self._by_path.get(path)

    def place(self, path: str) -> str:
        """What a person reads of where a node is: its line, or its path in a program without a source."""
        line = self.at(path)
        return path if line is None else f"line {line}"


NONE = Lines({})
"""Those of a program that was not read from a source."""


def _paths(program: Any) -> Iterator[str]:
    """The path of each node of a program, which is a tree as it is stored, in the order of its fields."""
    waiting = [(f"body[{i}]", node) for i, node in reversed(list(enumerate(program["body"])))]
    while waiting:
        path, node = waiting.pop()
        yield path
        # What a literal holds are values, no nodes.
        fields = {} if node["kind"] == "Literal" else node
        waiting += [inner for name, field in reversed(fields.items()) for inner in _inner(f"{path}.{name}", field)]


def _inner(path: str, field: Any) -> list[tuple[str, Any]]:
    """The nodes of a field, the last first: it is one, a list of some, or the properties of an object."""
    if isinstance(field, dict):
        return [(path, field)] if "kind" in field else []
    if not isinstance(field, list):
        return []
    each = [(f"{path}[{i}]", one) for i, one in enumerate(field) if isinstance(one, dict)]
    return [(where, one) if "kind" in one else (f"{where}.value", one["value"]) for where, one in reversed(each)]
