"""How a pure callable comes into the language: one decorated function with its documentation and example."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.program.signatures import Example, Signature, parameters
from domain.program.values import Value


@dataclass(frozen=True, slots=True)
class Builtin:
    """A pure callable: same arguments, same result; a `ValueError` with a sentence is a failure of the step."""

    signature: Signature
    evaluate: Callable[..., Value]


REGISTERED: dict[str, Builtin] = {}


def pure[F: Callable[..., Any]](name: str, takes: str, summary: str, *args: Any, gives: Any) -> Callable[[F], F]:
    """Register a function as the callable `name`, with the example that `name(*args)` gives `gives`.

    `takes` lists the parameters as documentation shows them: `"text, length?, rest…"`.
    """

    def register(function: F) -> F:
        signature = Signature(name, parameters(takes), summary, example=Example(args, gives))
        REGISTERED[name] = Builtin(signature, function)
        return function

    return register
