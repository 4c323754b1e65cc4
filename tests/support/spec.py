"""The formal model: admission, start, slices, stop, status events and reconciliation as atomic steps on a small state.

Each step stands for one call that the product makes; `IMPLEMENTED_BY` says where. A search through all interleavings
looks at every state that can be reached, faults included: a process may die between any two of its steps, a worker may
be taken for dead and go on beside its successor, and Step Functions may end an execution abnormally.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

RUNNING, SUCCESS, FAILED, STOPPED = "running", "success", "failed", "stopped"

IMPLEMENTED_BY = {
    "Admit": "domain.operations.admission:Run",
    "Start": "domain.aws.state_machine:StateMachine.start",
    "Begin": "domain.engine.checkpoints:Checkpoint.commit",
    "Note": "domain.engine.checkpoints:Checkpoint.commit",
    "End": "domain.engine.checkpoints:Checkpoint.commit_end",
    "Stop": "domain.operations.stopping:Stop",
    "Abort": "domain.aws.state_machine:StateMachine.try_stop",
    "RecordBroken": "domain.operations.outcomes:record_broken",
    "Reconcile": "domain.operations.reconciliation:reconcile",
}


class Process(NamedTuple):
    """Somebody at work: what for, at which execution, how far, and what it has seen."""

    kind: str
    at: int
    pc: str
    seen: Any = None
    key: str | None = None


class World(NamedTuple):
    """Table, Step Functions, and what clients have been told. Executions are numbered."""

    credits: int
    status: tuple[str | None, ...]
    revision: tuple[int, ...]
    journaled: tuple[bool, ...]
    slots: frozenset[int]
    refunds: frozenset[int]
    receipts: frozenset[tuple[str, int]]
    flight: tuple[str, ...]
    events: frozenset[int]
    effects: tuple[int, ...]
    answered: frozenset[int]
    """The executions that a client has been told of."""
    faults: int
    """How many may still come."""


class Scenario(NamedTuple):
    """What there is at the start: clients with or without key, stops, credits, slots, and how many faults come."""

    runs: tuple[str | None, ...]
    stops: tuple[int, ...]
    credits: int
    limit: int
    faults: int


def begin(scenario: Scenario) -> tuple[World, list[Process]]:
    """The world at the start, and everybody at work."""
    count = len(scenario.runs)
    processes = [Process("run", number, "look", key=key) for number, key in enumerate(scenario.runs)]
    processes += [Process("stop", number, "look") for number in scenario.stops]
    processes += [Process("worker", number, pc) for number in range(count) for pc in ("idle", "off")]
    processes.append(Process("reconcile", -1, "idle"))
    world = World(
        credits=scenario.credits,
        status=(None,) * count,
        revision=(0,) * count,
        journaled=(False,) * count,
        slots=frozenset(),
        refunds=frozenset(),
        receipts=frozenset(),
        flight=("none",) * count,
        events=frozenset(),
        effects=(0,) * count,
        answered=frozenset(),
        faults=scenario.faults,
    )
    return world, processes


def canonical(world: World) -> World:
    """The one world that stands for all that differ only in what nothing ever asks for again.

    Of a revision it matters whether there has been one; of effects, whether there were two.
    """
    return world._replace(
        revision=tuple(min(revision, 1) for revision in world.revision),
        effects=tuple(min(count, 2) for count in world.effects),
    )


def canonical_process(me: Process, revision: tuple[int, ...]) -> Process:
    """The same for one at work: of the revision that a worker has seen it matters whether it is the latest."""
    if me.kind != "worker" or me.seen is None:
        return me
    return me._replace(seen=min(me.seen, 1) if me.seen == revision[me.at] else -1)


def put(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at + 1 :])


def end(world: World, at: int, status: str) -> World:
    """End a running execution with its slot."""
    return world._replace(status=put(world.status, at, status), slots=world.slots - {at})


def record_broken(world: World, at: int) -> World:
    if world.status[at] != RUNNING:
        return world
    return end(world, at, FAILED)._replace(credits=world.credits + 1, refunds=world.refunds | {at})


def start(world: World, at: int) -> World:
    return world._replace(flight=put(world.flight, at, RUNNING)) if world.flight[at] == "none" else world


def break_flight(world: World, at: int) -> World:
    return world._replace(flight=put(world.flight, at, "broken"), events=world.events | {at})


def run(world: World, limit: int, me: Process) -> Iterator[tuple[str, World, Process]]:
    owner = next((at for key, at in world.receipts if key == me.key), None)
    told = world._replace(answered=world.answered | {me.at if owner is None else owner})
    match me.pc:
        case "look":
            yield "Look", world, me._replace(pc="admit" if owner is None else "repeat")
        case "admit" if owner is not None:
            yield "Replay", told, me._replace(pc="gone")
        case "admit" if world.credits < 1 or len(world.slots) >= limit:
            yield "Refuse", world, me._replace(pc="gone")
        case "admit":
            admitted = world._replace(
                credits=world.credits - 1,
                status=put(world.status, me.at, RUNNING),
                slots=world.slots | {me.at},
                receipts=world.receipts | ({(me.key, me.at)} if me.key else set()),
            )
            yield "Admit", admitted, me._replace(pc="start")
        case "start":
            yield "Start", start(told, me.at), me._replace(pc="gone")
        case "repeat" if owner is not None:
            must_start = world.status[owner] == RUNNING and not world.revision[owner]
            yield "Look again", told, me._replace(pc="start again" if must_start else "gone")
        case "start again" if owner is not None:
            yield "Start", start(told, owner), me._replace(pc="gone")


def stop(world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    match me.pc:
        case "look" if world.status[me.at] is not None:
            yield "Look", world, me._replace(pc="stop")
        case "stop" if world.status[me.at] != RUNNING:
            yield "Refuse", world, me._replace(pc="gone")
        case "stop":
            yield "Stop", end(world, me.at, STOPPED), me._replace(pc="abort")
        case "abort":
            aborted = break_flight(world, me.at) if world.flight[me.at] == RUNNING else world
            yield "Abort", aborted, me._replace(pc="gone")


def worker(world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    """Two slices: an effect and a wait; then the end. Every commit asks for `running` and the revision last seen."""
    at = me.at
    may_commit = world.status[at] == RUNNING and world.revision[at] == me.seen
    committed = world._replace(revision=put(world.revision, at, world.revision[at] + 1))
    match me.pc:
        case "idle" if world.flight[at] == RUNNING:
            follows = "begin" if not world.journaled[at] else "end"
            seen = world.revision[at]
            yield "Read", world, me._replace(pc=follows if world.status[at] == RUNNING else "over", seen=seen)
        case "begin" | "note" | "end" if not may_commit:
            yield "Superseded", world, me._replace(pc="idle", seen=None)
        case "begin":
            yield "Begin", committed, me._replace(pc="effect", seen=me.seen + 1)
        case "effect":
            yield (
                "Effect",
                world._replace(effects=put(world.effects, at, world.effects[at] + 1)),
                me._replace(pc="note"),
            )
        case "note":
            yield (
                "Note",
                committed._replace(journaled=put(world.journaled, at, True)),
                me._replace(pc="idle", seen=None),
            )
        case "end":
            yield "End", end(committed, at, SUCCESS), me._replace(pc="over", seen=None)
        case "over":
            over = world._replace(flight=put(world.flight, at, "over")) if world.flight[at] == RUNNING else world
            yield "Over", over, me._replace(pc="idle", seen=None)


def reconcile(world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    match me.pc:
        case "idle":
            for at, status in enumerate(world.status):
                if status == RUNNING:
                    yield "Reconcile", world, me._replace(at=at, pc="look")
        case "look":
            yield "Describe", world, me._replace(pc="act", seen=world.flight[me.at])
        case "act":
            done = me._replace(at=-1, pc="idle", seen=None)
            if me.seen == "none":
                yield "Start", start(world, me.at), done
            elif me.seen == RUNNING:
                yield "Leave", world, done
            else:
                yield "RecordBroken", record_broken(world, me.at), done


def steps(world: World, limit: int, me: Process | None) -> Iterator[tuple[str, World, Process | None]]:
    """Everything that one at work can do next, and faults to it; without one, what Step Functions does."""
    if me is None:
        for at, flight in enumerate(world.flight):
            if world.faults and flight == RUNNING:
                yield "Breaks", break_flight(world, at)._replace(faults=world.faults - 1), None
        for at in world.events:
            yield "RecordBroken", record_broken(world, at), None
        return
    match me.kind:
        case "run":
            yield from run(world, limit, me)
        case "stop":
            yield from stop(world, me)
        case "reconcile":
            yield from reconcile(world, me)
        case _:
            yield from worker(world, me)
    if world.faults and me.pc not in {"look", "idle", "off"}:
        dead = me._replace(pc="gone") if me.kind in {"run", "stop"} else me._replace(pc="idle", seen=None)
        yield "Dies", world._replace(faults=world.faults - 1), dead
    if world.faults and me.pc == "off" and world.flight[me.at] == RUNNING:
        yield "Taken for dead", world._replace(faults=world.faults - 1), me._replace(pc="idle")


def violations(scenario: Scenario, world: World) -> Iterator[str]:
    """What must hold at every moment. Numbers: docs/guarantees.md, "The promises"."""
    charged = sum(status is not None for status in world.status)
    running = {at for at, status in enumerate(world.status) if status == RUNNING}
    if world.credits != scenario.credits - charged + len(world.refunds) or world.credits < 0:
        yield "1: the balance is not grants - runs + refunds"
    if world.slots != running or len(running) > scenario.limit:
        yield "2: the slots are not the running executions, or too many"
    if any(flight != "none" and status is None for flight, status in zip(world.flight, world.status, strict=True)):
        yield "3: Step Functions runs what we do not know"
    if any(world.status[at] is None for at in world.answered):
        yield "4: an answered run is lost"
    admitted = [key for key, status in zip(scenario.runs, world.status, strict=True) if key and status is not None]
    if len(admitted) != len(set(admitted)):
        yield "6: a key is admitted twice"
    if any(world.status[at] != FAILED for at in world.refunds):
        yield "refund without failure"


def violations_of_step(before: World, after: World) -> Iterator[str]:
    """What must hold over every step, whoever makes it."""
    for was, now in zip(before.status, after.status, strict=True):
        if was not in {None, RUNNING} and now != was:
            yield "5: an ended execution changed"
    for at, status in enumerate(before.status):
        if status != RUNNING and after.revision[at] != before.revision[at]:
            yield "stop: something began or was recorded after the end"


def repeated_effects(before: World, after: World) -> list[int]:
    """The executions of which a step repeats an effect that is journaled."""
    return [
        at
        for at, is_journaled in enumerate(before.journaled)
        if is_journaled and after.effects[at] != before.effects[at]
    ]


def repetitions(world: World, everybody: Iterable[Process], repeated: list[int]) -> Iterator[str]:
    """What must hold of effects that are repeated: they began before their journal entry, as a slice reads it first."""
    for me in everybody:
        if me.at in repeated and me.pc == "effect" and me.seen == world.revision[me.at]:
            yield "8: a journaled effect is repeated"


def is_quiet(world: World) -> bool:
    """Whether every execution has ended and nobody holds anything."""
    return not world.slots and all(status != RUNNING for status in world.status) and RUNNING not in world.flight
