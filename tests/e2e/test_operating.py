"""What an operator does on the deployed template: migrate, suspend, export and delete."""

import json
from pathlib import Path

import pytest

from domain.moments import utc_now
from scripts.local.client import Client
from scripts.local.deployment import Deployment
from scripts.local.lodol import CommandFailed, lodol
from tests.e2e.conftest import Teams, eventually
from tests.support.operations import publish
from tests.support.programs import call, do, let, literal, program, sleep


def test_what_the_functions_measure_is_seen_at_a_glance(deployed: Deployment, teams: Teams) -> None:
    team = teams.make(credits=1)
    team.ended(let("x", literal(1)))
    refused = team.client.run(team.workflow(let("x", literal(1))))
    assert refused.headers["error-code"] == "insufficient_credits"

    def seen() -> bool:
        shown = lodol(deployed.cloud, deployed.stack_name, "top")
        totals, is_refused = shown["totals"], "insufficient_credits" in shown["refusals"]
        return bool(totals["Runs"] and totals["Succeeded"] and shown["start_to_done_ms"] and is_refused)

    eventually(seen)


def test_a_customer_leaves_while_others_stay(deployed: Deployment, teams: Teams, tmp_path: Path) -> None:
    def operate(*arguments: str) -> object:
        return lodol(deployed.cloud, deployed.stack_name, *arguments)

    stays = teams.make()
    kept = stays.ended(let("x", literal(1)))["execution_id"]
    created = lodol(
        deployed.cloud,
        deployed.stack_name,
        *("workspace", "create", "--name", "Leaves", "--plan", "enterprise", "--credits", "9"),
    )
    leaving = created["workspace_id"]
    scopes = ("--scope", "workflows:execute", "--scope", "executions:read")
    key = lodol(deployed.cloud, deployed.stack_name, "key", "create", leaving, *scopes)["key"]
    client = Client(deployed.api_url, key)
    bodies = (
        (let("x", literal(1)),),
        (do(call("human.create", literal("Go?"))), do(call("human.wait"))),
        (sleep(3600),),
    )
    now, runs = utc_now(), []
    for number, body in enumerate(bodies):
        whole = program(*body)
        workflow_id = publish(stays.table, now, leaving, name=f"W{number}", description="", program=whole).id
        runs.append(client.run(workflow_id).json()["execution_id"])
    client.until_ended(runs[0])

    assert lodol(deployed.cloud, deployed.stack_name, "migrate")["migrated"] == 0
    assert leaving in str(operate("workspace", "list"))
    assert operate("executions", "stuck") == {"executions": []}
    lodol(deployed.cloud, deployed.stack_name, "workspace", "suspend", leaving, "--stop")
    refused = client.run(workflow_id)
    assert (refused.status, refused.headers["error-code"]) == (403, "workspace_suspended")
    operate("workspace", "export", leaving, str(tmp_path / "theirs"))
    shown = [json.loads(line)["id"] for line in (tmp_path / "theirs" / "execution.jsonl").read_text().splitlines()]
    assert shown == runs
    assert key not in "".join(file.read_text() for file in (tmp_path / "theirs").iterdir())

    gone = lodol(deployed.cloud, deployed.stack_name, "workspace", "delete", leaving, "--yes")

    assert (gone["keys_revoked"], gone["left"]) == (1, 0)
    assert gone["scanned"] > 5
    assert leaving not in str(list(stays.table.scan()))
    assert client.send("GET", f"/v1/executions/{runs[0]}").status == 401
    with pytest.raises(CommandFailed, match="Workspace not found"):
        operate("workspace", "show", leaving)
    assert stays.client.send("GET", f"/v1/executions/{kept}").status == 200
