"""What an operator does on the deployed template: migrate, suspend, export and delete."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Leaving:
    """A workspace with executions that is suspended, handed over, and being deleted."""

    workspace_id: str
    client: Client
    runs: list[str]
    exported: Path
    deletion: Future[Any]


@pytest.fixture(scope="package")
def leaving(deployed: Deployment, teams: Teams, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaving]:
    """Its deletion waits until no worker remembers its key."""

    def operate(*arguments: str) -> Any:
        return lodol(deployed.cloud, deployed.stack_name, *arguments)

    created = operate("workspace", "create", "--name", "Leaves", "--plan", "enterprise", "--credits", "9")
    workspace_id = created["workspace_id"]
    scopes = ("--scope", "workflows:execute", "--scope", "executions:read")
    client = Client(deployed.api_url, operate("key", "create", workspace_id, *scopes)["key"])
    bodies = (
        (let("x", literal(1)),),
        (do(call("human.create", literal("Go?"))), do(call("human.wait"))),
        (sleep(3600),),
    )
    table, now, runs = teams.make().table, utc_now(), list[str]()
    for number, body in enumerate(bodies):
        workflow_id = publish(table, now, workspace_id, name=f"W{number}", description="", program=program(*body)).id
        runs.append(client.run(workflow_id).json()["execution_id"])
    client.until_ended(runs[0])
    assert workspace_id in str(operate("workspace", "list"))
    operate("workspace", "suspend", workspace_id, "--stop")
    refused = client.run(workflow_id)
    assert (refused.status, refused.headers["error-code"]) == (403, "workspace_suspended")
    exported = tmp_path_factory.mktemp("exported") / "theirs"
    operate("workspace", "export", workspace_id, str(exported))
    with ThreadPoolExecutor() as beside:
        yield Leaving(
            workspace_id, client, runs, exported, beside.submit(operate, "workspace", "delete", workspace_id, "--yes")
        )


@pytest.mark.begins
def test_a_customer_who_leaves_takes_all_that_is_theirs(leaving: Leaving) -> None:
    shown = [json.loads(line)["id"] for line in (leaving.exported / "execution.jsonl").read_text().splitlines()]
    assert shown == leaving.runs
    assert leaving.client.api_key not in "".join(file.read_text() for file in leaving.exported.iterdir())


def test_of_a_customer_who_has_left_nothing_is_there_while_others_stay(
    deployed: Deployment, teams: Teams, leaving: Leaving
) -> None:
    stays = teams.make()
    kept = stays.ended(let("x", literal(1)))["execution_id"]

    gone = leaving.deletion.result(timeout=200)

    assert (gone["keys_revoked"], gone["left"]) == (1, 0)
    assert gone["scanned"] > 5
    assert leaving.workspace_id not in str(list(stays.table.scan()))
    assert leaving.client.send("GET", f"/v1/executions/{leaving.runs[0]}").status == 401
    with pytest.raises(CommandFailed, match="Workspace not found"):
        lodol(deployed.cloud, deployed.stack_name, "workspace", "show", leaving.workspace_id)
    assert stays.client.send("GET", f"/v1/executions/{kept}").status == 200


def test_a_new_table_needs_no_migration_and_nothing_in_it_is_stuck(deployed: Deployment) -> None:
    assert lodol(deployed.cloud, deployed.stack_name, "migrate")["migrated"] == 0
    assert lodol(deployed.cloud, deployed.stack_name, "executions", "stuck") == {"executions": []}
