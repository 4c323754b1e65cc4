"""Webhooks as their workspace and their receivers see them."""

import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from domain.aws.queue import Queue
from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet, Write
from domain.entities import deliveries, webhooks
from domain.entities.api_keys import Scope
from domain.entities.deliveries import Attempt, DeliveryStatus
from domain.entities.executions import Status
from domain.moments import epoch_seconds, to_text
from domain.operations import attempts, delivering
from domain.operations.signing import secret_of
from domain.operations.webhooks import TOLD
from domain.refusals import Unavailable, WebhookNotFound
from handlers import (
    create_webhook,
    delete_webhook,
    get_webhook,
    list_deliveries,
    list_webhooks,
    redeliver,
    rotate_webhook_secret,
    test_webhook,
    update_webhook,
)
from handlers.logs import redacted
from scripts.local import cloud as clouds
from tests.support.documents import ROOT, rows, section
from tests.support.given import Lines
from tests.support.hooks import Hooks
from tests.support.shop import Shop
from tests.support.site import Raw, Said, Site

ENDPOINTS = [
    (get_webhook.handler, "", None),
    (update_webhook.handler, "", {"status": "paused"}),
    (delete_webhook.handler, "", None),
    (rotate_webhook_secret.handler, "/rotate", None),
    (test_webhook.handler, "/test", None),
    (list_deliveries.handler, "/deliveries", None),
    (redeliver.handler, f"/deliveries/{'1' * 24}/redeliver", None),
]


@pytest.fixture
def hooks(stack: Stack, site: Site) -> Hooks:
    return Hooks(stack, site.host)


@pytest.fixture
def path(site: Site) -> str:
    return site.at(Said()).removeprefix(site.url)


def seen(site: Site, path: str) -> list[Any]:
    return [one for one in site.seen if one.path == path]


# What clients see.


def test_a_webhook_is_created_listed_shown_paused_resumed_and_removed(hooks: Hooks) -> None:
    made = hooks.create("https://example.com/a", event_types=["review.asked"], description="For the shop")
    hooks.pass_time(seconds=1)
    other = hooks.create("https://example.com/b")

    assert [one["webhook_id"] for one in hooks.all()] == [made["webhook_id"], other["webhook_id"]]
    shown = hooks.show(made["webhook_id"])
    assert (shown["url"], shown["event_types"], shown["workflow_ids"], shown["description"], shown["status"]) == (
        "https://example.com/a",
        ["review.asked"],
        [],
        "For the shop",
        "active",
    )
    paused = hooks.set_status(made["webhook_id"], "paused")
    assert (paused["status"], paused["pause_reason"]) == ("paused", "asked")
    assert hooks.set_status(made["webhook_id"], "paused") == paused
    resumed = hooks.set_status(made["webhook_id"], "active")
    assert (resumed["status"], resumed["pause_reason"], resumed["paused_at"]) == ("active", None, None)
    assert hooks.delete(made["webhook_id"]) == {"webhook_id": made["webhook_id"], "status": "deleted"}
    assert [one["webhook_id"] for one in hooks.all()] == [other["webhook_id"]]


@pytest.mark.parametrize(("endpoint", "path", "body"), ENDPOINTS, ids=lambda one: getattr(one, "route", None))
def test_a_webhook_of_another_workspace_is_as_one_that_does_not_exist(
    hooks: Hooks, endpoint: Any, path: str, body: Any
) -> None:
    webhook_id = hooks.create("https://example.com/a")["webhook_id"]
    theirs, none = (
        hooks.send(endpoint, f"/{at}{path}", body, key=hooks.in_another_workspace()) for at in (webhook_id, "0" * 24)
    )

    assert theirs == none == (404, {"error": "Webhook not found"})
    assert hooks.show(webhook_id)["status"] == "active"
    assert hooks.send(endpoint, f"/nothing{path}", body) == (404, {"error": "Webhook not found"})


def test_only_a_key_with_the_scope_manages_webhooks(hooks: Hooks) -> None:
    narrow = Shop(hooks.worker, scopes=[one for one in Scope if one is not Scope.MANAGE_WEBHOOKS])
    for endpoint, path, body in [*ENDPOINTS, (create_webhook.handler, "", {"url": "https://a"})]:
        where = path if endpoint is create_webhook.handler else f"/{'1' * 24}{path}"
        assert hooks.send(endpoint, where, body, key=narrow.key)[0] == 403
    assert hooks.send(list_webhooks.handler, key=narrow.key)[0] == 403


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "must be an object of url"),
        ({"url": 1}, "must be an object of url"),
        ({"url": "https://a", "event_types": "x"}, "must be an object of url"),
        ({"url": "https://a", "workflow_ids": [1]}, "must be an object of url"),
        ({"url": "https://a", "more": 1}, "must be an object of url"),
        ({"url": "ftp://a"}, "url must be an http or https address in ASCII"),
        ({"url": "https://a:0/"}, "url must be an http or https address in ASCII"),
        ({"url": "https://ü/"}, "url must be an http or https address in ASCII"),
        ({"url": "https://me:secret@a/"}, "url must not carry a user name or password"),  # pragma: allowlist secret
        ({"url": "http://example.com/"}, "url must begin with https://."),
        ({"url": "https://a/" + "x" * 2000}, "url must have at most 2000 characters."),
        ({"url": "https://a", "event_types": ["run.ended"]}, "There is no event 'run.ended'; there are: execution."),
        ({"url": "https://a", "event_types": ["webhook.test"]}, "There is no event 'webhook.test'"),
        ({"url": "https://a", "workflow_ids": ["x"]}, "workflow_ids must be at most 100 ids of workflows."),
        ({"url": "https://a", "workflow_ids": ["1" * 24] * 101}, "workflow_ids must be at most 100 ids of workflows."),
        ({"url": "https://a", "description": "x" * 201}, "description must have at most 200 characters."),
    ],
)
def test_a_webhook_is_refused_that_cannot_be_used(hooks: Hooks, body: Any, sentence: str) -> None:
    status, answer = hooks.send(create_webhook.handler, body=body)

    assert status == 400
    assert sentence in answer["error"]
    assert hooks.all() == []


def test_a_workspace_has_twenty_webhooks_and_a_removed_one_makes_room(hooks: Hooks) -> None:
    made = [hooks.create(f"https://example.com/{number}") for number in range(webhooks.WEBHOOKS)]
    assert hooks.send(create_webhook.handler, body={"url": "https://a"}) == (
        403,
        {"error": "A workspace has at most 20 webhooks."},
    )
    hooks.delete(made[0]["webhook_id"])
    assert hooks.create("https://example.com/again")["status"] == "active"


def test_another_status_is_refused(hooks: Hooks) -> None:
    webhook_id = hooks.create("https://example.com/a")["webhook_id"]
    assert hooks.send(update_webhook.handler, f"/{webhook_id}", {"status": "gone"})[0] == 400


def test_a_secret_is_shown_once_and_stored_nowhere(hooks: Hooks, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (
        hooks.send(create_webhook.handler, body={"url": "https://a"}, headers=headers)[1] for _ in range(2)
    )
    rotated = hooks.rotate(first["webhook_id"])

    assert first == second
    secrets = {first["secret"], rotated["secret"]}
    assert len(secrets) == 2
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)
    hooks.test(first["webhook_id"])
    everywhere = json.dumps([dict(item) for item in hooks.stack.table.scan()], default=str) + caplog.text
    everywhere += json.dumps([hooks.all(), hooks.deliveries(first["webhook_id"])])
    assert first["webhook_id"] in everywhere
    for secret in secrets:
        assert secret.removeprefix("whsec_")[:20] not in everywhere


def test_a_secret_in_a_line_of_the_log_is_cut_out() -> None:
    told = redacted(json.dumps({"shown": secret_of(b"key", "1" * 24, 1), "next": 1}))
    assert json.loads(told) == {"shown": "whsec_[redacted]", "next": 1}


# What receivers see.


def test_an_event_arrives_signed_and_is_on_record(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(200, body=b"thanks")]
    made = hooks.create(site.url + path)
    event = hooks.happens()

    assert hooks.pump() == {"delivered": 1}

    [got] = seen(site, path)
    assert (got.method, got.body.decode()) == ("POST", hooks.body(event))
    assert got.headers["webhook-id"] == event.id
    assert got.headers["content-type"] == "application/json"
    assert Webhook(made["secret"]).verify(got.body, dict(got.headers))["type"] == "execution.failed"
    [delivery] = hooks.deliveries(made["webhook_id"])
    [attempt] = delivery["attempts"]
    assert (delivery["status"], delivery["event_id"], delivery["next_attempt_at"]) == ("delivered", event.id, None)
    assert (attempt["status"], attempt["answer"], attempt["error"]) == (200, "thanks", None)
    assert hooks.minute() == {}


def test_only_what_is_wanted_is_delivered(hooks: Hooks, site: Site, path: str) -> None:
    hooks.create(site.url + path, event_types=["execution.failed"], workflow_ids=["b" * 24])
    hooks.happens(Status.FAILED, "a" * 24)
    hooks.happens(Status.SUCCESS, "b" * 24)
    wanted = hooks.happens(Status.FAILED, "b" * 24)

    assert hooks.pump() == {"delivered": 1}
    assert [one.headers["webhook-id"] for one in seen(site, path)] == [wanted.id]


def test_a_test_says_of_its_webhook_what_it_is_and_nothing_of_pauses(hooks: Hooks, site: Site, path: str) -> None:
    made = hooks.create(site.url + path, description="orders")
    hooks.test(made["webhook_id"])
    hooks.pump()

    [got] = seen(site, path)
    told = json.loads(got.body)
    assert told["type"] == "webhook.test"
    assert told["data"] == {"webhook_id": made["webhook_id"], "url": site.url + path, "description": "orders"}


def test_a_change_that_comes_again_makes_no_second_delivery(hooks: Hooks, site: Site, path: str) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    event = hooks.happens()
    delivering.fan_out(hooks.stack, hooks.now, [(event, hooks.body(event))])

    assert hooks.pump() == {"delivered": 1}
    delivering.fan_out(hooks.stack, hooks.now, [(event, hooks.body(event))])
    assert hooks.pump() == {}
    assert len(hooks.deliveries(webhook_id)) == 1


def test_each_of_two_secrets_verifies_for_a_day_after_a_rotation(hooks: Hooks, site: Site, path: str) -> None:
    made = hooks.create(site.url + path)
    rotated = hooks.rotate(made["webhook_id"])
    assert datetime.fromisoformat(rotated["previous_secret_expires_at"]) - hooks.now > timedelta(hours=23, minutes=59)

    def verified(*secrets: str) -> list[bool]:
        hooks.test(made["webhook_id"])
        assert hooks.pump() == {"delivered": 1}
        got = seen(site, path)[-1]
        moment = int(got.headers["webhook-timestamp"])
        assert moment == int(hooks.now.timestamp())
        return [_verifies(secret, got, moment) for secret in secrets]

    assert verified(rotated["secret"], made["secret"]) == [True, True]
    again = hooks.rotate(made["webhook_id"])
    assert again["previous_secret_expires_at"] == rotated["previous_secret_expires_at"]
    assert verified(again["secret"], made["secret"], rotated["secret"]) == [True, True, False]
    hooks.pass_time(hours=24)
    assert verified(again["secret"], made["secret"]) == [True, False]
    assert hooks.rotate(made["webhook_id"])["secret"] not in {made["secret"], rotated["secret"], again["secret"]}


def _verifies(secret: str, got: Any, moment: int) -> bool:
    """Whether a receiver whose clock says this moment takes a message."""
    # The library takes a moment in UTC without saying so.
    at = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
    signed = Webhook(secret).sign(got.headers["webhook-id"], at, got.body.decode())
    return signed in got.headers["webhook-signature"].split(" ")


@contextmanager
def receiver(secret: str, port: int) -> Iterator[Any]:
    """The receiver of the documents, as it stands there, running."""
    text = (ROOT / "docs" / "webhooks.md").read_text()
    [code] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        deadline = time.monotonic() + 20
        while not clouds.is_taken(port):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
        process.terminate()


def test_the_receiver_of_the_documents_takes_what_we_sign_and_nothing_else(stack: Stack) -> None:
    port = clouds.free_port()
    hooks = Hooks(stack, f"127.0.0.1:{port}")
    made = hooks.create(f"http://127.0.0.1:{port}/")
    with receiver(made["secret"], port) as process:
        event = hooks.happens()
        assert hooks.pump() == {"delivered": 1}
        [delivery] = hooks.deliveries(made["webhook_id"])
        hooks.redeliver(made["webhook_id"], delivery["delivery_id"])
        assert hooks.pump() == {"delivered": 1}

        # Not signed, signed by another, changed on the way, recorded long ago.
        body, now = hooks.body(event), datetime.now().astimezone()
        right = Webhook(made["secret"])
        headers = {"webhook-id": event.id, "webhook-timestamp": str(int(now.timestamp()))}
        naive = datetime.fromtimestamp(int(now.timestamp()), UTC).replace(tzinfo=None)
        other = Webhook(b"another secret").sign(event.id, naive, body)
        good = right.sign(event.id, naive, body)
        old = {**headers, "webhook-timestamp": str(int(now.timestamp()) - 301)}
        for content, sent in (
            (body, headers),
            (body, {**headers, "webhook-signature": other}),
            (body.replace("failed", "success"), {**headers, "webhook-signature": good}),
            (
                body,
                {**old, "webhook-signature": right.sign(event.id, naive - timedelta(seconds=301), body)},
            ),
        ):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/", content.encode(), sent)
            with pytest.raises(urllib.error.HTTPError, match="400") as refused:
                urllib.request.urlopen(request, timeout=5)
            refused.value.close()
        process.terminate()
        assert [line.split()[0] for line in process.stdout.read().splitlines()] == ["execution.failed"]
    with pytest.raises(WebhookVerificationError):
        right.verify(body, headers)


# When it does not arrive.


def test_a_delivery_is_tried_for_a_day_with_growing_waits_and_then_given_up(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.deliver_webhooks.chance", lambda: 1.0)
    site.answers[path] = [Said(500, body=b"out of order " + b"x" * 900)]
    made = hooks.create(site.url + path)
    begun = hooks.now
    hooks.happens()
    assert hooks.pump() == {"to be tried again": 1}
    while any(one.due_at for one in hooks.stored(made["webhook_id"])):
        assert hooks.minute() == {}
        hooks.until_due(made["webhook_id"])
        assert hooks.minute() == {"handed over": 1}
        came = hooks.pump()
    assert came == {"failed": 1}

    [delivery] = hooks.deliveries(made["webhook_id"])
    moments = [datetime.fromisoformat(one["at"]) for one in delivery["attempts"]]
    waits = [round((after - before).total_seconds() / 60) for before, after in pairwise(moments)]
    assert waits == [1, 2, 5, 15, 30, 60, 120, 240, 360, 600]
    assert timedelta(hours=23) < hooks.now - begun < timedelta(hours=24, minutes=5)
    assert delivery["status"] == "failed"
    assert {one["error"] for one in delivery["attempts"]} == {"the answer was 500"}
    assert {len(one["answer"]) for one in delivery["attempts"]} == {256}
    assert len({one.headers["webhook-id"] for one in seen(site, path)}) == 1
    assert len(seen(site, path)) == 11


def test_waits_are_shortened_by_chance_and_never_by_more_than_a_quarter(hooks: Hooks) -> None:
    def wait(chance: float, tries: int, asked: float | None = None) -> float:
        sender = attempts.Sender(hooks.stack, hooks.worker.clock, b"", frozenset(), lambda: chance)
        delivery = deliveries.new("1" * 24, "2" * 24, ("e-1", "execution.failed", hooks.now, "{}"), hooks.now)
        again_at = sender._again_at(replace(delivery, tries=tries), hooks.now, asked)
        assert again_at is not None
        return (again_at - hooks.now).total_seconds()

    for tries, whole in enumerate(attempts.WAITS):
        assert wait(0.0, tries) == whole.total_seconds() * 0.75
        assert wait(1.0, tries) == whole.total_seconds()
    assert wait(1.0, 0, asked=600) == 600
    assert wait(1.0, 3, asked=1) == 900
    assert wait(1.0, 0, asked=10**9) == 36_000


def test_the_documents_have_the_waits_between_attempts() -> None:
    told = [row[1] for row in rows(section("webhooks", "Attempts"))]
    units = {"minute": 60, "minutes": 60, "hour": 3600, "hours": 3600}
    assert told[0] == "none"
    assert [int(number) * units[unit] for number, unit in (one.split() for one in told[1:])] == [
        wait.total_seconds() for wait in attempts.WAITS
    ]


def test_the_documents_say_how_long_a_receiver_has_and_how_many_attempts_a_minute() -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text()
    [seconds] = re.findall(r"An answer of 2xx, within (\d+) seconds", text)
    [begun] = re.findall(r"at most (\d+) are begun in a minute", text)
    assert (int(seconds), int(begun)) == (attempts.SECONDS, delivering.AT_ONCE)


def test_the_documents_list_what_a_webhook_may_choose() -> None:
    told = {row[0].strip("`") for row in rows(section("events", "Every event"))}
    assert told == set(TOLD)


def test_what_is_lost_on_the_way_is_made_by_the_next_pass(hooks: Hooks, site: Site, path: str) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.forget_messages()
    assert hooks.pump() == {}

    hooks.until_due(webhook_id)
    hooks.stack.deliveries._client.create_queue(QueueName="again.fifo", Attributes={"FifoQueue": "true"})
    hooks.stack.deliveries._url = hooks.stack.deliveries._url.replace("deliveries", "again")
    assert hooks.minute() == {"handed over": 1}
    assert hooks.pump() == {"delivered": 1}


def test_while_a_webhook_fails_new_deliveries_wait_for_the_next_pass(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(503), Said(200)]
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    assert hooks.pump() == {"to be tried again": 1}
    assert hooks.show(webhook_id)["failing_since"] is not None

    hooks.happens()
    assert hooks.pump() == {}
    # It is due at once; the one that has failed is not, yet.
    assert hooks.minute() == {"handed over": 1}
    assert hooks.pump() == {"delivered": 1}
    assert hooks.show(webhook_id)["failing_since"] is None
    hooks.happens()
    assert hooks.pump() == {"delivered": 1}


def test_what_fails_on_costs_one_write_an_attempt(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers[path] = [Said(503)]
    made = hooks.create(site.url + path)
    hooks.happens()
    written, commit = [0], hooks.stack.table.commit

    def counted(*writes: Write) -> None:
        written[0] += len(writes)
        commit(*writes)

    def attempt() -> int:
        hooks.until_due(made["webhook_id"])
        hooks.minute()
        written[0] = 0
        assert hooks.pump() == {"to be tried again": 1}
        return written[0]

    monkeypatch.setattr(hooks.stack.table, "commit", counted)
    # The first also notes since when it fails.
    assert [attempt() for _ in range(3)] == [2, 1, 1]


def test_a_webhook_that_nothing_reaches_for_three_days_is_paused(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(500)]
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.pump()
    hooks.pass_time(days=3, seconds=-61)
    hooks.happens()
    hooks.pass_time(seconds=60)
    hooks.minute()
    hooks.pump()
    assert hooks.show(webhook_id)["status"] == "active"

    hooks.pass_time(minutes=5)
    hooks.minute()
    hooks.pump()

    shown = hooks.show(webhook_id)
    assert (shown["status"], shown["pause_reason"]) == ("paused", "failures")
    assert webhooks.read(hooks.stack.table, hooks.shop.workspace.id, webhook_id).pauses == 1
    hooks.happens()
    hooks.pass_time(hours=1)
    hooks.minute()
    hooks.pump()
    assert {(one["status"], one["error"]) for one in hooks.deliveries(webhook_id)} == {
        ("failed", "the webhook was paused")
    }
    assert len(hooks.deliveries(webhook_id)) == 2
    assert hooks.test(webhook_id) == (
        400,
        {"error": "Webhook is paused: nothing is delivered to it until it is resumed."},
    )
    assert hooks.set_status(webhook_id, "active")["failing_since"] is None


def test_a_receiver_that_has_gone_is_paused_at_once(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(410)]
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.pump()

    assert (hooks.show(webhook_id)["status"], hooks.show(webhook_id)["pause_reason"]) == ("paused", "gone")


def test_what_is_on_its_way_to_a_removed_webhook_is_given_up(hooks: Hooks, site: Site, path: str) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.delete(webhook_id)

    assert hooks.pump() == {"given up": 1}
    assert seen(site, path) == []
    assert [one.error for one in hooks.stored(webhook_id)] == ["the webhook was removed"]


def test_a_delivery_is_kept_for_thirty_days_from_when_it_was_begun_with_its_last_twenty_attempts(
    hooks: Hooks, site: Site, path: str
) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    [delivery] = hooks.stored(webhook_id)
    assert delivery.expires_at == epoch_seconds(hooks.now + timedelta(days=30))

    for number in range(21):
        attempt = Attempt(to_text(hooks.now), number, error="refused")
        hooks.stack.table.commit(deliveries.record(delivery, attempt, hooks.now))
        [delivery] = hooks.stored(webhook_id)
    hooks.pass_time(days=7)
    hooks.redeliver(webhook_id, delivery.id)

    [delivery] = hooks.stored(webhook_id)
    assert [one.milliseconds for one in delivery.attempts] == list(range(1, 21))
    assert delivery.count == 21
    assert delivery.expires_at == epoch_seconds(hooks.now + timedelta(days=30))


def test_what_was_given_up_is_not_due_any_more_and_begins_anew_without_why(hooks: Hooks, site: Site, path: str) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.set_status(webhook_id, "paused")
    assert hooks.pump() == {"given up": 1}
    [given_up] = hooks.stored(webhook_id)
    assert (given_up.error, given_up.due_at) == ("the webhook was paused", None)

    hooks.set_status(webhook_id, "active")
    hooks.redeliver(webhook_id, given_up.id)

    [begun] = hooks.stored(webhook_id)
    assert (begun.status, begun.error) == (DeliveryStatus.PENDING, None)
    assert hooks.pump() == {"delivered": 1}


def test_a_redelivery_sends_the_same_bytes_under_the_same_id(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(500)]
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.pump()
    site.answers[path] = [Said(200)]
    [delivery] = hooks.deliveries(webhook_id)

    status, begun = hooks.redeliver(webhook_id, delivery["delivery_id"])
    assert (status, begun["status"]) == (202, "pending")
    assert hooks.pump() == {"delivered": 1}
    status, begun = hooks.redeliver(webhook_id, delivery["delivery_id"])
    assert hooks.pump() == {"delivered": 1}

    assert len({(one.headers["webhook-id"], one.body) for one in seen(site, path)}) == 1
    assert len(hooks.deliveries(webhook_id)[0]["attempts"]) == 3
    assert hooks.redeliver(webhook_id, "1" * 24) == (404, {"error": "Delivery not found"})


def test_deliveries_are_listed_newest_first_page_by_page(hooks: Hooks, site: Site, path: str) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    told = []
    for _ in range(3):
        told.append(hooks.happens().id)
        hooks.pass_time(seconds=1)
    where, query = f"/{webhook_id}/deliveries", {"limit": "2"}
    first = hooks.send(list_deliveries.handler, where, query=query)[1]["deliveries"]
    after = {**query, "after": first[-1]["delivery_id"]}
    second = hooks.send(list_deliveries.handler, where, query=after)[1]["deliveries"]

    assert [one["event_id"] for one in first + second] == told[::-1]


def test_attempts_that_were_made_are_not_made_again(hooks: Hooks, site: Site, path: str) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    [delivery] = hooks.stored(webhook_id)
    hooks.pump()
    errand = delivering.Errand(delivery.workspace_id, webhook_id, delivery.id, 0)
    sender = attempts.Sender(hooks.stack, hooks.worker.clock, b"", frozenset(), lambda: 1.0)

    assert sender.attempt(errand) == "made already"
    assert sender.attempt(delivering.Errand(delivery.workspace_id, webhook_id, "1" * 24, 0)) == "unknown"
    assert len(seen(site, path)) == 1


def test_a_message_that_comes_twice_makes_one_attempt(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(500)]
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    [delivery] = hooks.stored(webhook_id)
    hooks.pump()
    sender = attempts.Sender(hooks.stack, hooks.worker.clock, b"", frozenset({site.host}), lambda: 1.0)

    assert sender.attempt(delivering.Errand(delivery.workspace_id, webhook_id, delivery.id, 0)) == "made already"
    assert len(seen(site, path)) == 1


def test_a_pass_takes_so_many_deliveries_of_each_webhook(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "AT_ONCE", 3)
    for name in ("a", "b"):
        hooks.create(f"https://example.com/{name}")
    for _ in range(5):
        hooks.happens()
    hooks.pass_time(minutes=2)

    assert hooks.minute() == {"handed over": 6, "held back": 4}


# What a receiver may do to us.


def test_a_webhook_reaches_no_private_address(stack: Stack, site: Site, path: str) -> None:
    hooks = Hooks(stack)
    made = hooks.create(site.url.replace("http:", "https:") + path)
    hooks.happens()

    assert hooks.pump() == {"to be tried again": 1}
    [delivery] = hooks.deliveries(made["webhook_id"])
    assert "not public" in delivery["attempts"][0]["error"]
    assert seen(site, path) == []


def test_no_redirect_of_a_receiver_is_followed(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(302, {"Location": f"{site.url}/elsewhere{path}"})]
    made = hooks.create(site.url + path)
    hooks.happens()

    assert hooks.pump() == {"to be tried again": 1}
    assert hooks.deliveries(made["webhook_id"])[0]["attempts"][0]["status"] == 302
    assert seen(site, f"/elsewhere{path}") == []


def test_a_receiver_that_hangs_is_left_after_its_time_and_holds_up_no_other(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "SECONDS", 0.5)

    def silent() -> Iterator[bytes]:
        time.sleep(3)
        yield b""

    slow, quick = hooks.create(site.at(Raw(silent()))), hooks.create(site.url + path)
    hooks.happens()
    begun = time.monotonic()
    done: dict[str, int] = {}
    while answer := hooks.pump(at_once=10):
        done = {**done, **answer}

    assert done == {"to be tried again": 1, "delivered": 1}
    assert time.monotonic() - begun < 10
    [late], [arrived] = hooks.deliveries(slow["webhook_id"]), hooks.deliveries(quick["webhook_id"])
    assert late["attempts"][0]["error"].endswith("no answer in time")
    assert late["attempts"][0]["milliseconds"] >= 500
    assert arrived["status"] == "delivered"


def test_an_answer_without_end_is_cut(hooks: Hooks, site: Site, path: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 1000

    site.answers[path] = [Raw(endless())]
    made = hooks.create(site.url + path)
    hooks.happens()

    assert hooks.pump() == {"delivered": 1}
    [attempt] = hooks.deliveries(made["webhook_id"])[0]["attempts"]
    assert attempt["answer"] == "x" * 256


def test_an_answer_that_says_to_be_json_and_is_none_is_an_answer(hooks: Hooks, site: Site, path: str) -> None:
    site.answers[path] = [Said(200, {"Content-Type": "application/json"}, b"{\x1b[2J")]
    made = hooks.create(site.url + path)
    hooks.happens()

    assert hooks.pump() == {"delivered": 1}
    [attempt] = hooks.deliveries(made["webhook_id"])[0]["attempts"]
    assert attempt["answer"].startswith("{")
    assert "\x1b" not in json.dumps(attempt)


def test_an_attempt_that_breaks_on_our_side_is_counted_and_made_again(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch, written: Lines
) -> None:
    made = hooks.create(site.url + path)
    hooks.happens()
    with monkeypatch.context() as broken:
        broken.setattr("domain.callables.outgoing.exchange", lambda *_: 1 / 0)
        assert hooks.pump() == {"broken": 1}
    [line] = [line for line in written() if line["message"] == "attempts made"]
    assert (line["BrokenAttempts"], "FailedAttempts" in line) == ([1], False)

    assert hooks.deliveries(made["webhook_id"])[0]["status"] == "pending"
    hooks.until_due(made["webhook_id"])
    assert [one.status for one in hooks.stored(made["webhook_id"])] == ["pending"]


def test_of_two_rotations_at_once_one_is_told_to_try_again_and_of_a_removed_webhook_that_it_is_gone(
    hooks: Hooks, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, table = hooks.create(f"https://example.com{path}"), hooks.stack.table
    webhook = webhooks.read(table, hooks.shop.workspace.id, made["webhook_id"])
    table.commit(webhooks.rotate(webhook, hooks.now))
    with pytest.raises(ConditionNotMet):
        table.commit(webhooks.rotate(webhook, hooks.now))
    with monkeypatch.context() as patches:
        patches.setattr(webhooks, "read", lambda *_: webhook)
        assert hooks.send(rotate_webhook_secret.handler, f"/{webhook.id}/rotate")[0] == 503

    hooks.delete(made["webhook_id"])
    with pytest.raises(WebhookNotFound):
        table.commit(webhooks.rotate(webhook, hooks.now))


def test_the_secret_that_receivers_have_is_valid_no_longer_by_being_followed_twice(hooks: Hooks, path: str) -> None:
    webhook_id = hooks.create(f"https://example.com{path}")["webhook_id"]
    hooks.rotate(webhook_id)
    ends = hooks.now + webhooks.OVERLAP
    hooks.pass_time(hours=1)
    hooks.rotate(webhook_id)
    webhook = webhooks.read(hooks.stack.table, hooks.shop.workspace.id, webhook_id)

    assert webhook.secrets(ends - timedelta(seconds=1)) == (3, 1)
    assert webhook.secrets(ends + timedelta(seconds=1)) == (3,)


def test_a_webhook_has_failed_for_days_from_the_very_second_on(hooks: Hooks) -> None:
    now = hooks.now.replace(microsecond=0)
    failing = webhooks.Webhook("1" * 24, "2" * 24, "https://example.com/", "", (), (), to_text(now))
    failing = replace(failing, failing_since=to_text(now - webhooks.PAUSED_AFTER))

    assert failing.has_failed_for_days(now)
    assert not failing.has_failed_for_days(now - timedelta(seconds=1))


def test_what_the_queue_does_not_take_is_handed_over_by_the_next_pass(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_taken(*_: object) -> None:
        raise Unavailable

    hooks.create(site.url + path)
    with monkeypatch.context() as patches:
        patches.setattr(Queue, "send_in_groups", not_taken)
        hooks.happens()
    assert hooks.pump() == {}
    hooks.pass_time(minutes=2)
    assert hooks.minute() == {"handed over": 1}
    assert hooks.pump() == {"delivered": 1}


def test_a_pass_without_time_leaves_what_is_due_and_one_by_an_index_that_lags_hands_over_nothing(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    hooks.forget_messages()
    hooks.pass_time(minutes=2)
    shown = list(deliveries.list_due(hooks.stack.table, hooks.now))
    assert delivering.hand_over_due(hooks.stack, lambda: hooks.now, lambda: False) == {"left": 1}
    assert hooks.minute() == {"handed over": 1}
    assert hooks.pump() == {"delivered": 1}

    gone = deliveries.key(hooks.shop.workspace.id, webhook_id, "1" * 24)
    monkeypatch.setattr(deliveries, "list_due", lambda *_: iter([*shown, gone]))

    assert hooks.minute() == {"handed over": 0}
    assert hooks.pump() == {}


def test_a_redelivery_of_what_is_tried_meanwhile_is_to_be_asked_for_again(
    hooks: Hooks, site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id = hooks.create(site.url + path)["webhook_id"]
    hooks.happens()
    [before] = hooks.stored(webhook_id)
    assert hooks.pump() == {"delivered": 1}
    monkeypatch.setattr(deliveries, "read", lambda *_: before)

    assert hooks.redeliver(webhook_id, before.id)[0] == 503
    assert [one.status for one in hooks.stored(webhook_id)] == [DeliveryStatus.DELIVERED]
