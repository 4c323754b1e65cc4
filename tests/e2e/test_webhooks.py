"""A run ends, and a receiver on loopback is told: through stream, queue and functions of the deployed template."""

from typing import Any

from standardwebhooks import Webhook

from tests.e2e.conftest import Team, eventually
from tests.support.programs import literal, ret
from tests.support.site import Said, Site


def create(team: Team, url: str, **more: Any) -> Any:
    answer = team.client.send("POST", "/v1/webhooks", {"url": url, **more})
    assert answer.status == 201
    return answer.json()


def test_receivers_are_told_and_those_that_fail_at_first_at_least_once(team: Team, site: Site) -> None:
    steady, flaky = site.at(Said()), site.at(Said(503), Said(200))
    made, failing = create(team, steady), create(team, flaky)
    uninterested = site.at(Said())
    create(team, uninterested, event_types=["execution.stopped"])

    ended = [team.ended(ret(literal(1)))["execution_id"]]
    eventually(lambda: site.asked(steady), within=60)
    ended.append(team.ended(ret(literal(2)))["execution_id"])
    ids = {f"{execution_id}-1" for execution_id in ended}
    eventually(lambda: {one.headers["webhook-id"] for one in site.asked(steady)} == ids, within=60)

    def arrived() -> set[str]:
        path = f"/v1/webhooks/{failing['webhook_id']}/deliveries"
        rows = team.client.send("GET", path).json()["deliveries"]
        return {one["event_id"] for one in rows if one["status"] == "delivered"}

    eventually(lambda: arrived() == ids, within=400)
    for got in site.asked(steady):
        event = Webhook(made["secret"]).verify(got.body, dict(got.headers))
        assert event["type"] == "execution.succeeded"
        assert event["workspace_id"] == team.workspace.id
    assert {one.headers["webhook-id"] for one in site.asked(flaky)} == ids
    assert len(site.asked(flaky)) > len(ids)
    assert site.asked(uninterested) == []


def test_a_webhook_is_tried_and_its_delivery_read(team: Team, site: Site) -> None:
    url = site.at(Said(200, body=b"thanks"))
    made = create(team, url)
    tried = team.client.send("POST", f"/v1/webhooks/{made['webhook_id']}/test").json()
    eventually(lambda: site.asked(url))

    def delivery() -> Any:
        [row] = team.client.send("GET", f"/v1/webhooks/{made['webhook_id']}/deliveries").json()["deliveries"]
        return row

    eventually(lambda: delivery()["status"] == "delivered")
    assert delivery()["delivery_id"] == tried["delivery_id"]
    assert delivery()["attempts"][0]["answer"] == "thanks"
    [got] = site.asked(url)
    assert Webhook(made["secret"]).verify(got.body, dict(got.headers))["type"] == "webhook.test"
