"""Searches every interleaving of the formal model."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from tests.support import spec
from tests.support.spec import Process, Scenario, World

type State = tuple[int, ...]
"""The number of a world, and the sorted numbers of everybody at work in it: it does not matter which is which."""


@dataclass
class Found:
    """What a search through every state has seen."""

    steps: set[str] = field(default_factory=set)
    leads_from: list[list[int]] = field(default_factory=list)
    """For each state, from where a step leads to it."""
    at_rest: list[int] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)

    @property
    def states(self) -> int:
        """How many there are."""
        return len(self.leads_from)

    def can_come_to_rest(self) -> int:
        """How many of the states have a way to rest."""
        reached, frontier = set(self.at_rest), list(self.at_rest)
        while frontier:
            for before in self.leads_from[frontier.pop()]:
                if before not in reached:
                    reached.add(before)
                    frontier.append(before)
        return len(reached)


class Numbers[Thing: Hashable]:
    """Gives a number to each thing that it meets: numbers are sorted and compared much faster than things."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self._numbers: dict[Thing, int] = {}

    def __call__(self, thing: Thing) -> int:
        number = self._numbers.setdefault(thing, len(self.things))
        if number == len(self.things):
            self.things.append(thing)
        return number


class Step(NamedTuple):
    """A step that can be made in a world."""

    name: str
    world: int
    """The world afterwards."""
    then: tuple[int, ...]
    """Whoever made it, as they are afterwards; nobody if they are gone, or if it was nobody here."""
    overtakes: tuple[int, ...]
    """The revisions afterwards, if there is a new one: others may have seen the one before."""
    repeats: list[int]
    """The executions of which it repeats a journaled effect."""


def explore(scenario: Scenario) -> Found:
    """Visit every state that can follow from a scenario, and note what must not be.

    Many states share their world, and what somebody can do depends on the world alone: it is worked out once for each.
    """
    found = Found()
    worlds, processes = Numbers[World](), Numbers[Process]()

    @cache
    def steps(number: int, process: int | None) -> list[Step]:
        world = worlds.things[number]
        me = None if process is None else processes.things[process]
        made: list[Step] = []
        for name, after, then in spec.steps(scenario, world, me):
            found.steps.add(name)
            wrong = [*spec.violations(scenario, after), *spec.violations_of_step(world, after)]
            found.violations += [f"{why}: {name} by {me} in {world}" for why in wrong]
            made.append(
                Step(
                    name,
                    worlds(spec.canonical(after)),
                    (processes(spec.canonical_process(then, after.revision)),) if then and then.pc != "gone" else (),
                    after.revision if after.revision != world.revision else (),
                    spec.repeated_effects(world, after),
                )
            )
        return made

    @cache
    def overtaken(process: int, revision: tuple[int, ...]) -> int:
        return processes(spec.canonical_process(processes.things[process], revision))

    @cache
    def is_quiet(number: int) -> bool:
        return spec.is_quiet(worlds.things[number])

    world, everybody = spec.begin(scenario)
    first = (worlds(world), *sorted(map(processes, everybody)))
    numbers: dict[State, int] = {first: 0}
    found.leads_from.append([])
    frontier = [first]
    while frontier and not found.violations:
        state = frontier.pop()
        number, (at, *team) = numbers[state], state
        if is_quiet(at):
            found.at_rest.append(number)
        for place, process in enumerate((*team, None)):
            others = team[:place] + team[place + 1 :]
            for step in steps(at, process):
                if step.repeats:
                    busy = map(processes.things.__getitem__, team)
                    found.violations += spec.repetitions(worlds.things[at], busy, step.repeats)
                after = [overtaken(one, step.overtakes) for one in others] if step.overtakes else others.copy()
                after += step.then
                after.sort()
                after.insert(0, step.world)
                reached = numbers.setdefault(tuple(after), len(numbers))
                if reached == len(found.leads_from):
                    found.leads_from.append([])
                    frontier.append(tuple(after))
                found.leads_from[reached].append(number)
    return found
