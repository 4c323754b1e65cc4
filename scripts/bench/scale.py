"""How the product scales, counted: units and calls of each operation, by how much there is of everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from domain.moments import to_text
from handlers import get_history, list_executions
from scripts.bench import admissions, crowds
from scripts.bench.assumptions import assumptions
from scripts.bench.crowds import Crowd
from scripts.bench.numbers import shown
from scripts.bench.product import Product, Work, product
from scripts.bench.section import Chart, Figures, Lines, Options, Section
from scripts.bench.tables import table
from scripts.bench.telling import Telling
from tests.support.programs import call, do, for_each, let, literal, post, sleep

type Row = dict[str, float]
"""What one measurement has found: its `size`, and what was counted there."""

POPULATIONS = (100, 1_000, 10_000, 100_000)
STEPS = (3, 10, 30, 100, 300, 500)
EFFECTS = (3, 10, 30, 100, 300, 1_000, 5_000)
ROUNDS = (10, 30, 100, 300, 1_000)
REVIEWS = (1, 3, 10, 30, 100)
WEBHOOKS = (1, 3, 10, 20)
DUE, LOST = 1_000, 10
RATES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0)

_FLAT, _STRAIGHT = 1.02, 0.05
"""A curve is flat if its values differ by a fiftieth at most, and a line if all lie within a twentieth of one."""


def measure(options: Options) -> Figures:
    """Count everything, or with `quick` the small sizes only."""

    def some[T](sizes: Sequence[T]) -> Sequence[T]:
        return sizes[:3] if options.quick else sizes

    return {
        "operations": operations(some(POPULATIONS)),
        "steps": executions(some(STEPS), lambda size: [let(f"x{number}", literal(number)) for number in range(size)]),
        "effects": executions(some(EFFECTS), lambda size: [loop(size, do(post("https://a/")))]),
        "waits": executions(some(ROUNDS), lambda size: [loop(size, sleep(60))]),
        "reviews": executions(some(REVIEWS), lambda size: [loop(size, do(call("human.create", literal("?"))))]),
        "webhooks": webhooks(some(WEBHOOKS)),
        "reconcile": reconcile(some(POPULATIONS)),
        "heat": _heat(),
        "admissions": {str(held): _admissions(held) for held in assumptions()["admissions"]["held_milliseconds"]},
        "seed": admissions.SEED,
        "http_milliseconds": assumptions()["programs"]["http_milliseconds"],
        "partition_write_units": assumptions()["admissions"]["partition_write_units"],
    }


def loop(rounds: int, statement: Any) -> Any:
    """A loop of so many rounds."""
    return for_each("n", literal(list(range(rounds))), statement)


def _row(size: float, work: Work) -> Row:
    asked = work.asked
    return {
        "size": size,
        "calls": sum(asked.calls.values()),
        "write_units": asked.write_units,
        "read_units": asked.read_units,
        "transitions": work.states,
        "stored_bytes": asked.stored_bytes,
    }


def operations(populations: Iterable[int]) -> dict[str, list[Row]]:
    """Each operation in a workspace with so many executions, of which one in a hundred runs and one has failed."""
    found: dict[str, list[Row]] = {}
    for population in populations:
        with product() as on:
            for name, work in _each_operation(on, population):
                found.setdefault(name, []).append(_row(population, work))
    return found


def _each_operation(on: Product, population: int) -> Iterable[tuple[str, Work]]:
    system, crowd = on.system, Crowd(on)
    ends, sleeps = system.workflow(let("x", literal(1))), system.workflow(sleep(2_000_000))
    fails = system.workflow(do(call("http.request", literal("GET"), literal("https://fail/"))))
    model = on.run(ends)[2]
    failed, running = (system.run(which).body["execution_id"] for which in (fails, sleeps))
    while system.status(failed) == "running":
        system.step(failed)
    system.step(running)
    crowd.of(model, population * 98 // 100)
    crowd.of(failed, population // 100)
    crowd.of(running, population // 100)

    def listed(**query: str) -> Callable[[], Any]:
        return lambda: system._send(list_executions.handler, "GET", "/v1/executions", query=query)

    on.get(model)
    _history(on, model)
    yield "get", on.request("get_execution", lambda: on.get(model))[0]
    yield "history", on.request("get_history", lambda: _history(on, model))[0]
    yield "list, 20 rows", on.request("list_executions", listed(limit="20"))[0]
    yield "list of those failed", on.request("list_executions", listed(limit="20", status="failed"))[0]
    of_workflow = {"workflow_id": ends, "status": "success"}
    yield "list of a workflow's successes", on.request("list_executions", listed(limit="20", **of_workflow))[0]
    every = "running,success,failed,stopped"
    yield "list of all four statuses", on.request("list_executions", listed(limit="20", status=every))[0]
    on.run(ends)  # The first run of a day lets the day begin as well.
    request, slices, _ = on.run(ends)
    yield "run", request
    yield "its slices", slices
    yield "stop", on.request("stop_execution", lambda: system.stop(running))[0]


def _history(on: Product, execution_id: str, **query: str) -> Any:
    path = f"/v1/executions/{execution_id}/history"
    return on.system._send(get_history.handler, "GET", path, query=query or None)


def executions(sizes: Iterable[int], body: Callable[[int], list[Any]]) -> dict[str, list[Row]]:
    """The slices of executions of a size, what is told of one, and what it takes to poll it and to read its history.

    Each of its events is published by an invocation of its own; of its history it is the last page.
    """
    found: dict[str, list[Row]] = {}
    with product() as on:
        for size in sizes:
            workflow_id = on.system.workflow(*body(size))
            telling = Telling(on)
            _, slices, execution_id = on.run(workflow_id)
            published = telling.publish()
            on.get(execution_id)
            _history(on, execution_id)
            poll, _ = on.request("get_execution", lambda: on.get(execution_id))  # noqa: B023
            results, _ = on.request("get_execution", lambda: on.system.get(execution_id))  # noqa: B023
            page, _ = on.request("get_history", lambda: _history(on, execution_id, limit="20"))  # noqa: B023
            works = {
                "its slices": slices,
                "its events": published,
                "poll": poll,
                "poll with results": results,
                "a page of its history": page,
            }
            for name, work in works.items():
                found.setdefault(name, []).append(_row(size, work) | {"slices": work.slices})
    return found


def webhooks(sizes: Iterable[int]) -> dict[str, list[Row]]:
    """An end that so many webhooks want: its publication, and the first attempts to deliver it."""
    found: dict[str, list[Row]] = {}
    for size in sizes:
        with product() as on:
            telling = Telling(on)
            telling.add_webhooks(size)
            on.run(on.system.workflow(let("x", literal(1))))
            for name, work in (("its publication", telling.publish()), ("its deliveries", telling.deliver())):
                found.setdefault(name, []).append(_row(size, work))
    return found


def reconcile(sleeping: Iterable[int], due: int = DUE) -> list[Row]:
    """A pass with so many executions due and ten lost, while so many others are open and asleep."""
    found = []
    for size in sleeping:
        with product() as on:
            system, crowd = on.system, Crowd(on)
            execution_id = system.run(system.workflow(sleep(2_000_000))).body["execution_id"]
            later, now = (to_text(system.world.now + timedelta(days=days)) for days in (20, 0))
            crowd.of(execution_id, size, due_at=later)
            crowd.started(execution_id, crowd.of(execution_id, due, due_at=now))
            crowd.started(execution_id, crowd.of(execution_id, LOST, due_at=now), "FAILED")
            begun = time.perf_counter()
            work, counted = on.request("reconcile", on.system.reconcile)
            took = time.perf_counter() - begun
            assert counted == {"running": due, "continued": LOST}  # noqa: S101 - what the figures are about
            found.append(_row(size, work) | {"seconds": took, "aws_seconds": _on_aws(work)})
    return found


def _on_aws(work: Work) -> float:
    """How many seconds its calls take one after the other, by what is assumed of each."""
    each = assumptions()["call_milliseconds"]
    return float(sum(each[operation] * times for operation, times in work.asked.calls.items())) / 1000


def _heat() -> dict[str, float]:
    """The write units that one execution of three steps spends where others of its workspace, or all, spend theirs."""
    with product() as on:
        workflow_id = on.system.workflow(*(let(f"x{number}", literal(number)) for number in range(3)))
        on.run(workflow_id)
        request, slices, _ = on.run(workflow_id)
        workspace = f"WS#{on.system.workspace.id}"
        heat = (request + slices).asked.heat
        places = {
            "the workspace's item": f"{workspace}/WORKSPACE",
            "the workspace's partition": f"{workspace}/",
            "the window that counts requests": f"{workspace}#WINDOW",
            "`by-status`, those running of the workspace": f"by-status/{workspace}#running",
            "`by-workflow` of one workflow": "by-workflow/",
            "`due`, of the whole stack": "due/",
        }
        return {
            place: sum(units for at, units in heat.items() if at.startswith(prefix)) for place, prefix in places.items()
        }


def _admissions(held_milliseconds: float) -> list[Row]:
    rows = []
    for rate in RATES:
        outcome = admissions.simulate(rate, held_milliseconds / 1000)
        rows.append(
            {
                "size": rate,
                "refused": round(outcome.refused_share, 4),
                "attempts": round(outcome.attempts / outcome.asked / 2, 2),
                "median": round(outcome.percentile(0.5), 3),
                "p99": round(outcome.percentile(0.99), 3),
            }
        )
    return rows


def shape(rows: Sequence[Row], amount: str) -> str:
    """How an amount grows: `flat`, `a line` of so much each, `flat` from a size on, or `bent`."""
    points = [(row["size"], row[amount]) for row in rows]
    least, most = min(y for _, y in points), max(y for _, y in points)
    if most <= _FLAT * least or most == least:
        return "flat"
    tail = rows[(len(rows) + 1) // 2 :]
    if len(tail) > 1 and shape(tail, amount) == "flat":
        return f"flat from {tail[0]['size']:,g} on"
    slope, beside = _line(points)
    if all(abs(beside + slope * x - y) <= _STRAIGHT * most for x, y in points):
        return f"a line, {slope:,.3g} each"
    return "bent"


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The line of least squares: its slope, and where it begins."""
    middle = [sum(values) / len(points) for values in zip(*points, strict=True)]
    across = sum((x - middle[0]) ** 2 for x, _ in points)
    slope = sum((x - middle[0]) * (y - middle[1]) for x, y in points) / across
    return slope, middle[1] - slope * middle[0]


_NAMED = {
    ("effects", "its slices", "read_units"): (
        "Each slice of a loop goes on from a resume point, and that holds the list that the loop goes over: some 30 KB "
        "for 5,000 numbers. So a slice reads more the longer the list is, and there are more slices. For that reason "
        "write units come to seven each, where they begin with six, and a wait takes a little more in a loop of 1,000 "
        "than in one of 100."
    ),
    ("webhooks", "its publication", "read_units"): (
        "The webhooks of a workspace are read by one query, at a unit for each 4 KB. The 20 that it may have take a "
        "little more than that, and more where their addresses and filters are long."
    ),
}
"""What bends, and why."""

_SECTIONS = {
    "operations": ("A workspace with so many executions", "executions in the workspace"),
    "steps": ("An execution of so many pure steps", "steps"),
    "effects": ("An execution with so many effects, one after the other in a loop", "effects"),
    "waits": ("An execution that waits so many times, in a loop", "waits"),
    "reviews": ("An execution that asks for so many reviews, in a loop", "reviews"),
    "webhooks": ("An end that so many webhooks want", "webhooks"),
}
_AMOUNTS = ("calls", "write_units", "read_units")


def curves(figures: Figures) -> Iterable[tuple[str, str, str, list[Row]]]:
    """Every curve: its section, what was looked at there, the amount, and the rows."""
    for section in _SECTIONS:
        for name, rows in figures[section].items():
            for amount in _AMOUNTS:
                yield section, name, amount, rows
    for amount in _AMOUNTS:
        yield "reconcile", "a pass", amount, figures["reconcile"]


def is_named(section: str, name: str, amount: str) -> bool:
    """Whether the document says why a curve bends."""
    return (section, name, amount) in _NAMED


def text(figures: Figures) -> str:
    """The tables, each amount with how it grows; then what one workspace can take."""
    parts = [
        (
            "Counted, not timed: calls of AWS, and capacity units by the [published rules](../scripts/bench/units.py), "
            "on the product in one process. Where time ends a slice, each HTTP request has taken "
            f"{figures['http_milliseconds']} ms. A curve is flat, or a line, or it is named below; "
            "what is flat from a size on is a page that was not full before."
        ),
    ]
    for section, (title, _) in _SECTIONS.items():
        parts += [f"### {title}", _curves(figures[section], section)]
        if section == "operations":
            parts.append("![Read units of each operation](performance/scale-operations.svg)")
    parts += [
        "![Write units for each](performance/scale-executions.svg)",
        "### A pass of `reconcile` with so many asleep",
        _reconciled(figures["reconcile"]),
        _curves({"a pass": figures["reconcile"]}, "reconcile"),
        "### What one workspace can take",
        _ceilings(figures),
    ]
    return "\n\n".join(parts)


def _reconciled(rows: Sequence[Row]) -> str:
    largest = rows[-1]
    return f"""\
{DUE:,} executions are due, and among them {LOST} whose Step Functions execution was lost; one pass looks at all of them
and lets the {LOST} go on. With {largest["size"]:,g} asleep it took {shown(largest["seconds"])} s here, nearly all of
them the emulator's, which looks through its whole table for each query. On AWS its calls take
{shown(largest["aws_seconds"])} s by [what is assumed](../scripts/bench/assumptions.toml) of each, and it has 45.
What is longest overdue comes first, and what there was no time for comes first in the next minute. DescribeExecution is
asked once for each that is due and never for one asleep: AWS lets an account ask 300 times at once and 15 times a
second, which are 975 in a pass."""


def _curves(curves: dict[str, list[Row]], section: str) -> str:
    sizes = [f"{row['size']:,g}" for row in next(iter(curves.values()))]
    rows, named = [], []
    for name, measured in curves.items():
        for amount in _AMOUNTS:
            grows = shape(measured, amount)
            if grows == "bent":
                grows = "bends, see below"
                named.append(_NAMED.get((section, name, amount), "Nobody has said why it bends."))
            rows.append([f"{name}: {amount.replace('_', ' ')}", *(row[amount] for row in measured), grows])
    return "\n\n".join([table(["", *sizes, "grows"], rows), *named])


def _ceilings(figures: Figures) -> str:
    limit = figures["partition_write_units"]
    hottest = max(figures["heat"].items(), key=lambda place: place[1])
    heat = table(
        ["where", "write units of one execution", f"executions a second at {limit:,} units"],
        [(place, units, limit * _parts_of(place) // units) for place, units in figures["heat"].items() if units],
    )
    held = figures["admissions"]
    columns = ("refused", "attempts", "p99")
    head = ["executions a second", *(f"held {name} ms: {what}" for name in held for what in columns)]
    admitted = table(
        head,
        [
            [
                row["size"],
                *(cell for rows in held.values() for cell in _admitted(rows[number])),
            ]
            for number, row in enumerate(next(iter(held.values())))
        ],
    )
    ceilings = ", ".join(f"{_ceiling(rows):g} at {name} ms" for name, rows in held.items())
    return f"""\
Every admission and every end of an execution is a transaction on the workspace's item, and of two at once one is
cancelled with `TransactionConflict` and tried again, for four seconds at most. That is the ceiling: by a simulation
(seed {figures["seed"]}, a minute of requests at random, the pauses of `Table.commit`), the most executions a second of
which one in a thousand is refused at most are **{ceilings}** for which a transaction holds an item; AWS does not
publish how long it does. What is refused is 503, or 409 with an `Idempotency-Key`, and charges nothing; an end is never
lost: the state machine tries its slice again.

{admitted}

![Refused admissions of one workspace](performance/scale-admissions.svg)

The largest plan's own limit comes first: 600 requests a minute are 10 runs a second. What DynamoDB lets one partition
of a table or of an index write ({limit:,} units a second) is further away:

{heat}

DynamoDB may split a partition that stays hot between its items, and an item never: the items and the window are
hard limits, and what is hottest is {hottest[0]}. The index `due` is the one place that all workspaces share, in
{crowds.SHARDS} parts. Beyond that come what AWS lets an account do: [starts and state transitions a
second](https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html), and workers of Lambda at once.

What lies beyond is not built. Credits and slots as several counters of a workspace, of which an admission takes one at
random and looks at the next only where that is empty, divide conflicts and units by their number; a digit of the
execution's id in the partitions of `by-status` does the same there, as `due` has it already, for one more query each
when listing; more parts of `due` are one constant."""


def _parts_of(place: str) -> int:
    """In how many partitions the writes of a place are spread."""
    return crowds.SHARDS if place.startswith("`due`") else 1


def _admitted(row: Row) -> tuple[str, float, str]:
    return f"{row['refused']:.1%}", row["attempts"], f"{row['p99']:.2f} s"


def _ceiling(rows: Sequence[Row]) -> float:
    return max((row["size"] for row in rows if row["refused"] <= 0.001), default=0.0)


def charts(figures: Figures) -> list[Chart]:
    """The units of operations by population, those of executions for each thing that they do, and what is refused."""
    each = {
        f"{noun}: {name.replace('_', ' ')}": [(row["size"], row[name] / row["size"]) for row in rows]
        for section, (_, noun) in _SECTIONS.items()
        if "its slices" in figures[section]
        for rows in [figures[section]["its slices"]]
        for name in ("write_units", "read_units")
    }
    return [
        Lines(
            "scale-operations",
            "Read units of an operation",
            "executions in the workspace",
            "read units",
            {name: [(row["size"], row["read_units"]) for row in rows] for name, rows in figures["operations"].items()},
            is_logarithmic=True,
        ),
        Lines(
            "scale-executions",
            "Units for each step, effect, wait and review of an execution",
            "how many there are",
            "units for each",
            each,
            is_logarithmic=True,
        ),
        Lines(
            "scale-admissions",
            "Admissions of one workspace that are refused",
            "executions a second",
            "refused",
            {
                f"a transaction holds its items for {held} ms": [(row["size"], row["refused"]) for row in rows]
                for held, rows in figures["admissions"].items()
            },
        ),
    ]


SECTION = Section("Scale", measure, text, charts)
