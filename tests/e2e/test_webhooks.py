"""A run ends, and a receiver on loopback is told: through stream, queue and functions of the deployed template."""

from dataclasses import dataclass
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.e2e.conftest import Team, Teams, eventually
from tests.support.programs import literal, ret
from tests.support.site import Said, Site


def create(team: Team, url: str, **more: Any) -> Any:
    answer = team.client.send("POST", "/v1/webhooks", {"url": url, **more})
    assert answer.status == 201
    return answer.json()


@dataclass(frozen=True)
class Told:
    """The ends of executions, and who is told of them: a receiver that takes all, and one that fails at first."""

    team: Team
    event_ids: set[str]
    steady: str
    secret: str
    flaky: str
    flaky_id: str

    def arrived(self) -> set[str]:
        """The events that have arrived at the receiver that fails at first."""
        path = f"/v1/webhooks/{self.flaky_id}/deliveries"
        rows = self.team.client.send("GET", path).json()["deliveries"]
        return {one["event_id"] for one in rows if one["status"] == "delivered"}


@pytest.fixture(scope="package")
def told(teams: Teams, site: Site) -> Told:
    team, steady, flaky = teams.make(), site.at(Said()), site.at(Said(503), Said(200))
    made, failing = create(team, steady), create(team, flaky)
    ended = [team.ended(ret(literal(1)))["execution_id"]]
    eventually(lambda: site.asked(steady) and site.asked(flaky), within=60)
    ended.append(team.ended(ret(literal(2)))["execution_id"])
    event_ids = {f"{execution_id}-1" for execution_id in ended}
    return Told(team, event_ids, steady, made["secret"], flaky, failing["webhook_id"])


@pytest.mark.begins
def test_a_receiver_is_told_of_each_end_and_of_nothing_else(told: Told, site: Site) -> None:
    uninterested = site.at(Said())
    create(told.team, uninterested, event_types=["execution.stopped"])
    told.event_ids.add(f"{told.team.ended(ret(literal(3)))['execution_id']}-1")

    eventually(lambda: {one.headers["webhook-id"] for one in site.asked(told.steady)} == told.event_ids, within=60)

    for got in site.asked(told.steady):
        event = Webhook(told.secret).verify(got.body, dict(got.headers))
        assert event["type"] == "execution.succeeded"
        assert event["workspace_id"] == told.team.workspace.id
    assert site.asked(uninterested) == []


def test_a_receiver_that_fails_at_first_is_told_of_each_end_at_least_once(told: Told, site: Site) -> None:
    eventually(lambda: told.arrived() == told.event_ids, within=400)

    assert {one.headers["webhook-id"] for one in site.asked(told.flaky)} == told.event_ids
    assert len(site.asked(told.flaky)) > len(told.event_ids)


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
