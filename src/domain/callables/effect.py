"""Effects: the callables that touch the world. What they give is journaled, so that a replay never asks again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from domain.aws.writes import Write
from domain.callables.arguments import ensure_readable, fields_of
from domain.callables.settings import Settings
from domain.entities.executions import ReviewEvent
from domain.moments import Clock
from domain.program.signatures import Given, Signature, parameters
from domain.program.values import Value

if TYPE_CHECKING:
    from domain.aws.table import Table


@dataclass(frozen=True, slots=True)
class CallContext:
    """What an effect knows of the call it carries out.

    `nth` counts the calls of the step from 1, `attempt` the attempts of this call; `at` is the path of the node that
    makes it, `started_at` when its first attempt began, `now` the clock.
    """

    workspace_id: str
    workflow_id: str
    execution_id: str
    step: int
    nth: int
    attempt: int
    at: str
    now: Clock
    started_at: datetime
    settings: Settings
    table: Table

    @property
    def idempotency_key(self) -> str:
        """The same on every attempt and after every crash. Rule: programs "Callables"."""
        return f"{self.execution_id}:{self.step}:{self.nth}"


@dataclass(frozen=True, slots=True)
class Sleep:
    """The call is over at this moment; until then the execution waits without any Lambda running."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed in a way that may pass.

    `after` is what the other side asked for, in seconds. After the last attempt the result is `last` if
    `has_last`, and otherwise the call has failed with `message`.
    """

    message: str
    after: float | None = None
    last: Value = None
    has_last: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """A result that is stored together with these writes, or not at all: no crash can come between.

    `events` are those that become true with it.
    """

    result: Value
    writes: tuple[Write, ...]
    events: tuple[ReviewEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Logged:
    """The call has logged a line, which the history keeps; its result is null."""

    line: str


@dataclass(frozen=True, slots=True)
class AwaitDecisions:
    """The execution waits for people, until this moment at the latest; then the call is carried out again."""

    until: datetime | None


type Outcome = Value | Sleep | Retry | Recorded | Logged | AwaitDecisions


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect; `reaches_out` where it does something in the world, before which its step must be on record.

    `perform` gets the context and the arguments. It raises `CallFailed` for what fails the step, and `ValueError`
    for arguments it cannot use.
    """

    signature: Signature
    perform: Callable[..., Outcome]
    reaches_out: bool


def effect(
    name: str,
    takes: str,
    summary: str,
    *,
    gives: str,
    reaches_out: bool = False,
    reads: Mapping[str, type[BaseModel]] = MappingProxyType({}),
    checks: Mapping[str, Callable[[Value], object]] = MappingProxyType({}),
) -> Callable[[Callable[..., Outcome]], Effect]:
    """Make a function the effect `name`; `takes` lists its parameters: `"method, url, options?"`.

    `reads` has the model of each parameter that is an object with fields of its own, `checks` what raises `ValueError`
    for a value that another cannot use, of an object by its kind alone: programs that say such a value are not stored.
    """
    takes_all = tuple(
        replace(parameter, fields=fields_of(model), required=fields_of(model, only_required=True))
        if model
        else parameter
        for parameter in parameters(takes)
        for model in [reads.get(parameter.name)]
    )

    def make(function: Callable[..., Any]) -> Effect:
        signature = Signature(name, takes_all, summary, result=gives, refusal=refusal)
        return Effect(signature, function, reaches_out)

    def refusal(given: Mapping[int, Given], _: int) -> str | None:
        try:
            for index, argument in given.items():
                parameter = takes_all[index]
                if parameter.name in reads:
                    ensure_readable(reads[parameter.name], argument, parameter.name)
                elif parameter.name in checks:
                    checks[parameter.name](argument.value)
        except ValueError as error:
            return str(error)
        return None

    return make
