"""What each thing that an execution does uses of AWS: counted on the product itself, for `lodol.cost` and the bench."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.engine.slices import SLICES
from domain.entities import reviews
from lodol.cost.usage import Usage
from scripts.bench.assumptions import assumptions, processor_milliseconds
from scripts.bench.product import Product, Work, product
from scripts.bench.telling import Told, told
from tests.support.programs import call, do, for_each, let, literal, post
from tests.support.template import functions

MANY = 17
"""Of what a part is counted on: each has its share of what they use beyond one. A resume point is among them."""


def gigabytes(handler: str) -> float:
    """The memory of the function of a handler's module, as the template has it."""
    return float(_properties(handler)["MemorySize"]) / 1024


def is_endpoint(handler: str) -> bool:
    """Whether API Gateway invokes the function of a handler's module."""
    return any(event["Type"] == "Api" for event in _properties(handler).get("Events", {}).values())


def _properties(handler: str) -> Any:
    [properties] = [each for each in functions().values() if each["Handler"] == f"handlers.{handler}.handler"]
    return properties


def seconds(processor_milliseconds: float, size_in_gigabytes: float) -> float:
    """How long it takes in a function of a size what takes a whole processor so long."""
    share = min(1.0, size_in_gigabytes * 1024 / assumptions()["lambda"]["processor_megabytes"])
    return float(processor_milliseconds / share / 1000)


def usage_of(work: Work) -> Usage:
    """Work as it is billed; how long Lambda takes for it is estimated, everything else was counted."""
    assumed = assumptions()
    [handler] = work.invocations
    size, times = gigabytes(handler), work.invocations[handler]
    asked = sum(assumed["call_milliseconds"][name] * number for name, number in work.asked.calls.items()) / 1000
    own = times * seconds(processor_milliseconds(handler, "warm"), size)
    return Usage(
        api_requests=times if is_endpoint(handler) else 0,
        lambda_requests=times,
        gb_seconds=size * (asked + own),
        transitions=work.states,
        write_units=work.asked.write_units,
        read_units=work.asked.read_units,
        stored_bytes=work.asked.stored_bytes,
        log_bytes=work.log_bytes + times * assumed["lambda"]["log_bytes"],
        custom_events=work.asked.custom_events,
        queue_requests=work.asked.queue_requests,
    )


def delivery_of(found: Told) -> Usage:
    """What a delivery to a webhook uses, beyond an event that no webhook wants: its hand-over, and the first attempt.

    The function waits for the receiver as long as is assumed.
    """
    assumed = assumptions()["webhooks"]
    waited = assumed["receiver_milliseconds"] / 1000 * gigabytes("deliver_webhooks")
    asked = Usage(gb_seconds=waited, queue_requests=assumed["requests_of_a_batch"])
    return usage_of(found.wanted) - usage_of(found.end) + usage_of(found.attempt) + asked


def slices_of(on: Product, *body: Any) -> Usage:
    """What the slices of an execution use, by a worker that knows its program."""
    workflow_id = on.system.workflow(*body)
    on.run(workflow_id)
    return usage_of(on.run(workflow_id)[1])


def _each(on: Product, statement: Any) -> Usage:
    """What one round of a loop uses, on an average; to read its program, a worker that is new to it takes as much."""
    few, many = (
        usage_of(on.run(on.system.workflow(for_each("n", literal(list(range(rounds))), statement)))[1])
        for rounds in (1, MANY)
    )
    return (1 / (MANY - 1)) * (many - few)


def parts() -> Mapping[str, Usage]:
    """What each part of an execution uses; of reviews, its first: `human.create` reads those before it as well."""
    between, events = _between_slices(), _told()
    with product() as on:
        system = on.system
        workflow_id = system.workflow(let("x", literal(1)))
        on.run(workflow_id)
        request, work, execution_id = on.run(workflow_id)
        one = usage_of(work)
        steps = slices_of(on, *(let(f"x{number}", literal(number)) for number in range(MANY)))
        effect = _each(on, do(post("https://a/")))
        creates, waits = do(call("human.create", literal("?"))), do(call("human.wait"))
        step = (1 / (MANY - 1)) * (steps - one)
        review = slices_of(on, creates) - one
        asking = system.run(system.workflow(creates, waits)).body["execution_id"]
        on.slices(asking)
        [asked] = reviews.of_execution(system.table, asking)
        decision, _ = on.request("decide_review", lambda: system.decide(asked.id))
        poll, _ = on.request("get_execution", lambda: on.get(execution_id))
        return {
            "request": usage_of(request),
            "execution": one,
            "step": step,
            "effect": effect,
            "first_effect": slices_of(on, do(post("https://a/"))) - one,
            "note": _each(on, do(call("time.now"))),
            "wait": _each(on, do(call("time.sleep", literal(1)))),
            "long_wait": _each(on, do(call("time.sleep", literal(3600)))),
            "retry": _each(on, do(post("https://flaky/"))) - effect,
            "review": review,
            "await": slices_of(on, creates, waits) - one - step - review,
            "decision": usage_of(decision),
            **events,
            "poll": usage_of(poll),
            **between,
        }


def _between_slices() -> Mapping[str, Usage]:
    """What a slice more uses for the same two steps, and a hand-over to another generation between them."""

    def used(slice_seconds: float, slices_of_generation: int) -> Usage:
        with product(slice_seconds=slice_seconds) as on:
            on.system.slices = replace(on.system.slices, slices_of_generation=slices_of_generation)
            return slices_of(on, let("x", literal(1)), let("y", literal(1)))

    one, two, handed_over = used(60, SLICES), used(0, SLICES), used(0, 1)
    return {"slice": two - one, "generation": handed_over - two}


def _told() -> Mapping[str, Usage]:
    """What an event uses that is published by an invocation of its own, and its delivery to a webhook.

    An event is alone where no two become true within a second; of a review, it is when asked and when decided.
    """
    found = told()
    return {
        "event": usage_of(found.end),
        "review_event": (1 / 2) * usage_of(found.review),
        "delivery": delivery_of(found),
    }


def text() -> str:
    """lodol/cost/parts.json: the parts, and what `lodol cost` has to know besides of the functions."""
    shown = {
        name: {what: round(amount, 4) for what, amount in usage.amounts().items() if amount}
        for name, usage in parts().items()
    }
    known = {"steps_gigabytes": gigabytes("run_steps"), "parts": shown}
    return json.dumps(known, indent=2) + "\n"
