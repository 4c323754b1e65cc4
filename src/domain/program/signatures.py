"""Signatures: how a callable is called and what it is for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a callable; a `variadic` one, always the last, takes any number of arguments.

    `fields` are those of the object that it takes, where it takes one that has no others, and `required` those of
    them that it must have.
    """

    name: str
    optional: bool = False
    variadic: bool = False
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A call and what it gives: arguments and result as JSON values; a test makes every one true."""

    args: tuple[Any, ...]
    result: Any


@dataclass(frozen=True, slots=True)
class Given:
    """An argument as far as a program says it: a value, or an object some of whose fields are `unknown`."""

    value: Any
    unknown: frozenset[str] = frozenset()


type Refusal = Callable[[Mapping[int, Given], int], str | None]
"""Of a call with so many arguments, some of them known by their positions: what is wrong with those in any case."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What the checker and the documentation know of a callable."""

    name: str
    parameters: tuple[Parameter, ...]
    summary: str
    result: str = ""
    example: Example | None = None
    refusal: Refusal = field(default=lambda *_: None, compare=False)

    @property
    def fewest(self) -> int:
        """The fewest arguments it takes."""
        return sum(not (parameter.optional or parameter.variadic) for parameter in self.parameters)

    @property
    def most(self) -> int | None:
        """The most arguments it takes, `None` without a bound."""
        return None if any(parameter.variadic for parameter in self.parameters) else len(self.parameters)

    def takes(self, arguments: int) -> bool:
        """Whether it can be called with so many arguments."""
        return self.fewest <= arguments and (self.most is None or arguments <= self.most)

    def keywords(self) -> dict[str, tuple[int, str | None]]:
        """By which keywords Python can give what: the parameter's index, and the field of the object that it takes."""
        found: dict[str, tuple[int, str | None]] = {}
        for index, parameter in enumerate(self.parameters):
            found |= {snake_case(field): (index, field) for field in parameter.fields}
        for index, parameter in enumerate(self.parameters):
            if not parameter.variadic:
                found[snake_case(parameter.name)] = (index, None)
        return found

    def call_text(self) -> str:
        """How it is called, as documentation shows it: `name(a, b?, c…)`."""
        marks = [p.name + ("…" if p.variadic else "?" if p.optional else "") for p in self.parameters]
        return f"{self.name}({', '.join(marks)})"

    def arity_text(self) -> str:
        """How many arguments it takes, in words."""
        if self.most is None:
            return f"at least {self.fewest}"
        return str(self.fewest) if self.fewest == self.most else f"{self.fewest} to {self.most}"


type Signatures = Mapping[str, Signature]


def snake_case(name: str) -> str:
    """A name in Python's spelling: `timeout_seconds` for `timeoutSeconds`."""
    return re.sub(r"(?<=[a-z])[A-Z]", lambda capital: f"_{capital.group().lower()}", name)


def parameters(text: str) -> tuple[Parameter, ...]:
    """Read parameters as documentation shows them: `"text, length?, rest…"`."""
    return tuple(
        Parameter(name.rstrip("?…"), optional=name.endswith("?"), variadic=name.endswith("…"))
        for name in text.split(", ")
        if name
    )
