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
        return cls(dict(zip((path for path, _ in nodes_of(program)), json.loads(text), strict=True)))

    @classmethod
    def at_positions(cls, program: Any, positions: Mapping[str, Position]) -> Self:
        """As they were read: where nothing is known of a node, it is that of the node around it."""
        return cls({path: place(path, positions).line for path, _ in nodes_of(program)})

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


def nodes_of(program: Any) -> Iterator[tuple[str, Any]]:
    """Every node of a program that could be stored, each with its path, before those within it, in their order."""
    return _within(program["body"], "body")


def _within(field: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The nodes of a field: it is one, a list of some, or the properties of an object."""
    if isinstance(field, list):
        for index, each in enumerate(field):
            yield from _within(each, f"{path}[{index}]")
    elif isinstance(field, dict):
        if "kind" in field:
            yield path, field
        # What a literal holds are values, no nodes.
        if field.get("kind") != "Literal":
            for name, each in field.items():
                yield from _within(each, f"{path}.{name}")
