"""The formal model: admission, start, slices, stop, status events and reconciliation as atomic steps on a small state.

Each step stands for one call that the product makes; `IMPLEMENTED_BY` says where. A search through all interleavings
looks at every state that can be reached, faults included: a process may die between any two of its steps, a worker may
be taken for dead and go on beside its successor, and Step Functions may end an execution abnormally.
"""

from collections.abc import Iterator
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


class State(NamedTuple):
    """Table, Step Functions and everybody at work. Executions are numbered."""

    credits: int
    status: tuple[str | None, ...]
    revision: tuple[int, ...]
    journaled: tuple[bool, ...]
    slots: frozenset[int]
    refunds: frozenset[int]
    receipts: frozenset[tuple[str, int]]
    flight: tuple[str, ...]
    events: frozenset[int]
    processes: tuple[Process, ...]
    effects: tuple[int, ...]
    answered: frozenset[int]
    """The executions that a client has been told of."""
    faults: int


class Scenario(NamedTuple):
    """What there is at the start: clients with or without key, stops, credits, slots, and how many faults come."""

    runs: tuple[str | None, ...]
    stops: tuple[int, ...]
    credits: int
    limit: int
    faults: int


def begin(scenario: Scenario) -> State:
    count = len(scenario.runs)
    processes = [Process("run", number, "look", key=key) for number, key in enumerate(scenario.runs)]
    processes += [Process("stop", number, "look") for number in scenario.stops]
    processes += [Process("worker", number, pc) for number in range(count) for pc in ("idle", "off")]
    processes.append(Process("reconcile", -1, "idle"))
    return State(
        credits=scenario.credits,
        status=(None,) * count,
        revision=(0,) * count,
        journaled=(False,) * count,
        slots=frozenset(),
        refunds=frozenset(),
        receipts=frozenset(),
        flight=("none",) * count,
        events=frozenset(),
        processes=tuple(processes),
        effects=(0,) * count,
        answered=frozenset(),
        faults=scenario.faults,
    )


def canonical(state: State) -> State:
    """The one state that stands for all that differ only in what nothing ever asks for again.

    Of a revision it matters whether there has been one, and who has seen the latest; of effects, whether there were
    two; of those at work, not which is which.
    """

    def forget(me: Process) -> Process:
        if me.kind != "worker" or me.seen is None:
            return me
        return me._replace(seen=min(me.seen, 1) if me.seen == state.revision[me.at] else -1)

    processes = [forget(me) for me in state.processes if me.pc != "gone"]
    return state._replace(
        revision=tuple(min(revision, 1) for revision in state.revision),
        effects=tuple(min(count, 2) for count in state.effects),
        processes=tuple(sorted(processes, key=lambda me: (me.kind, me.at, me.pc, str(me.seen), str(me.key)))),
    )


def put(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at + 1 :])


def end(state: State, at: int, status: str) -> State:
    """End a running execution with its slot."""
    return state._replace(status=put(state.status, at, status), slots=state.slots - {at})


def record_broken(state: State, at: int) -> State:
    if state.status[at] != RUNNING:
        return state
    return end(state, at, FAILED)._replace(credits=state.credits + 1, refunds=state.refunds | {at})


def start(state: State, at: int) -> State:
    return state._replace(flight=put(state.flight, at, RUNNING)) if state.flight[at] == "none" else state


def break_flight(state: State, at: int) -> State:
    return state._replace(flight=put(state.flight, at, "broken"), events=state.events | {at})


def run(state: State, limit: int, me: Process) -> Iterator[tuple[str, State, Process]]:
    owner = next((at for key, at in state.receipts if key == me.key), None)
    told = state._replace(answered=state.answered | {me.at if owner is None else owner})
    match me.pc:
        case "look":
            yield "Look", state, me._replace(pc="admit" if owner is None else "repeat")
        case "admit" if owner is not None:
            yield "Replay", told, me._replace(pc="gone")
        case "admit" if state.credits < 1 or len(state.slots) >= limit:
            yield "Refuse", state, me._replace(pc="gone")
        case "admit":
            admitted = state._replace(
                credits=state.credits - 1,
                status=put(state.status, me.at, RUNNING),
                slots=state.slots | {me.at},
                receipts=state.receipts | ({(me.key, me.at)} if me.key else set()),
            )
            yield "Admit", admitted, me._replace(pc="start")
        case "start":
            yield "Start", start(told, me.at), me._replace(pc="gone")
        case "repeat" if owner is not None:
            must_start = state.status[owner] == RUNNING and not state.revision[owner]
            yield "Look again", told, me._replace(pc="start again" if must_start else "gone")
        case "start again" if owner is not None:
            yield "Start", start(told, owner), me._replace(pc="gone")


def stop(state: State, me: Process) -> Iterator[tuple[str, State, Process]]:
    match me.pc:
        case "look" if state.status[me.at] is not None:
            yield "Look", state, me._replace(pc="stop")
        case "stop" if state.status[me.at] != RUNNING:
            yield "Refuse", state, me._replace(pc="gone")
        case "stop":
            yield "Stop", end(state, me.at, STOPPED), me._replace(pc="abort")
        case "abort":
            aborted = break_flight(state, me.at) if state.flight[me.at] == RUNNING else state
            yield "Abort", aborted, me._replace(pc="gone")


def worker(state: State, me: Process) -> Iterator[tuple[str, State, Process]]:
    """Two slices: an effect and a wait; then the end. Every commit asks for `running` and the revision last seen."""
    at = me.at
    may_commit = state.status[at] == RUNNING and state.revision[at] == me.seen
    committed = state._replace(revision=put(state.revision, at, state.revision[at] + 1))
    match me.pc:
        case "idle" if state.flight[at] == RUNNING:
            follows = "begin" if not state.journaled[at] else "end"
            seen = state.revision[at]
            yield "Read", state, me._replace(pc=follows if state.status[at] == RUNNING else "over", seen=seen)
        case "begin" | "note" | "end" if not may_commit:
            yield "Superseded", state, me._replace(pc="idle", seen=None)
        case "begin":
            yield "Begin", committed, me._replace(pc="effect", seen=me.seen + 1)
        case "effect":
            yield (
                "Effect",
                state._replace(effects=put(state.effects, at, state.effects[at] + 1)),
                me._replace(pc="note"),
            )
        case "note":
            yield (
                "Note",
                committed._replace(journaled=put(state.journaled, at, True)),
                me._replace(pc="idle", seen=None),
            )
        case "end":
            yield "End", end(committed, at, SUCCESS), me._replace(pc="over", seen=None)
        case "over":
            over = state._replace(flight=put(state.flight, at, "over")) if state.flight[at] == RUNNING else state
            yield "Over", over, me._replace(pc="idle", seen=None)


def reconcile(state: State, me: Process) -> Iterator[tuple[str, State, Process]]:
    match me.pc:
        case "idle":
            for at, status in enumerate(state.status):
                if status == RUNNING:
                    yield "Reconcile", state, me._replace(at=at, pc="look")
        case "look":
            yield "Describe", state, me._replace(pc="act", seen=state.flight[me.at])
        case "act":
            done = me._replace(at=-1, pc="idle", seen=None)
            if me.seen == "none":
                yield "Start", start(state, me.at), done
            elif me.seen == RUNNING:
                yield "Leave", state, done
            else:
                yield "RecordBroken", record_broken(state, me.at), done


def steps(state: State, limit: int) -> Iterator[tuple[str, State]]:
    """Everything that can happen next."""
    for number, me in enumerate(state.processes):
        match me.kind:
            case "run":
                following = run(state, limit, me)
            case "stop":
                following = stop(state, me)
            case "reconcile":
                following = reconcile(state, me)
            case _:
                following = worker(state, me)
        for name, after, then in following:
            yield name, after._replace(processes=put(after.processes, number, then))
        if state.faults and me.pc not in {"look", "idle", "gone", "off"}:
            dead = me._replace(pc="gone") if me.kind in {"run", "stop"} else me._replace(pc="idle", seen=None)
            yield "Dies", state._replace(processes=put(state.processes, number, dead), faults=state.faults - 1)
        if state.faults and me.pc == "off" and state.flight[me.at] == RUNNING:
            on = put(state.processes, number, me._replace(pc="idle"))
            yield "Taken for dead", state._replace(processes=on, faults=state.faults - 1)
    for at, flight in enumerate(state.flight):
        if state.faults and flight == RUNNING:
            yield "Breaks", break_flight(state, at)._replace(faults=state.faults - 1)
    for at in state.events:
        yield "RecordBroken", record_broken(state, at)


def violations(scenario: Scenario, before: State | None, state: State) -> Iterator[str]:
    """What must hold in every state and over every step, by its number.

    Rule: architecture "What must always hold".
    """
    charged = sum(status is not None for status in state.status)
    running = {at for at, status in enumerate(state.status) if status == RUNNING}
    if state.credits != scenario.credits - charged + len(state.refunds) or state.credits < 0:
        yield "1: the balance is not grants - runs + refunds"
    if state.slots != running or len(running) > scenario.limit:
        yield "2: the slots are not the running executions, or too many"
    if any(flight != "none" and status is None for flight, status in zip(state.flight, state.status, strict=True)):
        yield "3: Step Functions runs what we do not know"
    if any(state.status[at] is None for at in state.answered):
        yield "4: an answered run is lost"
    admitted = [key for key, status in zip(scenario.runs, state.status, strict=True) if key and status is not None]
    if len(admitted) != len(set(admitted)):
        yield "6: a key is admitted twice"
    if any(state.status[at] != FAILED for at in state.refunds):
        yield "refund without failure"
    if before is None:
        return
    for was, now in zip(before.status, state.status, strict=True):
        if was not in {None, RUNNING} and now != was:
            yield "5: an ended execution changed"
    for at, status in enumerate(before.status):
        if status != RUNNING and state.revision[at] != before.revision[at]:
            yield "stop: something began or was recorded after the end"
        if before.journaled[at] and state.effects[at] != before.effects[at] and _newly_begun(before, at):
            yield "8: a journaled effect is repeated"


def _newly_begun(state: State, at: int) -> bool:
    """Whether the effect under way was begun after its journal entry: never, as a slice reads the journal first."""
    return any(me.at == at and me.pc == "effect" and me.seen == state.revision[at] for me in state.processes)


def is_quiet(state: State) -> bool:
    """Whether every execution has ended and nobody holds anything."""
    return not state.slots and all(status != RUNNING for status in state.status) and RUNNING not in state.flight
