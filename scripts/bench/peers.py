"""The same work by this product and by what people would pick instead: rounds, in each of which every system runs."""

import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from scripts.bench.numbers import shown, spread, with_spread
from scripts.bench.section import Bars, Chart, Figures, Options, Section
from scripts.bench.tables import table

if TYPE_CHECKING:
    from scripts.bench.systems.system import System

_CLIENTS = 8
HANDLERS, STACK, FLOOR = "Lodol, handlers in processes", "Lodol, the whole local stack", "ministack alone"
_TEXT = Template((Path(__file__).parent / "peers.md").read_text())
_TARGET_OF_FLOOR, _TARGET_POLL_MS = 1.25, 20


MANY = {
    "a_second": "executions a second",
    "processor_ms": "CPU ms an execution",
    "start_ms_of_many": "start, ms",
    "done_ms_of_many": "start → done, ms",
}
ALONE = {"start_ms": "start, ms", "done_ms": "start → done, ms", "alone_processor_ms": "CPU ms an execution"}
AFTER = {
    "poll_ms": "a poll, ms",
    "poll_processor_ms": "a poll, CPU ms",
    "ready_s": "ready after, s",
    "rss_mb": "RSS, MB",
    "pss_mb": "PSS, MB",
}


def measure(options: Options) -> Figures:
    """Run the rounds; a system that cannot be had or fails is left out from there on, and its reason kept."""
    from scripts.bench.systems import LEFT_OUT, SYSTEMS

    found: dict[str, Any] = {}
    skipped = dict(LEFT_OUT)
    seconds = 1.0 if options.quick else 4.0
    ready = []
    for system in SYSTEMS:
        if reason := _missing(system, options):
            skipped[system.name] = reason
            print(f"  {system.name}: left out, {reason}", flush=True)
        else:
            ready.append(system)
    for number in range(options.rounds):
        for system in ready:
            if system.name not in skipped:
                _take_turn(system, number + 1, seconds, found, skipped)
    systems = {name: turns for name, turns in found.items() if name not in skipped}
    return {"rounds": options.rounds, "clients": _CLIENTS, "systems": systems, "skipped": skipped}


def _missing(kind: "type[System]", options: Options) -> str | None:
    """Prepare a system, or say why it cannot be measured."""
    from scripts.bench.environments import Missing

    if options.quick and kind.is_slow:
        return "a quick bench has no time for it"
    try:
        if kind.environment:
            kind.environment.ensure(install=options.install)
        kind.prepare()
    except Missing as missing:
        return str(missing)
    return None


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
        Load.of(system, 1 if system.is_slow else _CLIENTS, seconds / 2)
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
    systems = figures["systems"]
    left_out = [f"- **{name}** was left out: {reason}." for name, reason in figures["skipped"].items()]
    return _TEXT.substitute(
        rounds=figures["rounds"],
        clients=figures["clients"],
        many=_table(systems, MANY),
        alone=_table(systems, ALONE),
        after=_table(systems, AFTER),
        targets=_against_targets(systems),
        processes="\n".join([*(_processes(name, found) for name, found in systems.items()), *left_out]),
        winners=_winners(systems),
    )


def _processes(name: str, found: Any) -> str:
    """What was counted of a system, and what the processes beside it used, which were not."""
    beside = _spread(found, "beside_ms")[0]
    return f"- **{name}**: {found['what']}{f' and used {shown(beside)} CPU ms an execution' if beside else ''}."


def _winners(systems: dict[str, Any]) -> str:
    """Who is best in each column, and how far Lodol is from that."""
    rivals = {name: found for name, found in systems.items() if name != FLOOR}
    rows = []
    for key, head in {**MANY, **ALONE, **AFTER}.items():
        medians = {name: _spread(found, key)[0] for name, found in rivals.items()}
        best = (max if key == "a_second" else min)(medians, key=lambda name: medians[name])
        of_ours = f"{shown(medians[HANDLERS])}" if HANDLERS in medians else ""
        many = f", {_CLIENTS} clients" if key in MANY else ""
        rows.append([f"{head}{many}", best, shown(medians[best]), of_ours])
    return table(["", "best", "its figure", HANDLERS], rows)


def _table(systems: dict[str, Any], columns: Mapping[str, str]) -> str:
    rows = [
        [name, *(with_spread([turn[key] for turn in found["turns"]]) for key in columns)]
        for name, found in systems.items()
    ]
    return table(["system", *columns.values()], rows)


def _against_targets(systems: dict[str, Any]) -> str:
    """How near the whole local stack comes to what its emulator can do at all."""
    if not {STACK, FLOOR} <= set(systems):
        return ""
    ours, floor = systems[STACK]["turns"], systems[FLOOR]["turns"]
    ratios = [one["done_ms"] / other["done_ms"] for one, other in zip(ours, floor, strict=False)]
    polls = [one["poll_ms"] for one in ours]
    return (
        f"From start to done the whole local stack takes {with_spread(ratios)} times as long as ministack alone, whose "
        f"state machine has the same transitions and whose function only writes a line (target: {_TARGET_OF_FLOOR}). "
        f"A GET there takes {with_spread(polls)} ms (target: {_TARGET_POLL_MS})."
    )


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
