"""The table is restored to a moment under a stack whose Step Functions has gone on since, and what runs is put right.

The local cloud restores a table as it is, whatever the moment: so it is restored at that moment, and used later.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.aws.table import Table
from domain.moments import to_text, utc_now
from domain.operations.audits import audit_credits
from scripts.local import deployment
from scripts.local.deployment import Deployment
from scripts.local.lodol import lodol
from tests.e2e.conftest import Team, Teams, change, eventually
from tests.support.programs import call, do, let, literal, sleep, var

ASKS_TWICE = (
    let("one", call("human.create", literal("Go?"))),
    do(call("human.wait")),
    let("two", call("human.create", literal("Sure?"))),
    do(call("human.wait")),
    let("said", call("human.result", var("two"))),
)
SLEEPS = (let("before", literal(1)), sleep(3), let("after", literal(2)))


@pytest.fixture
def team(deployed: Deployment, teams: Teams) -> Iterator[Team]:
    """A team whose test restores the table; others go on with the stack's own, where it leaves nothing that runs."""
    team = teams.make(credits=20)
    yield team
    change(deployed, {"TableStreamArn": "", "SettingsVersion": "own"})
    for which in team.running:
        assert team.client.send("POST", f"/v1/executions/{which}/stop").status == 200


def test_a_restored_table_takes_the_place_of_the_stacks_own_and_executions_end_once(
    deployed: Deployment, team: Team
) -> None:
    asks, sleeps = team.workflow(*ASKS_TWICE), team.workflow(*SLEEPS)
    over = team.client.until_ended(_run(team, team.workflow(let("x", literal(1)))))
    ends, goes_on, is_stopped = (_run(team, asks) for _ in range(3))
    eventually(lambda: set(_pending(team)) == {ends, goes_on, is_stopped})
    slept = _run(team, sleeps)
    eventually(lambda: team.item(slept).get("wait"))

    made = lodol(deployed.cloud, deployed.stack_name, "restore", "table", to_text(utc_now()))

    # What happens now is lost: one decides twice, one once; one is stopped, one is new, and one has slept.
    _decide(team, ends)
    _decide(team, ends)
    _decide(team, goes_on)
    assert team.client.send("POST", f"/v1/executions/{is_stopped}/stop").status == 200
    lost = _run(team, asks)
    eventually(lambda: set(_pending(team)) == {goes_on, lost})
    for which in (ends, slept):
        assert team.client.until_ended(which)["status"] == "success"

    change(deployed, dict(pair.split("=", 1) for pair in made["parameters"].split()))
    team = replace(team, table=_table(deployed, made["table"]))
    assert team.client.execution(over["execution_id"]) == over
    assert team.running == {ends, goes_on, is_stopped, slept}

    shown = lodol(deployed.cloud, deployed.stack_name, "restore", "executions", "--dry-run")
    done = lodol(deployed.cloud, deployed.stack_name, "restore", "executions", "--before", shown["before"])
    assert done == {**shown, "dry_run": False}
    assert (done["stopped"], done["strays_stopped"], done["to_audit"]) == (1, [lost], [])
    # What other tests have left asleep goes on in another generation too.
    assert done["continued"] >= 3

    assert team.client.send("GET", f"/v1/executions/{lost}").status == 404
    assert team.client.execution(is_stopped)["status"] == "stopped"
    eventually(lambda: set(_pending(team)) == {ends, goes_on})
    for _ in range(2):
        for which in (ends, goes_on):
            _decide(team, which)
    for which in (ends, goes_on, slept):
        assert team.client.until_ended(which)["status"] == "success"
    assert team.credits == 20 - 5
    audit = audit_credits(team.table, utc_now(), team.workspace.id)
    assert (audit.differences, audit.running, audit.refunded) == ((), 0, 0)
    wrong = lodol(deployed.cloud, deployed.stack_name, "doctor")
    assert not any(wrong.values()), wrong


def _table(deployed: Deployment, name: str) -> Table:
    return Table(deployment.session().client("dynamodb", endpoint_url=deployed.cloud.endpoint_url), name)


def _run(team: Team, workflow_id: str) -> str:
    return str(team.client.run(workflow_id).json()["execution_id"])


def _pending(team: Team) -> dict[str, str]:
    """The reviews that wait for a decision, by the executions that wait for it."""
    pending = team.client.send("GET", "/v1/reviews?status=pending").json()["reviews"]
    waiting = {review["execution_id"]: review["review_id"] for review in pending}
    return {which: review for which, review in waiting.items() if (team.item(which) or {}).get("wait")}


def _decide(team: Team, execution_id: str) -> None:
    eventually(lambda: execution_id in _pending(team))
    path = f"/v1/reviews/{_pending(team)[execution_id]}/decision"
    assert team.client.send("POST", path, {"decision": "approved"}).status == 200
