"""Signatures: how a callable is called and what it is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a callable; a `variadic` one, always the last, takes any number of arguments."""

    name: str
    optional: bool = False
    variadic: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A call and what it gives: arguments and result as JSON values; a test makes every one true."""

    args: tuple[Any, ...]
    result: Any


@dataclass(frozen=True, slots=True)
class Signature:
    """What the checker and the documentation know of a callable."""

    name: str
    parameters: tuple[Parameter, ...]
    summary: str
    result: str = ""
    example: Example | None = None

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


def parameters(text: str) -> tuple[Parameter, ...]:
    """Read parameters as documentation shows them: `"text, length?, rest…"`."""
    return tuple(
        Parameter(name.rstrip("?…"), optional=name.endswith("?"), variadic=name.endswith("…"))
        for name in text.split(", ")
        if name
    )
