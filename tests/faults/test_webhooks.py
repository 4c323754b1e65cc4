"""Whatever breaks between an event and its receivers, each of them gets it at least once."""

import random
from collections import Counter
from itertools import count
from typing import Any

import pytest

from domain.entities import deliveries, webhooks
from domain.entities.deliveries import DeliveryStatus
from domain.entities.webhooks import Webhook
from domain.ids import new_id
from domain.moments import to_text
from handlers import deliver_webhooks, hand_over_deliveries
from handlers.worker import Worker
from tests.faults.test_crash_points import ANY_CALL
from tests.support.programs import literal, ret
from tests.support.requests import Context
from tests.support.site import Said, Site
from tests.support.streams import Outside, Stream
from tests.support.system import Fresh, System
from tests.support.wire import Died, Fault


class Way:
    """An execution that has ended, two webhooks, and all that lies between."""

    def __init__(self, system: System, site: Site, *urls: str) -> None:
        self.system, self.outside, self.stream = system, Outside(), Stream()
        stack = self.outside.stack(system.stack)
        self.worker = Worker(stack, system.world.clock, frozenset({site.host}))
        self.site, self.urls = site, urls or (site.at(Said()), site.at(Said()))
        self.hooks = [self._hook(url) for url in self.urls]
        system.run(system.workflow(ret(literal(1))))
        system.drive()
        system.wire.clear()

    def _hook(self, url: str) -> Webhook:
        now = self.system.world.now
        hook = Webhook(new_id(now), self.system.workspace.id, url, "", (), (), to_text(now))
        self.system.table.commit(*webhooks.create(hook))
        return hook

    def publish(self) -> None:
        self.stream.deliver(self.worker)

    def attempt(self) -> None:
        """Make the attempts of the queue; what a worker was at when it died comes again."""
        while self.outside.errands:
            event: Any = {"Records": [{"body": self.outside.errands[0]}]}
            deliver_webhooks.handler(event, Context(), self.worker)  # type: ignore[arg-type]
            self.outside.errands.pop(0)

    def minutes(self, number: int) -> None:
        """Let so many minutes pass, each with its pass."""
        for _ in range(number):
            self.system.pass_time(minutes=1)
            hand_over_deliveries.handler({}, Context(), self.worker)  # type: ignore[arg-type]
            self.attempt()

    def whatever(self, what: Any) -> bool:
        """Do something that may break; answers whether it did."""
        try:
            what()
        except (Died, Exception):  # noqa: BLE001
            return True
        return False

    def check(self) -> None:
        """Every event has arrived at every webhook, and there is one delivery of it."""
        told = {one["id"] for one in self.outside.details}
        for hook, url in zip(self.hooks, self.urls, strict=True):
            rows = deliveries.list_page(self.system.table, self.system.workspace.id, hook.id, 100, None)
            assert [one.status for one in rows] == [DeliveryStatus.DELIVERED] * len(told)
            assert {one.event_id for one in rows} == told
            assert {one.headers["webhook-id"] for one in self.site.asked(url)} == told


@pytest.mark.parametrize("fault", ANY_CALL)
def test_whatever_call_of_the_table_breaks_each_receiver_is_told(
    fresh: Fresh, site: Site, figures: Counter[str], fault: Fault
) -> None:
    for number in count(1):
        way = Way(fresh(), site)
        way.system.wire.faults = {number: fault}
        is_broken = way.whatever(way.publish) or way.whatever(way.attempt)
        is_reached = len(way.system.wire.calls) >= number
        way.system.wire.clear()
        way.publish()
        way.attempt()
        way.minutes(10)
        way.check()
        figures["crash points of webhooks"] += 1
        if not is_reached:
            assert not is_broken
            break


@pytest.mark.parametrize("is_applied", [False, True])
def test_wherever_the_queue_or_the_bus_breaks_each_receiver_is_told(
    fresh: Fresh, site: Site, figures: Counter[str], is_applied: bool
) -> None:
    for number in count(1):
        way = Way(fresh(), site)
        way.outside.dies_at, way.outside.is_applied = number, is_applied
        if not way.whatever(way.publish):
            break
        way.publish()
        way.attempt()
        way.minutes(3)
        way.check()
        figures["crash points of webhooks"] += 1


def test_a_queue_that_forgets_everything_loses_nothing(fresh: Fresh, site: Site) -> None:
    way = Way(fresh(), site)
    way.publish()
    way.outside.errands.clear()
    way.minutes(2)
    way.check()


def test_a_receiver_that_fails_half_the_time_gets_each_event_and_a_dead_one_slows_it_not(
    fresh: Fresh, site: Site
) -> None:
    chance = random.Random(7)
    flaky = site.at(*(Said(503 if chance.random() < 0.5 else 200) for _ in range(200)), Said(200))
    system = fresh(credits=1000, concurrent=100)
    way = Way(system, site, flaky)
    way._hook(site.at(Said(500)))
    for _ in range(20):
        system.run(system.workflow(ret(literal(1))))
        system.drive()
    way.publish()
    way.attempt()
    way.minutes(90)

    assert len(site.asked(flaky)) > 21
    way.check()
