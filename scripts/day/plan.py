"""What a day consists of, drawn from a seed: what clients ask for and when, and what breaks when."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a client wants run."""

    PURE = "pure steps"
    SLEEPS = "sleeps"
    CALLS = "calls and sleeps"
    FLAKY = "a call that is tried again"
    FAILS = "fails by its program"
    REVIEWED = "a review that a person decides"
    TIMED = "a review that its time decides"
    STOPPED = "stopped by its client"
    BROKEN = "computes, and is lost before it is through, again and again"
    RERUN = "a rerun of one that failed"


LARGE, SMALL = "Large", "Small"
"""Two workspaces: one has whatever it needs, the other too few credits and slots."""

_WEIGHTS = {
    Kind.PURE: 22,
    Kind.SLEEPS: 14,
    Kind.CALLS: 20,
    Kind.FLAKY: 8,
    Kind.FAILS: 8,
    Kind.REVIEWED: 10,
    Kind.TIMED: 4,
    Kind.STOPPED: 8,
    Kind.RERUN: 6,
}
_OF_SMALL = 0.35
_REPEATED = 0.2
"""The share of requests that are sent more than once, under the same key."""
_SECONDS_BETWEEN = 1.5
"""Between two requests, on average."""
_BROKEN_AT = (0.1, 0.35, 0.6)
_RERUN_AFTER = 40.0
"""So many seconds after one that failed was asked for, it may be asked to be run again."""


@dataclass(frozen=True, slots=True)
class Order:
    """A run that a client asks for `at` a second of the day, `times` under one key; `of` is the order it repeats.

    What its client does to it later, it does after `patience` seconds.
    """

    at: float
    number: int
    team: str
    kind: Kind
    patience: float
    times: int = 1
    of: int | None = None


def orders(seed: int, seconds: float) -> list[Order]:
    """What is asked for in a day of so many seconds, in the order of its time."""
    chance = random.Random(f"orders {seed}")
    made: list[Order] = []
    for number, (at, is_broken) in enumerate(_moments(chance, seconds)):
        team = SMALL if chance.random() < _OF_SMALL and not is_broken else LARGE
        kind = Kind.BROKEN if is_broken else chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        failed = [
            one.number for one in made if one.kind is Kind.FAILS and one.team == team and one.at <= at - _RERUN_AFTER
        ]
        if kind is Kind.RERUN and not failed:
            kind = Kind.PURE
        of = chance.choice(failed) if kind is Kind.RERUN else None
        times = chance.choice((2, 3)) if chance.random() < _REPEATED else 1
        made.append(Order(at, number, team, kind, chance.uniform(1, 8), times, of))
    return made


def _moments(chance: random.Random, seconds: float) -> Iterator[tuple[float, bool]]:
    """When something is asked for, and whether it is to be broken."""
    breaking = [share * seconds for share in _BROKEN_AT]
    at = chance.expovariate(1 / _SECONDS_BETWEEN)
    while at < seconds:
        while breaking and breaking[0] < at:
            yield breaking.pop(0), True
        yield at, False
        at += chance.expovariate(1 / _SECONDS_BETWEEN)


class Trouble(StrEnum):
    """What happens to the stack."""

    KILL = "a worker of a function is killed"
    LOSE = "a Step Functions execution is ended from outside"
    LOSE_UNTOLD = "the same, and its status event is lost"
    TELL_AGAIN = "a status event comes once more"
    STREAM_AGAIN = "changes of the stream come once more"
    PURGE = "the queue of deliveries loses what is in it"
    UPGRADE = "a newer build is deployed"
    ROLL_BACK = "the build from before is live again"
    GRANT = "the workspace with few credits gets more"


_EVERY_SECONDS = {
    Trouble.KILL: 5.0,
    Trouble.LOSE: 20.0,
    Trouble.LOSE_UNTOLD: 25.0,
    Trouble.TELL_AGAIN: 40.0,
    Trouble.STREAM_AGAIN: 60.0,
}
_ONCE_AT = {Trouble.PURGE: 0.25, Trouble.UPGRADE: 0.4, Trouble.GRANT: 0.55, Trouble.ROLL_BACK: 0.7}
_KILLED = {
    "run-steps": 8,
    "run-workflow": 4,
    "publish-events": 4,
    "stop-execution": 2,
    "rerun-execution": 2,
    "decide-review": 2,
    "record-outcome": 2,
    "reconcile": 1,
    "hand-over-deliveries": 1,
}
"""How often the workers of which function are killed; the rest of the name is that of the stack."""
_DELIVERER, _DELIVERER_KILLED_AT = "deliver-webhooks", (0.15, 0.8)
"""Whoever dies with a batch of the queue holds it up for the three minutes in which nobody else sees it."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens `at` a second of the day; `choice`, from 0 to 1, says to which of those it may happen."""

    at: float
    trouble: Trouble
    choice: float
    function: str = ""


def incidents(seed: int, seconds: float) -> list[Incident]:
    """What happens in a day of so many seconds, in the order of its time."""
    chance = random.Random(f"incidents {seed}")
    made = [Incident(share * seconds, trouble, chance.random()) for trouble, share in _ONCE_AT.items()]
    made += [Incident(share * seconds, Trouble.KILL, chance.random(), _DELIVERER) for share in _DELIVERER_KILLED_AT]
    for trouble, every in _EVERY_SECONDS.items():
        at = chance.expovariate(1 / every)
        while at < seconds:
            function = chance.choices(list(_KILLED), list(_KILLED.values()))[0] if trouble is Trouble.KILL else ""
            made.append(Incident(at, trouble, chance.random(), function))
            at += chance.expovariate(1 / every)
    return sorted(made, key=lambda one: one.at)


def credits_of(planned: list[Order], team: str) -> tuple[int, int]:
    """The credits that a workspace begins with, and those that it is granted later.

    The small one has too few of them twice: before the grant, and before the end.
    """
    wanted = sum(one.team == team for one in planned)
    return (wanted // 3, wanted // 3) if team == SMALL else (wanted, 0)


SLOTS = {LARGE: 1000, SMALL: 5}
"""How many executions of a workspace may run at once."""
