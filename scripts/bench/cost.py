"""What the product costs by a model: counted units at list prices, beside two designs that others would build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lodol.cost.usage import Usage, price_list
from scripts.bench.assumptions import assumptions, processor_milliseconds
from scripts.bench.parts import gigabytes, seconds, usage_of
from scripts.bench.product import product
from scripts.bench.section import Bars, Chart, Figures, Options, Section
from scripts.bench.tables import table
from scripts.bench.units import item_bytes, read_units, write_units
from tests.support.programs import do, let, literal, post, sleep
from tests.support.template import functions

MILLION = 1_000_000
MONTH_SECONDS = 30 * 24 * 60 * 60
LENGTHS = (3, 10)
WORKERS = 29
"""Of RunSteps, in the burst that the section speaks of."""

OURS, TASKS, ALONE = "this product", "a task a step, results on the execution", "Step Functions Standard alone"
_SHORT = {OURS: OURS, TASKS: "a task a step", ALONE: "Step Functions alone"}
_OVERHEAD_BYTES = 100


def measure(_: Options) -> Figures:
    """Count a poll, runs, a sleep of 30 days, and an idle minute; and model the others."""
    workloads = {**_ours(), **_idle()}
    beside = _beside()
    return {
        "region": price_list().region,
        "read_on": price_list().read_on.isoformat(),
        "prices": [asdict(price) for price in price_list().prices],
        "workloads": {
            name: {design: _priced(usage) for design, usage in {OURS: ours, **beside.get(name, {})}.items()}
            for name, ours in workloads.items()
        },
        "burst": _burst(),
        "warm_milliseconds": {
            name: round(processor_milliseconds(name, "warm"), 1)
            for name in ("run_workflow", "run_steps", "get_execution")
        },
    }


def _priced(usage: Usage) -> dict[str, Any]:
    prices = price_list()
    return {
        "dollars": round(prices.total(usage), 4),
        "usage": {name: round(amount, 3) for name, amount in usage.amounts().items() if amount},
        "items": {price.item: round(price.of(usage), 4) for price in prices.prices if getattr(usage, price.counts)},
    }


def _runs(steps: int, *, is_pure: bool) -> str:
    return f"a million runs of {steps} {'pure steps' if is_pure else 'steps with an HTTP request each'}"


_POLLS, _ASLEEP, _IDLE = "a million polls", "a million runs that sleep for 30 days", "a month in which nothing happens"


def _ours() -> dict[str, Usage]:
    """What the product uses, counted; an HTTP request keeps its function waiting."""
    http = assumptions()["programs"]["http_milliseconds"] / 1000
    found: dict[str, Usage] = {}
    with product() as on:
        for steps in LENGTHS:
            pure = [let(f"x{number}", literal(number)) for number in range(steps)]
            asking = [do(post(f"https://a/{number}")) for number in range(steps)]
            for body in (pure, asking):
                workflow_id = on.system.workflow(*body)
                on.run(workflow_id)
                request, slices, execution_id = on.run(workflow_id)
                waited = 0 if body is pure else steps * http
                used = usage_of(request) + usage_of(slices) + Usage(gb_seconds=waited * gigabytes("run_steps"))
                found[_runs(steps, is_pure=body is pure)] = MILLION * used
        on.get(execution_id)
        poll, _ = on.request("get_execution", lambda: on.get(execution_id))
        workflow_id = on.system.workflow(sleep(MONTH_SECONDS))
        on.run(workflow_id)
        request, slices, _ = on.run(workflow_id)
        return {
            _POLLS: MILLION * usage_of(poll),
            **found,
            _ASLEEP: MILLION * (usage_of(request) + usage_of(slices)),
        }


def _idle() -> dict[str, Usage]:
    """What a stack uses in which nothing happens: a pass of `reconcile` each minute."""
    with product() as on:
        reconcile, _ = on.request("reconcile", on.reconcile)
    one = usage_of(reconcile)
    return {_IDLE: MONTH_SECONDS // 60 * (one + Usage(events=1))}


def _beside() -> dict[str, dict[str, Usage]]:
    found = {_POLLS: {TASKS: MILLION * _task_poll(LENGTHS[0]), ALONE: MILLION * Usage(api_requests=1)}}
    for steps in LENGTHS:
        for is_pure in (True, False):
            http = 0 if is_pure else assumptions()["programs"]["http_milliseconds"]
            found[_runs(steps, is_pure=is_pure)] = {
                TASKS: MILLION * _task_a_step(steps, http),
                ALONE: MILLION * _alone(steps, http),
            }
    waiting = Usage(transitions=1)
    found[_ASLEEP] = {TASKS: MILLION * (_task_a_step(1, 0) + waiting), ALONE: MILLION * (_alone(1, 0) + waiting)}
    return found


def _invocation(milliseconds: float, megabytes: float) -> Usage:
    return Usage(
        lambda_requests=1,
        gb_seconds=milliseconds / 1000 * megabytes / 1024,
        log_bytes=assumptions()["lambda"]["log_bytes"],
    )


def _authorized(assumed: Mapping[str, float]) -> Usage:
    """A request that an authorizer lets in: it reads the key and counts the request; then the function itself."""
    authorizer = _invocation(assumed["authorizer_milliseconds"], assumed["authorizer_megabytes"])
    function = _invocation(assumed["function_milliseconds"], assumed["function_megabytes"])
    return authorizer + function + Usage(api_requests=1, read_units=1, write_units=1)


def _execution_item(assumed: Mapping[str, float], steps: int) -> dict[str, dict[str, str]]:
    """An execution item of that design with the results of so many steps on it."""
    return {"item": {"S": "x" * round(assumed["item_bytes"] + steps * assumed["step_bytes"] - 4)}}


def _task_poll(steps: int) -> Usage:
    assumed = assumptions()["task_a_step"]
    size = item_bytes(_execution_item(assumed, steps))
    return _authorized(assumed) + Usage(read_units=read_units(size, is_consistent=True))


def _task_a_step(steps: int, http_milliseconds: float) -> Usage:
    """A run: receipt, credit and execution are single writes; each step is a task that updates the execution item.

    One index lists executions by status: put with the execution, and moved within it at its end.
    """
    assumed = assumptions()["task_a_step"]
    items = [_execution_item(assumed, done) for done in range(steps + 1)]
    updates = sum(
        write_units(items[done], items[done + 1], [], is_transactional=False) for done in range(steps)
    ) + write_units(items[-1], items[-1], [], is_transactional=False)
    of_the_index = 1 + 2
    task = _invocation(assumed["function_milliseconds"] + http_milliseconds, assumed["function_megabytes"])
    return (
        _authorized(assumed)
        + steps * task
        + Usage(
            transitions=assumed["states_beside"] + steps * assumed["states_of_a_step"],
            write_units=3 + updates + of_the_index,
            read_units=1,
            stored_bytes=item_bytes(items[-1]) + assumed["index_bytes"] + 2 * _OVERHEAD_BYTES,
        )
    )


def _alone(steps: int, http_milliseconds: float) -> Usage:
    """A state machine started by the gateway itself: a task for each step, and nothing else."""
    assumed = assumptions()["step_functions_alone"]
    task = _invocation(assumed["function_milliseconds"] + http_milliseconds, assumed["function_megabytes"])
    return steps * task + Usage(api_requests=1, transitions=steps)


def _burst() -> dict[str, float]:
    """What many cold workers of RunSteps at once take, and what it costs to have none that is cold."""
    prices, size = price_list(), gigabytes("run_steps")
    of_processor = processor_milliseconds("run_steps", "cold")
    cold, warm = seconds(of_processor, size), seconds(processor_milliseconds("run_steps", "warm"), size)
    every = sum(float(properties["MemorySize"]) / 1024 for properties in functions().values())
    return {
        "workers": WORKERS,
        "cold_milliseconds": round(of_processor, 1),
        "cold_seconds": round(cold, 3),
        "warm_seconds": round(warm, 3),
        "two_cores_seconds": round(WORKERS * of_processor / 1000 / 2, 1),
        "burst_dollars": round(prices.total(Usage(gb_seconds=WORKERS * size * cold)), 6),
        "provisioned_dollars": round(prices.total(Usage(provisioned_gb_seconds=WORKERS * size * MONTH_SECONDS)), 2),
        "snapshots_dollars": round(prices.total(Usage(snapshot_gb_seconds=every * MONTH_SECONDS)), 2),
        "snapshot_of_steps_dollars": round(prices.total(Usage(snapshot_gb_seconds=size * MONTH_SECONDS)), 2),
        "restores_dollars": round(prices.total(Usage(restored_gb=WORKERS * size)), 6),
        "functions": len(functions()),
    }


def text(figures: Figures) -> str:
    """The totals beside the others, what they are made of, what a burst means, and the prices."""
    return "\n\n".join(
        [
            (
                f"A model: units as they were counted, at list prices of {figures['region']} read on "
                f"{figures['read_on']} ([prices.toml](../lodol/cost/prices.toml)), without free tiers. Only how long "
                "Lambda takes is estimated, and the two other designs are described, not built; all that is taken for "
                "granted stands in [assumptions.toml](../scripts/bench/assumptions.toml). `lodol cost EXECUTION` says "
                "the same of one execution."
            ),
            _totals(figures),
            (
                "Warm invocations take of a whole processor: "
                + ", ".join(f"`{name}` {used:g} ms" for name, used in figures["warm_milliseconds"].items())
                + "; a function has the share of its memory."
            ),
            "![Dollars for a million](performance/cost-million.svg)",
            _DESIGNS,
            "### What it is made of",
            _items(figures),
            "### Bursts",
            _burst_text(figures["burst"]),
            "### Prices",
            _prices(figures),
        ]
    )


_DESIGNS = f"""\
*{TASKS.capitalize()}*: an authorizer function that is not cached, for it also counts requests; a function that
writes receipt, credit and execution one after the other, so that a crash leaves a credit gone or a run lost; a state
machine of a task and a choice for each step; each task's function puts its result on the execution item. It has no
journal: a crash repeats an effect.

*{ALONE}*: the gateway starts a state machine and answers polls by DescribeExecution, at no charge but the gateway's. It
has no API keys, credits, limits, lists by workspace, reviews, or programs that are stored at run time.

In either, a loop can wait only as often as a history of 25,000 events allows."""


def _totals(figures: Figures) -> str:
    return table(
        ["US dollars", OURS, TASKS, ALONE],
        [
            [
                name,
                *(f"{designs[design]['dollars']:,.2f}" if design in designs else "" for design in (OURS, TASKS, ALONE)),
            ]
            for name, designs in figures["workloads"].items()
        ],
    )


def _items(figures: Figures) -> str:
    workloads = figures["workloads"]
    items = [
        price["item"]
        for price in figures["prices"]
        if any(price["item"] in each[OURS]["items"] for each in workloads.values())
    ]
    return table(
        [OURS, *workloads],
        [[item, *(f"{designs[OURS]['items'].get(item, 0):,.2f}" for designs in workloads.values())] for item in items],
    )


def _burst_text(burst: Mapping[str, Any]) -> str:
    workers, dollars, functions = burst["workers"], burst["burst_dollars"], burst["functions"]
    cold, warm, all_begun = (burst[name] for name in ("cold_seconds", "warm_seconds", "two_cores_seconds"))
    ready, snapshot, snapshots, restores = (
        burst[f"{name}_dollars"] for name in ("provisioned", "snapshot_of_steps", "snapshots", "restores")
    )
    return f"""\
A burst of {workers} workers of RunSteps at once, each of them cold at {burst["cold_milliseconds"]} ms of a whole
processor: on AWS each has a share of a processor of its own, so each execution begins after {cold} s instead of
{warm} s, all at the same time, and the burst costs {dollars} dollars. On a machine with two cores it takes
{all_begun} s until the last has begun: a storm there, and none on AWS. No client waits for it: the run is answered
before, and its steps begin behind that.

- Provisioned concurrency of {workers} for RunSteps costs {ready:,.2f} dollars a month before its first
  invocation, as much as {ready / dollars:,.0f} such bursts.
- SnapStart of RunSteps alone costs {snapshot:,.2f} dollars a month for each version that is kept, and {restores} for
  a burst; of all {functions} functions {snapshots:,.2f} dollars a month. It pays where somebody waits: for endpoints,
  where their cold starts are seen.
- A cold start that is made shorter saves its time in each worker, and costs nothing."""


def _prices(figures: Figures) -> str:
    return table(
        ["item", "dollars", "for", "source", "checked"],
        [
            [
                price["item"],
                f"{price['dollars']:.10f}".rstrip("0").rstrip("."),
                f"{price['per']:,}",
                price["source"],
                price["checked"],
            ]
            for price in figures["prices"]
        ],
    )


def charts(figures: Figures) -> list[Chart]:
    """The totals of what is asked for a million times."""
    rows = [
        (
            f"{name.removeprefix('a million ')}: {_SHORT[design]}",
            priced["dollars"],
            priced["dollars"],
            priced["dollars"],
        )
        for name, designs in figures["workloads"].items()
        if len(designs) > 1
        for design, priced in designs.items()
    ]
    return [Bars("cost-million", "A million of each", "US dollars", rows)]


SECTION = Section("Cost", measure, text, charts)
