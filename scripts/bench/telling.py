"""What is told of what a product does, counted: its events on the bus, and their deliveries to webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched
from typing import Any

from domain.entities import reviews
from handlers import create_webhook, deliver_webhooks, hand_over_deliveries, publish_events
from scripts.bench.product import Product, Work, product
from tests.support.programs import call, do, let, literal
from tests.support.requests import Context
from tests.support.streams import Stream
from tests.support.template import functions

_AT_ONCE = 10
"""The most messages that SQS gives at once."""


def most_at_once() -> int:
    """How many changes one invocation of PublishEvents takes at most, as the template has it."""
    size: int = functions()["PublishEventsFunction"]["Events"]["Change"]["Properties"]["BatchSize"]
    return size


class Telling:
    """The table's stream of a product from now on, the functions behind it, and receivers that take all they are sent.

    Each message of the queue is an invocation of its own, since moto takes one thread at a time.
    """

    def __init__(self, on: Product) -> None:
        self._on, self._stream = on, Stream()

    def add_webhooks(self, number: int) -> None:
        """Let so many webhooks more be told of everything."""
        for _ in range(number):
            body = json.dumps({"url": "https://example.com/hooks/lodol"})
            answer = self._on.system._send(create_webhook.handler, "POST", "/v1/webhooks", body=body)
            assert answer.status == 201, answer.text  # noqa: S101 - else what is counted were nothing

    def publish(self, at_once: int = 1) -> Work:
        """What it takes to publish what is new: so many changes, at most, in each invocation."""
        work = Work.of("publish_events")
        for records in batched(self._stream.take(), at_once, strict=False):
            work += self._invoke(publish_events, {"Records": list(records)})
        return work

    def deliver(self) -> Work:
        """What the first attempts take of all that was handed over, without what Lambda asks of the queue."""
        work = Work.of("deliver_webhooks")
        for body in self._handed_over():
            work += self._invoke(deliver_webhooks, {"Records": [{"body": body}]})
        return work

    def hand_over(self) -> Work:
        """What it takes to look for deliveries that are due."""
        return self._invoke(hand_over_deliveries, {})

    def _invoke(self, module: Any, event: Any) -> Work:
        handler, worker = module.__name__.rpartition(".")[2], self._on.system.worker
        return self._on.request(handler, lambda: module.handler(event, Context(), worker))[0]

    def _handed_over(self) -> Iterator[str]:
        queue = self._on.system.stack.deliveries
        client, url = queue._client, queue._url
        while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=_AT_ONCE).get("Messages"):
            for message in messages:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield message["Body"]


@dataclass(frozen=True, slots=True)
class Told:
    """What it takes to tell of an execution.

    `end`: its end, by an invocation of its own; `ends`: as many ends at once as an invocation takes; `review`: a review
    asked, and decided, each by an invocation of its own; `wanted`: as `end`, where one webhook wants it; `attempt`: the
    attempt to deliver it.
    """

    end: Work
    ends: Work
    review: Work
    wanted: Work
    attempt: Work


def told() -> Told:
    """Count all of it on a product of its own."""
    with product() as on:
        telling, ends = Telling(on), on.system.workflow(let("x", literal(1)))
        on.run(ends)
        end = telling.publish()
        for _ in range(most_at_once()):
            on.run(ends)
        together = telling.publish(most_at_once())
        waits = on.system.workflow(do(call("human.create", literal("?"))), do(call("human.wait")))
        asking = on.system.run(waits).body["execution_id"]
        on.slices(asking)
        [review] = reviews.of_execution(on.system.table, asking)
        on.system.decide(review.id)
        review_events = telling.publish()
        telling.add_webhooks(1)
        on.run(ends)
        return Told(end, together, review_events, telling.publish(), telling.deliver())
