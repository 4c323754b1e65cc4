"""The formal model: admission, start, slices, generations, stop, decisions, status events and reconciliation.

All are atomic steps on a small state.

Each step stands for one call that the product makes; `IMPLEMENTED_BY` says where. A search through all interleavings
looks at every state that can be reached, faults included: a process may die between any two of its steps, a worker may
be taken for dead and go on beside its successor, and Step Functions may end an execution abnormally.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

RUNNING, SUCCESS, FAILED, STOPPED = "running", "success", "failed", "stopped"
NONE, WAITING, BROKEN, OVER = "none", "waiting", "broken", "over"

FRUITLESS = 2
"""So many generations in a row without progress, and an execution is given up: enough for every way to be gone."""

IMPLEMENTED_BY = {
    "Admit": "domain.operations.admission:Run",
    "Start": "domain.aws.state_machine:StateMachine.start",
    "Begin": "domain.engine.checkpoints:Checkpoint.commit",
    "Note": "domain.engine.checkpoints:Checkpoint.commit",
    "End": "domain.engine.checkpoints:Checkpoint.commit_end",
    "Stop": "domain.operations.stopping:Stop",
    "Abort": "domain.aws.state_machine:StateMachine.try_stop",
    "Ask": "domain.engine.checkpoints:Checkpoint.commit",
    "Keep": "domain.operations.deciding:await_decisions",
    "Decide": "domain.operations.deciding:Decide",
    "Wake": "domain.operations.deciding:wake_if_due",
    "HandOver": "domain.operations.outcomes:hand_over",
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
    has_progress: tuple[bool, ...]
    """Whether anything was recorded in the present generation."""
    fruitless: tuple[int, ...]
    decided: tuple[bool, ...]
    token: tuple[int, ...]
    """The generation whose token is kept, 0 without one."""
    slots: int
    refunds: frozenset[int]
    receipts: frozenset[tuple[str, int]]
    flights: tuple[tuple[str, ...], ...]
    """What Step Functions knows of each generation; there are as many as the execution has had."""
    events: frozenset[tuple[int, int]]
    effects: tuple[int, ...]
    answered: frozenset[int]
    """The executions that a client has been told of."""
    faults: int
    """How many may still come."""


class Scenario(NamedTuple):
    """What there is at the start: clients with or without key, stops, credits, slots, and how many faults come.

    With `asks` an execution waits for a person before it ends; with `hands_over` its history is full after one slice.
    """

    runs: tuple[str | None, ...]
    stops: tuple[int, ...]
    credits: int
    limit: int
    faults: int
    asks: bool = False
    hands_over: bool = False


def begin(scenario: Scenario) -> tuple[World, list[Process]]:
    """The world at the start, and everybody at work."""
    count = len(scenario.runs)
    processes = [Process("run", number, "look", key=key) for number, key in enumerate(scenario.runs)]
    processes += [Process("stop", number, "look") for number in scenario.stops]
    processes += [Process("worker", number, pc) for number in range(count) for pc in ("idle", "off")]
    if scenario.asks:
        processes += [Process("decide", number, "look") for number in range(count)]
    processes.append(Process("reconcile", -1, "idle"))
    world = World(
        credits=scenario.credits,
        status=(None,) * count,
        revision=(0,) * count,
        journaled=(False,) * count,
        has_progress=(False,) * count,
        fruitless=(0,) * count,
        decided=(False,) * count,
        token=(0,) * count,
        slots=0,
        refunds=frozenset(),
        receipts=frozenset(),
        flights=((NONE,),) * count,
        events=frozenset(),
        effects=(0,) * count,
        answered=frozenset(),
        faults=scenario.faults,
    )
    return world, processes


def canonical(world: World) -> World:
    """The one world that stands for all that differ only in what nothing ever asks for again.

    Of a revision it matters whether there has been one; of effects, whether there were two; of a generation that has
    been followed by another, whether it runs; of an event of one, whether there is one.
    """
    flights = tuple(
        (*(status if status in {RUNNING, WAITING} else OVER for status in former), present)
        for *former, present in world.flights
    )
    return world._replace(
        revision=tuple(min(revision, 1) for revision in world.revision),
        effects=tuple(min(count, 2) for count in world.effects),
        flights=flights,
        events=frozenset((at, number if number == len(flights[at]) else 0) for at, number in world.events),
    )


def canonical_process(me: Process, revision: tuple[int, ...]) -> Process:
    """The same for one at work: of the revision that a worker has seen it matters whether it is the latest."""
    if me.kind not in {"worker", "reconcile"} or me.seen is None:
        return me
    number, seen, *rest = me.seen
    return me._replace(seen=(number, min(seen, 1) if seen == revision[me.at] else -1, *rest))


def put(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at + 1 :])


def end(world: World, at: int, status: str) -> World:
    """End a running execution with its slot."""
    return world._replace(status=put(world.status, at, status), slots=world.slots - 1)


def generation(world: World, at: int) -> int:
    """The number of the present generation, from 1."""
    return len(world.flights[at])


def flight(world: World, at: int, number: int, status: str) -> World:
    return world._replace(flights=put(world.flights, at, put(world.flights[at], number - 1, status)))


def record_broken(world: World, at: int) -> World:
    return end(world, at, FAILED)._replace(credits=world.credits + 1, refunds=world.refunds | {at})


def hand_over(world: World, at: int) -> World:
    """Record the next generation; to begin is a revision of its own."""
    return world._replace(
        flights=put(world.flights, at, (*world.flights[at], NONE)),
        revision=put(world.revision, at, world.revision[at] + 1),
        fruitless=put(world.fruitless, at, 0 if world.has_progress[at] else world.fruitless[at] + 1),
        has_progress=put(world.has_progress, at, False),
    )


def move_on(world: World, at: int) -> tuple[str, World]:
    """What is done about a running execution whose present generation is lost."""
    if not world.has_progress[at] and world.fruitless[at] + 1 == FRUITLESS:
        return "RecordBroken", record_broken(world, at)
    return "HandOver", hand_over(world, at)


def start(world: World, at: int, number: int) -> World:
    return flight(world, at, number, RUNNING) if world.flights[at][number - 1] == NONE else world


def break_flight(world: World, at: int, number: int) -> World:
    return flight(world, at, number, BROKEN)._replace(events=world.events | {(at, number)})


def wake(world: World, at: int) -> World:
    """Give the token back that is kept: it wakes the generation that waits with it."""
    number = world.token[at]
    return flight(world, at, number, RUNNING) if number and world.flights[at][number - 1] == WAITING else world


def run(world: World, limit: int, me: Process) -> Iterator[tuple[str, World, Process]]:
    owner = next((at for key, at in world.receipts if key == me.key), None)
    told = world._replace(answered=world.answered | {me.at if owner is None else owner})
    match me.pc:
        case "look":
            yield "Look", world, me._replace(pc="admit" if owner is None else "repeat")
        case "admit" if owner is not None:
            yield "Replay", told, me._replace(pc="gone")
        case "admit" if world.credits < 1 or world.slots >= limit:
            yield "Refuse", world, me._replace(pc="gone")
        case "admit":
            admitted = world._replace(
                credits=world.credits - 1,
                status=put(world.status, me.at, RUNNING),
                slots=world.slots + 1,
                receipts=world.receipts | ({(me.key, me.at)} if me.key else set()),
            )
            yield "Admit", admitted, me._replace(pc="start")
        case "start":
            yield "Start", start(told, me.at, 1), me._replace(pc="gone")
        case "repeat" if owner is not None:
            must_start = world.status[owner] == RUNNING and not world.revision[owner]
            yield "Look again", told, me._replace(pc="start again" if must_start else "gone")
        case "start again" if owner is not None:
            yield "Start", start(told, owner, 1), me._replace(pc="gone")


def stop(world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    """The commit asks for the generation that was read, so that the right one is aborted."""
    match me.pc:
        case "look" if world.status[me.at] is not None:
            yield "Look", world, me._replace(pc="stop", seen=generation(world, me.at))
        case "stop" if world.status[me.at] != RUNNING:
            yield "Refuse", world, me._replace(pc="gone")
        case "stop" if generation(world, me.at) != me.seen:
            yield "Look again", world, me._replace(pc="look", seen=None)
        case "stop":
            yield "Stop", end(world, me.at, STOPPED), me._replace(pc="abort")
        case "abort":
            flies = world.flights[me.at][me.seen - 1] in {RUNNING, WAITING}
            yield "Abort", break_flight(world, me.at, me.seen) if flies else world, me._replace(pc="gone")


def decide(world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    """A person decides what is asked, and looks for a token afterwards."""
    match me.pc:
        case "look" if world.journaled[me.at] and not world.decided[me.at]:
            yield "Look", world, me._replace(pc="decide")
        case "decide" if world.status[me.at] != RUNNING or world.decided[me.at]:
            yield "Refuse", world, me._replace(pc="gone")
        case "decide":
            yield "Decide", world._replace(decided=put(world.decided, me.at, True)), me._replace(pc="wake")
        case "wake":
            yield "Wake", wake(world, me.at), me._replace(pc="gone")


def worker(scenario: Scenario, world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    """Two slices: an effect and a wait; then the end. Every commit asks for `running` and the revision last seen.

    A slice of a generation that another has followed starts that, in case nobody has, and ends.
    """
    at = me.at
    number, seen = me.seen or (0, 0)
    may_commit = world.status[at] == RUNNING and world.revision[at] == seen
    progress = put(world.has_progress, at, True)
    committed = world._replace(revision=put(world.revision, at, world.revision[at] + 1), has_progress=progress)
    idle = me._replace(pc="idle", seen=None)
    match me.pc:
        case "off" if generation(world, at) > 1:
            # Whoever worked for a generation that was lost may still be at it.
            yield "Another works", world, idle
        case "idle":
            for number, status in enumerate(world.flights[at], 1):
                if status == RUNNING:
                    follows = _follows(scenario, world, at, number)
                    revision = 0 if follows == "start" else world.revision[at]
                    yield "Read", world, me._replace(pc=follows, seen=(number, revision))
        case "begin" | "note" | "end" | "ask" | "hand over" if not may_commit:
            yield "Superseded", world, idle
        case "begin":
            yield "Begin", committed, me._replace(pc="effect", seen=(number, seen + 1))
        case "effect":
            effects = put(world.effects, at, world.effects[at] + 1)
            yield "Effect", world._replace(effects=effects), me._replace(pc="note")
        case "note":
            yield "Note", committed._replace(journaled=put(world.journaled, at, True)), idle
        case "hand over":
            yield "HandOver", hand_over(world, at), me._replace(pc="start", seen=(number, 0))
        case "start":
            yield "Start", start(world, at, generation(world, at)), me._replace(pc="over")
        case "ask":
            yield "Ask", committed, me._replace(pc="wait", seen=(number, 0))
        case "wait" if world.flights[at][number - 1] != RUNNING:
            yield "Lost", world, idle
        case "wait":
            yield "Waits", flight(world, at, number, WAITING), me._replace(pc="keep")
        case "keep" if world.token[at] > number:
            yield "Lost", world, idle
        case "keep":
            yield "Keep", world._replace(token=put(world.token, at, number)), me._replace(pc="wake")
        case "wake":
            yield "Wake", wake(world, at) if world.decided[at] else world, idle
        case "end":
            yield "End", end(committed, at, SUCCESS), me._replace(pc="over", seen=(number, 0))
        case "over":
            over = flight(world, at, number, OVER) if world.flights[at][number - 1] == RUNNING else world
            yield "Over", over, idle


def _follows(scenario: Scenario, world: World, at: int, number: int) -> str:
    if world.status[at] != RUNNING:
        return "over"
    if generation(world, at) != number:
        return "start"
    if not world.journaled[at]:
        return "begin"
    if scenario.hands_over and number == 1:
        return "hand over"
    return "ask" if scenario.asks and not world.decided[at] else "end"


def is_as_read(world: World, at: int, revision: int) -> bool:
    """What the commit asks for that moves a lost execution on."""
    return world.status[at] == RUNNING and world.revision[at] == revision


def reconcile(world: World, me: Process) -> Iterator[tuple[str, World, Process]]:
    at, done = me.at, me._replace(at=-1, pc="idle", seen=None)
    match me.pc:
        case "idle":
            for number, status in enumerate(world.status):
                if status == RUNNING:
                    seen = generation(world, number), world.revision[number]
                    yield "Reconcile", world, me._replace(at=number, pc="look", seen=seen)
        case "look":
            number, revision = me.seen
            yield "Describe", world, me._replace(pc="act", seen=(number, revision, world.flights[at][number - 1]))
        case "act":
            number, revision, status = me.seen
            if status == NONE:
                yield "Start", start(world, at, number), done
            elif status in {RUNNING, WAITING}:
                yield "Wake", wake(world, at) if world.decided[at] else world, done
            elif not is_as_read(world, at, revision):
                yield "Leave", world, done
            else:
                name, moved = move_on(world, at)
                follows = me._replace(pc="start", seen=(number + 1, 0)) if name == "HandOver" else done
                yield name, moved, follows
        case "start":
            yield "Start", start(world, at, me.seen[0]), done


def steps(scenario: Scenario, world: World, me: Process | None) -> Iterator[tuple[str, World, Process | None]]:
    """Everything that one at work can do next, and faults to it; without one, what Step Functions does."""
    if me is None:
        for at, flights in enumerate(world.flights):
            for number, status in enumerate(flights, 1):
                if world.faults and status in {RUNNING, WAITING}:
                    yield "Breaks", break_flight(world, at, number)._replace(faults=world.faults - 1), None
                if status == WAITING and world.status[at] != RUNNING:
                    # Nobody decides any more; the task's own time-out ends its waiting.
                    yield "Times out", flight(world, at, number, RUNNING), None
        for at, number in world.events:
            if world.status[at] != RUNNING:
                continue
            if number == generation(world, at):
                # Whoever hears of it may die before the start; an event that comes again starts what was recorded.
                yield *move_on(world, at), None
            else:
                yield "Start", start(world, at, generation(world, at)), None
        return
    match me.kind:
        case "run":
            yield from run(world, scenario.limit, me)
        case "decide":
            yield from decide(world, me)
        case "stop":
            yield from stop(world, me)
        case "reconcile":
            yield from reconcile(world, me)
        case _:
            yield from worker(scenario, world, me)
    if world.faults and me.pc not in {"look", "idle", "off"}:
        yield "Dies", world._replace(faults=world.faults - 1), _dead(me)
    if world.faults and me.pc == "off" and world.flights[me.at][-1] == RUNNING:
        yield "Taken for dead", world._replace(faults=world.faults - 1), me._replace(pc="idle")


def _dead(me: Process) -> Process:
    """What comes after one that died: nothing after a run or a stop; a person asks once more."""
    match me.kind:
        case "run" | "stop":
            return me._replace(pc="gone")
        case "decide":
            return me._replace(pc="look")
        case "reconcile":
            return me._replace(at=-1, pc="idle", seen=None)
        case _ if me.pc in {"keep", "wake"}:
            # The state machine lets another keep the token.
            return me._replace(pc="keep")
        case _:
            return me._replace(pc="idle", seen=None)


def violations(scenario: Scenario, world: World) -> Iterator[str]:
    """What must hold at every moment. Numbers: docs/guarantees.md, "The promises"."""
    charged = sum(status is not None for status in world.status)
    running = {at for at, status in enumerate(world.status) if status == RUNNING}
    if world.credits != scenario.credits - charged + len(world.refunds) or world.credits < 0:
        yield "1: the balance is not grants - runs + refunds"
    if world.slots != len(running) or world.slots > scenario.limit:
        yield "2: the slots are not the running executions, or too many"
    if any(flights != (NONE,) and status is None for flights, status in zip(world.flights, world.status, strict=True)):
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
        if me.at in repeated and me.pc == "effect" and me.seen[1] == world.revision[me.at]:
            yield "8: a journaled effect is repeated"


def is_quiet(world: World) -> bool:
    """Whether every execution has ended and nobody holds anything."""
    flying = {status for flights in world.flights for status in flights} & {RUNNING, WAITING}
    return not world.slots and all(status != RUNNING for status in world.status) and not flying
