"""What the product costs by a model: counted units at list prices, beside two designs that others would build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lodol.cost.estimate import part
from lodol.cost.usage import Usage, price_list
from scripts.bench.assumptions import assumptions, processor_milliseconds
from scripts.bench.parts import delivery_of, gigabytes, seconds, usage_of
from scripts.bench.product import Work, product
from scripts.bench.section import Bars, Chart, Figures, Options, Section
from scripts.bench.tables import table
from scripts.bench.telling import Telling, most_at_once, told
from scripts.bench.units import item_bytes, read_units, write_units
from tests.support.programs import call, do, let, literal, post, sleep
from tests.support.template import functions, template

MILLION = 1_000_000
MONTH_SECONDS = 30 * 24 * 60 * 60
LENGTHS = (3, 10)
WORKERS = 29
"""Of RunSteps, in the burst that the section speaks of."""

OURS, TASKS, ALONE = "this product", "a task a step, results on the execution", "Step Functions Standard alone"
_SHORT = {OURS: OURS, TASKS: "a task a step", ALONE: "Step Functions alone"}
_OVERHEAD_BYTES = 100


def measure(_: Options) -> Figures:
    """Count a poll, runs, a sleep of 30 days, what is told of them, and an idle minute; and model the others."""
    found = told()
    events = {_BY_ITSELF: usage_of(found.end), _TOGETHER: (1 / most_at_once()) * usage_of(found.ends)}
    events |= {_REVIEWS: usage_of(found.review), _DELIVERIES: delivery_of(found)}
    workloads = {**_ours(), **{name: MILLION * usage for name, usage in events.items()}, **_idle()}
    beside = _beside()
    return {
        "region": price_list().region,
        "read_on": price_list().read_on.isoformat(),
        "prices": [asdict(price) for price in price_list().prices],
        "workloads": {
            name: {design: _priced(usage) for design, usage in {OURS: ours, **beside.get(name, {})}.items()}
            for name, ours in workloads.items()
        },
        "calls": {
            _BY_ITSELF: _calls(found.end),
            _TOGETHER: _calls(found.ends),
            _REVIEWS: _calls(found.review),
            _DELIVERIES: _calls(found.attempt) + _calls(found.wanted) - _calls(found.end),
        },
        "burst": _burst(),
        "warm_milliseconds": {
            name: round(processor_milliseconds(name, "warm"), 1)
            for name in ("run_workflow", "run_steps", "get_execution", "publish_events", "deliver_webhooks")
        },
        "published_at_once": most_at_once(),
        "receiver_milliseconds": assumptions()["webhooks"]["receiver_milliseconds"],
    }


def _calls(work: Work) -> int:
    return sum(work.asked.calls.values())


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
_REVIEWED = "a million runs that ask a person"
_BY_ITSELF, _TOGETHER = "a million ends published, each alone", f"a million ends published, {most_at_once()} at once"
_REVIEWS, _DELIVERIES = "a million reviews published, asked and decided", "a million deliveries to webhooks"


def _ours() -> dict[str, Usage]:
    """What the product uses, counted; an HTTP request keeps its function waiting, and each event is published alone."""
    http = assumptions()["programs"]["http_milliseconds"] / 1000
    found: dict[str, Usage] = {}
    with product() as on:
        telling, ends = Telling(on), on.system.workflow(let("x", literal(1)))

        def used(workflow_id: str) -> tuple[Usage, str]:
            on.run(workflow_id)
            on.run(ends)  # The first run of a day lets the day begin as well.
            telling.publish()
            request, slices, execution_id = on.run(workflow_id)
            return usage_of(request) + usage_of(slices) + usage_of(telling.publish()), execution_id

        for steps in LENGTHS:
            pure = [let(f"x{number}", literal(number)) for number in range(steps)]
            asking = [do(post(f"https://a/{number}")) for number in range(steps)]
            for body in (pure, asking):
                run, execution_id = used(on.system.workflow(*body))
                waited = 0 if body is pure else steps * http
                found[_runs(steps, is_pure=body is pure)] = MILLION * (
                    run + Usage(gb_seconds=waited * gigabytes("run_steps"))
                )
        on.get(execution_id)
        poll, _ = on.request("get_execution", lambda: on.get(execution_id))
        asleep, _ = used(on.system.workflow(sleep(MONTH_SECONDS)))
        asks = on.system.workflow(do(call("human.create", literal("?"))), do(call("human.wait")))
        reviewed, _ = used(asks)
        return {
            _POLLS: MILLION * usage_of(poll),
            **found,
            _REVIEWED: MILLION * (reviewed + part("decision")),
            _ASLEEP: MILLION * asleep,
        }


def _idle() -> dict[str, Usage]:
    """What a stack uses in which nothing happens: two passes each minute, a queue that is asked, and what stands there.

    Of the metrics, the one that has a value each minute.
    """
    with product() as on:
        reconcile, _ = on.request("reconcile", on.system.reconcile)
        hand_over = Telling(on).hand_over()
    minute = usage_of(reconcile) + usage_of(hand_over) + Usage(events=2)
    kinds = Counter(resource["Type"] for resource in template()["Resources"].values())
    assumed = assumptions()["webhooks"]
    there = Usage(
        queue_requests=MONTH_SECONDS / assumed["poll_seconds"] * assumed["pollers"],
        secret_months=kinds["AWS::SecretsManager::Secret"],
        metric_months=len(reconcile.metrics | hand_over.metrics),
        alarm_months=kinds["AWS::CloudWatch::Alarm"],
        dashboard_months=kinds["AWS::CloudWatch::Dashboard"],
    )
    return {_IDLE: MONTH_SECONDS // 60 * minute + there}


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
            _RUNS_TEXT,
            "![Dollars for a million](performance/cost-million.svg)",
            _DESIGNS,
            "### Events, deliveries, and a month in which nothing happens",
            _told_text(figures),
            "### What it is made of",
            *(_items(figures, names) for names in _halves(figures)),
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

Neither tells anybody of what has ended, and in either a loop can wait only as often as a history of 25,000 events
allows."""


_RUNS_TEXT = """\
Of runs, each event is published by an invocation of its own: its end, and of one that asks a person the review when
asked and when decided. None is delivered to a webhook."""


def _told_text(figures: Figures) -> str:
    at_once, rows = figures["published_at_once"], []
    named = {
        _BY_ITSELF: "an end, alone",
        _TOGETHER: f"{at_once} ends at once",
        _REVIEWS: "a review, asked and decided",
        _DELIVERIES: "a delivery, beside its event",
    }
    for name, words in named.items():
        ours, times = figures["workloads"][name][OURS], at_once if name == _TOGETHER else 1
        amounts = [f"{times * ours['usage'].get(what, 0) / MILLION:g}" for what in _TOLD]
        rows.append([words, figures["calls"][name], *amounts, f"{ours['dollars']:,.2f}"])
    return f"""\
{table(["", "calls", *_TOLD.values(), "dollars for a million ends, reviews, deliveries"], rows)}

- PublishEvents is invoked as soon as the stream has something: the template has no window to wait for more, and takes
  up to {at_once} changes that are there already. Alone is the most that an event can cost, and what it costs where no
  two become true within a second. Lambda reads the stream, which costs nothing. The read unit of an end is for the
  webhooks of its workspace, of which there are none; an event of a review reads the review as well.
- A delivery comes on top of its event: what it takes to store it and to leave it in the queue, and the one attempt at a
  receiver that takes it after {figures["receiver_milliseconds"]} ms, its message alone in its batch. Of the requests of
  the queue two are Lambda's.
- In a month in which nothing happens, `reconcile` and `hand_over_deliveries` look each minute, Lambda asks the queue of
  deliveries, and there are the key of webhooks, the alarms, the dashboard, and the one metric that has a value each
  minute. Of metrics and of alarms an account's first ten cost nothing, of dashboards the first three; here they are
  counted."""


_TOLD = {
    "lambda_requests": "invocations",
    "write_units": "write units",
    "read_units": "read units",
    "stored_bytes": "bytes stored",
    "custom_events": "events",
    "queue_requests": "requests of the queue",
}


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


def _halves(figures: Figures) -> list[list[str]]:
    """The workloads in two tables: what is beside the others, and what is told of it and a month."""
    names = list(figures["workloads"])
    middle = names.index(_BY_ITSELF)
    return [names[:middle], names[middle:]]


def _items(figures: Figures, names: list[str]) -> str:
    workloads = {name: figures["workloads"][name][OURS]["items"] for name in names}
    items = [price["item"] for price in figures["prices"] if any(price["item"] in each for each in workloads.values())]
    return table(
        [OURS, *workloads],
        [[item, *(f"{each.get(item, 0):,.2f}" for each in workloads.values())] for item in items],
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
