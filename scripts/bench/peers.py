"""The same work by this product and by what people would pick instead: rounds, in each of which every system runs."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.bench.numbers import shown
from scripts.bench.section import Chart, Figures, Options, Section

if TYPE_CHECKING:
    from scripts.bench.systems.system import System

_CLIENTS = 8
_STACK, _FLOOR = "Lodol, the whole local stack", "ministack alone"
_TARGET_OF_FLOOR, _TARGET_POLL_MS = 1.25, 20


def measure(options: Options) -> Figures:
    """Run the rounds; a system that cannot be had or fails is left out from there on, and its reason kept."""
    from scripts.bench.environments import Missing
    from scripts.bench.systems import SYSTEMS

    found: dict[str, Any] = {}
    skipped: dict[str, str] = {}
    rounds, seconds = (1, 1.0) if options.quick else (4, 4.0)
    ready = []
    for system in SYSTEMS:
        try:
            if system.environment:
                system.environment.ensure(install=options.install)
            system.prepare()
            ready.append(system)
        except Missing as missing:
            skipped[system.name] = str(missing)
            print(f"  {system.name}: left out, {missing}", flush=True)
    for number in range(rounds):
        for system in ready:
            if system.name not in skipped:
                _take_turn(system, number + 1, seconds, found, skipped)
    systems = {name: turns for name, turns in found.items() if name not in skipped}
    return {"rounds": rounds, "clients": _CLIENTS, "systems": systems, "skipped": skipped}


def _take_turn(
    kind: "type[System]", number: int, seconds: float, found: dict[str, Any], skipped: dict[str, str]
) -> None:
    from scripts.bench.connection import Failed
    from scripts.bench.systems.site import site
    from scripts.local.cloud import CloudFailed
    from scripts.local.deployment import DeploymentFailed

    home = Path(tempfile.mkdtemp(prefix="lodol-bench-"))
    try:
        with site(home) as address:
            turn = _turn(kind(home, address), seconds)
        found.setdefault(kind.name, {"what": kind.what, "turns": []})["turns"].append(turn)
        told = ", ".join(f"{name} {shown(value)}" for name, value in turn.items())
        print(f"  round {number}, {kind.name}: {told}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
    except (Failed, OSError, CloudFailed, DeploymentFailed) as failure:
        skipped[kind.name] = f"failed in round {number}: {str(failure)[:300]}"
        print(f"  {kind.name}: left out, {skipped[kind.name]}; its log is below {home}", flush=True)


def _turn(system: "System", seconds: float) -> dict[str, float]:
    """Everything that is measured of one start of a system."""
    from scripts.bench import processes
    from scripts.bench.load import Load, Polls

    try:
        begun = time.monotonic()
        system.make_ready()
        ready = time.monotonic() - begun
        Load.of(system, _CLIENTS, seconds / 4)
        one, many = Load.of(system, 1, seconds), Load.of(system, _CLIENTS, 2 * seconds)
        polls = Polls.of(system, seconds / 2)
        resident, proportional = processes.memory_megabytes(system.roots)
    finally:
        system.stop()
    return {
        "ready_s": ready,
        "start_ms": one.start_ms,
        "done_ms": one.done_ms,
        "alone_a_second": one.a_second,
        "alone_processor_ms": one.processor_ms,
        "start_ms_of_many": many.start_ms,
        "done_ms_of_many": many.done_ms,
        "a_second": many.a_second,
        "processor_ms": many.processor_ms,
        "beside_ms": many.beside_ms,
        "poll_ms": polls.took_ms,
        "poll_processor_ms": polls.processor_ms,
        "rss_mb": resident,
        "pss_mb": proportional,
    }


def text(figures: Figures) -> str:
    """The tables, what each figure includes, and what was left out."""
    systems, clients = figures["systems"], figures["clients"]
    kept = "\n".join(f"- **{name}**: {found['what']}." for name, found in systems.items())
    left_out = "\n".join(f"- **{name}**: {reason}." for name, reason in figures["skipped"].items())
    many = (("a_second", "executions a second"), ("processor_ms", "CPU ms an execution"))
    many += (("start_ms_of_many", "start, ms"), ("done_ms_of_many", "start → done, ms"))
    alone = (("start_ms", "start, ms"), ("done_ms", "start → done, ms"), ("alone_processor_ms", "CPU ms an execution"))
    rest = (("poll_ms", "a poll, ms"), ("poll_processor_ms", "a poll, CPU ms"), ("ready_s", "ready after, s"))
    rest += (("rss_mb", "RSS, MB"), ("pss_mb", "PSS, MB"))
    return f"""
The same workflow in each: it adds up an order, makes one HTTP call to a server on loopback, and makes a sentence of both.
What each of its three steps gives is on record in all of them. A client starts a run over HTTP, waits until it is done, and
starts the next. {figures["rounds"]} rounds, in each of which every system is started anew in a folder of its own, one after
the other; the median of the rounds, and in brackets the least and the most.

{clients} clients at once:

{_table(systems, many)}

One client:

{_table(systems, alone)}

After that:

{_table(systems, rest)}

![Processor time of an execution](performance/peers-processor.svg)

![From the start of a run until it is done](performance/peers-done.svg)

{_against_targets(systems)}
**CPU** is user and system time, as the kernel counts it, of all processes of a system over the time in which its clients
worked, shared out among the executions; clients and the server that is called are not in it. **A poll** is one more
question after a run that has ended, by one client. **Ready** counts from the start of the first process until a run can be
started, and for Lodol and ministack until the first is done. **RSS** counts what processes share for each of them, **PSS**
once. What each of them is:

{kept}

How the end of a run is seen: Restate, DBOS and Temporal answer a request that waits. On ministack the client asks Step
Functions every 50 ms, and what counts is the moment that it names. The stub of AWS answers when its state machine is done.
Prefect is asked every 50 ms, and counts likewise. A client of Lodol's API that asks as often as `Retry-After` says sees it a
second later at most.

{_TELLING}
{f"Left out:{chr(10)}{chr(10)}{left_out}" if left_out else ""}
"""


_TELLING = """
What to make of it:

- Restate is a server compiled to machine code, with its log on the disk beside it: it needs the least of a processor, and
  the time from start to done is that of a few local writes. Lodol's functions are Python, and each commit of theirs is a
  signed request in JSON to a database that is elsewhere. Who wants the most executions from one machine takes Restate.
- DBOS is a library in the application's own process: nothing starts faster or is smaller in memory. On SQLite its writes
  wait for the disk one after the other, so more clients bring little more; on Postgres they would.
- Temporal's dev server keeps everything in memory and the worker is asked for each step; Prefect starts a process for each
  run, which is meant for runs of minutes.
- What Lodol has for it is not in these tables: between two runs nothing of it runs, and the database is no server of one's
  own. On AWS the times of the whole local stack do not hold: there the emulator is not in them, and the network is.
"""


def _table(systems: dict[str, Any], columns: Sequence[tuple[str, str]]) -> str:
    rows = [
        [name, *(with_spread([turn[key] for turn in found["turns"]]) for key, _ in columns)]
        for name, found in systems.items()
    ]
    return table(["system", *(head for _, head in columns)], rows)


def _against_targets(systems: dict[str, Any]) -> str:
    """How near the whole local stack comes to what its emulator can do at all."""
    if not {_STACK, _FLOOR} <= set(systems):
        return ""
    ours, floor = systems[_STACK]["turns"], systems[_FLOOR]["turns"]
    ratios = [one["done_ms"] / other["done_ms"] for one, other in zip(ours, floor, strict=False)]
    polls = [one["poll_ms"] for one in ours]
    return f"""
Of the time from start to done on the local stack, ministack alone needs the most: it is {with_spread(ratios)} times that of
a state machine with the same transitions whose function only writes a line (target: {_TARGET_OF_FLOOR}). A GET there takes
{with_spread(polls)} ms (target: {_TARGET_POLL_MS}).
"""


def charts(figures: Figures) -> list[Chart]:
    """What decides most, as bars."""
    drawn = (
        ("peers-processor", "Processor time of an execution, {} clients", "processor_ms"),
        ("peers-done", "From the start of a run until it is done, one client", "done_ms"),
    )
    return [
        Bars(
            name,
            title.format(figures["clients"]),
            "ms, logarithmic",
            [(system, *_spread(found, key)) for system, found in figures["systems"].items()],
            is_logarithmic=True,
        )
        for name, title, key in drawn
    ]


def _spread(found: Any, key: str) -> tuple[float, float, float]:
    return spread([turn[key] for turn in found["turns"]])


SECTION = Section("Beside others", measure, text, charts)
