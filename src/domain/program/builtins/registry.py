"""How a pure callable comes into the language: one decorated function with its documentation and example."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from domain.program.measuring import Meter
from domain.program.signatures import Example, Given, Parameter, Refusal, Signature, parameters
from domain.program.values import Value


@dataclass(frozen=True, slots=True)
class Work:
    """How many node visits a call takes beside its own and those of what it makes.

    It is so many for being made at all, `reads` times what it takes to look at its arguments as wholes, and `more` of
    them where that grows faster than they do.
    """

    calls: int = 0
    reads: int = 1
    more: Callable[..., int] | None = None


WORK = Work()
"""The work of a callable that looks once at its arguments."""

LOOKS_UP = Work(reads=0)
"""The work of a callable that takes as long however large its arguments are, but for what it makes."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A pure callable: same arguments, same result; a `ValueError` with a sentence is a failure of the step."""

    signature: Signature
    evaluate: Callable[..., Value]
    work: Work

    def call(self, arguments: Sequence[Value], meter: Meter, at: str) -> Value:
        """Evaluate it in a step: its work is charged before it is done, and what it gives by its size."""
        work = self.work
        visits = work.calls
        if work.reads:
            visits += sum(meter.weight(argument, work.reads) for argument in arguments)
        if work.more:
            visits += work.more(*arguments)
        meter.charge(visits, at)
        return meter.receive(self.evaluate(*arguments), at)


REGISTERED: dict[str, Builtin] = {}


def pure[F: Callable[..., Any]](
    name: str, takes: str, summary: str, *args: Any, gives: Any, work: Work = WORK
) -> Callable[[F], F]:
    """Register a function as the callable `name`, with the example that `name(*args)` gives `gives`.

    `takes` lists the parameters as documentation shows them: `"text, length?, rest…"`. What takes longer than to look
    once at its arguments says so as its `work`; a test tries the worst arguments.
    """

    def register(function: F) -> F:
        taken = parameters(takes)
        refusal = _refusal(function, taken, args)
        signature = Signature(name, taken, summary, example=Example(args, gives), refusal=refusal)
        REGISTERED[name] = Builtin(signature, function, work)
        return function

    return register


_ALTERNATIVES: Mapping[str, tuple[Value, ...]] = {"unit": ("month", "hour")}
"""What stands for an argument that is not known yet, where others are good or bad depending on it."""


def _refusal(function: Callable[..., Value], taken: Sequence[Parameter], example: Sequence[Value]) -> Refusal:
    """Try a function on what is known, examples standing for the rest: what fails must be said of what is known."""

    def refusal(given: Mapping[int, Given], count: int) -> str | None:
        if any(argument.unknown for argument in given.values()):
            return None
        if any(index not in given and index >= len(example) for index in range(count)):
            return None
        known = tuple(parameter.name for index, parameter in enumerate(taken) if index in given)
        refusals = [
            _fails(function, arguments)
            for arguments in product(
                *(
                    (given[index].value,) if index in given else _stand_ins(taken, example, index)
                    for index in range(count)
                )
            )
        ]
        if len(given) < count and not all(said and said.startswith(known) for said in refusals):
            return None
        return refusals[0]

    return refusal


def _stand_ins(taken: Sequence[Parameter], example: Sequence[Value], index: int) -> tuple[Value, ...]:
    return _ALTERNATIVES.get(taken[index].name if index < len(taken) else "", (example[index],))


def _fails(function: Callable[..., Value], arguments: Sequence[Value]) -> str | None:
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    return None
