"""`lodol webhook`, and the methods of the clients behind it."""

import asyncio
import json
from typing import Any

import httpx
import pytest

import lodol as client_library
from domain.entities import deliveries
from handlers import deliver_webhooks
from lodol.cli import webhook
from lodol.cli.main import main
from tests.support.api import URL, Api
from tests.support.requests import Context
from tests.support.system import Fresh, System


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


@pytest.fixture
def lodol(system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    api = Api(system)
    monkeypatch.setattr(webhook, "connect", lambda _: api.client())

    def run(*arguments: str) -> Any:
        capsys.readouterr()
        assert main(["webhook", *arguments, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


def deliver(system: System) -> None:
    """Make what is handed over; nobody listens where it goes."""
    rows = deliveries.list_due(system.table, system.world.now.replace(year=2100))
    for at in list(rows):
        one = deliveries.from_item(system.table.get(at) or {})
        body = json.dumps([one.workspace_id, one.webhook_id, one.id, one.count])
        deliver_webhooks.handler({"Records": [{"body": body}]}, Context(), system.worker)  # type: ignore[arg-type]


def test_a_webhook_lives_and_dies_by_commands(lodol: Any, system: System) -> None:
    workflow = "a" * 24
    made = lodol("create", "https://127.0.0.1:9/", "--event", "execution.failed", "--workflow", workflow)
    hook = made["webhook_id"]

    assert made["secret"].startswith("whsec_")
    shown = lodol("show", hook)
    assert (shown["event_types"], shown["workflow_ids"]) == (["execution.failed"], [workflow])
    assert [one["webhook_id"] for one in lodol("list")["webhooks"]] == [hook]
    rotated = lodol("rotate", hook)
    assert rotated["secret"] not in {made["secret"], ""}
    tried = lodol("test", hook)
    assert (tried["event_type"], tried["status"]) == ("webhook.test", "pending")
    deliver(system)
    [delivery] = lodol("deliveries", hook)["deliveries"]
    assert (delivery["delivery_id"], len(delivery["attempts"])) == (tried["delivery_id"], 1)
    assert lodol("redeliver", hook, tried["delivery_id"])["status"] == "pending"
    assert lodol("pause", hook)["status"] == "paused"
    assert lodol("resume", hook)["status"] == "active"
    assert lodol("delete", hook) == {"webhook_id": hook, "status": "deleted"}
    assert lodol("list") == {"webhooks": []}


def test_a_key_makes_a_creation_one(lodol: Any) -> None:
    assert lodol("create", "https://a/", "--key", "k") == lodol("create", "https://a/", "--key", "k")
    assert len(lodol("list")["webhooks"]) == 1


def test_deliveries_are_one_line_each_with_what_was_answered_last(
    lodol: Any, system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    hook = lodol("create", "https://127.0.0.1:9/")["webhook_id"]
    lodol("test", hook)
    assert main(["webhook", "deliveries", hook]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[-1] == "0"
    deliver(system)
    assert main(["webhook", "deliveries", hook]) == 0
    [*_, head, line] = capsys.readouterr().out.splitlines()
    assert head.split()[-2:] == ["TRIED", "ANSWERED"]
    assert line.endswith("127.0.0.1 resolves to an address that is not public, which programs may not reach")


def test_refusals_are_told_with_their_codes(lodol: Any, capsys: pytest.CaptureFixture[str]) -> None:
    hook = lodol("create", "https://a/")["webhook_id"]
    lodol("pause", hook)
    for arguments, code in (
        (("show", "0" * 24), "webhook_not_found"),
        (("test", hook), "webhook_paused"),
        (("redeliver", hook, "0" * 24), "webhook_paused"),
        (("create", "http://example.com/"), "invalid_request"),
        (("show", "nothing"), "invalid_argument"),
    ):
        assert main(["webhook", *arguments, "--json"]) == 1
        assert json.loads(capsys.readouterr().err)["code"] == code
    lodol("resume", hook)
    assert main(["webhook", "redeliver", hook, "0" * 24, "--json"]) == 1
    assert json.loads(capsys.readouterr().err)["code"] == "delivery_not_found"


def test_the_client_that_is_awaited_does_the_same(system: System) -> None:
    api = Api(system)

    async def everything() -> list[Any]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(api.answer))
        async with http, client_library.AsyncClient(URL, system.key, http=http) as client:
            made = await client.create_webhook("https://a/", event_types=["execution.failed"])
            hook = made.webhook_id
            told = [
                await client.webhook(hook),
                *await client.webhooks(),
                await client.rotate_webhook_secret(hook),
                tried := await client.test_webhook(hook),
                *[one async for one in client.deliveries(hook, page_size=1)],
                await client.redeliver(hook, tried.delivery_id),
                await client.pause_webhook(hook),
                await client.resume_webhook(hook),
                await client.delete_webhook(hook),
            ]
            return [type(one).__name__ for one in told]

    assert asyncio.run(everything()) == [
        "Webhook",
        "Webhook",
        "RotatedSecret",
        "Delivery",
        "Delivery",
        "Delivery",
        "Webhook",
        "Webhook",
        "DeletedWebhook",
    ]
