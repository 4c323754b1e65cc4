"""A newer build of the template takes over a stack at work and is taken back, and executions go on through both.

The builds are deployed as changes of the template by CloudFormation, with a package that was uploaded before: what `sam
deploy` does besides, to zip and upload one for each function, takes half a minute and tries nothing more. The local
cloud sends all calls of an alias to one version, so that how CodeDeploy shifts them is not tried here.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from domain.aws import keys
from domain.aws.keys import Page
from lodol.cli.stack import DeployedStack
from scripts import package
from scripts.local import deployment
from scripts.local.deployment import Deployment
from scripts.local.lodol import lodol
from tests.e2e.conftest import Team, Teams, change, eventually
from tests.support.programs import call, do, for_each, let, literal, sleep, var
from tests.support.template import functions

ASKS = (
    let("id", call("human.create", literal("Go?"))),
    do(call("human.wait")),
    let("result", call("human.result", var("id"))),
)
SLEEPS = (let("before", literal(1)), sleep(15), let("after", literal(2)))
WORKS = (for_each("n", literal(list(range(12))), sleep(1)), let("done", literal(True)))


@dataclass(frozen=True)
class Builds:
    """The template with the package that it was deployed with, and with a newer one."""

    deployed: Deployment
    older: str
    newer: str

    def deploy(self, template: str) -> None:
        """Let CloudFormation change the stack to it."""
        client = deployment.session().client("s3", endpoint_url=self.deployed.cloud.endpoint_url)
        bucket, _ = _uploaded(template)
        client.put_object(Bucket=bucket, Key="template", Body=template.encode())
        change(self.deployed, TemplateURL=f"{self.deployed.cloud.endpoint_url}/{bucket}/template")


def _uploaded(template: str) -> tuple[str, str]:
    """Where the package of all functions stands: bucket and key."""
    [(bucket, key)] = set(re.findall(r"CodeUri: s3://([^/\s]+)/(\S+)", template))
    return bucket, key


@pytest.fixture
def builds(deployed: Deployment, built: Path, tmp_path: Path) -> Builds:
    """The newer build notes `newer` on each item that it stores, which no other reads."""
    session, endpoint = deployment.session(), deployed.cloud.endpoint_url
    client = session.client("cloudformation", endpoint_url=endpoint)
    older = str(client.get_template(StackName=deployed.stack_name, TemplateStage="Original")["TemplateBody"])
    copy = tmp_path / "newer"
    shutil.copytree(built / "RunStepsFunction", copy, copy_function=package._link)
    module = copy / "domain/aws/writes.py"
    source = module.read_text()
    # Not written over: the file may be that of the older package as well.
    module.unlink()
    module.write_text(source.replace('"v": SHAPE}', '"v": SHAPE, "newer": True}'))
    assert module.read_text() != source
    package._compile(module.parent)
    bucket, key = _uploaded(older)
    archive = shutil.make_archive(str(copy), "zip", copy)
    session.client("s3", endpoint_url=endpoint).upload_file(archive, bucket, "newer")
    return Builds(deployed, older, older.replace(f"s3://{bucket}/{key}", f"s3://{bucket}/newer"))


def test_executions_go_on_through_an_upgrade_a_rollback_and_an_older_build(builds: Builds, teams: Teams) -> None:
    team = teams.make()
    asks, before = team.workflow(*ASKS), _live(builds)
    sleeping, working = (_run(team, team.workflow(*body)) for body in (SLEEPS, WORKS))
    first = [_run(team, asks) for _ in range(2)]
    eventually(lambda: _pending(team) == set(first))

    builds.deploy(builds.newer)

    after = _live(builds)
    second = [_run(team, asks) for _ in range(2)]
    eventually(lambda: _pending(team) == {*first, *second})
    _decide(team, first[0])
    assert [_admitted_by_newer(team, which) for which in (*first, *second)] == [False] * 2 + [True] * 2
    assert _run_by_newer(team, first[0])

    rolled_back = _lodol(builds, "rollback")
    assert {row["function"]: row["to"] for row in rolled_back["functions"]} == before == _live(builds)
    assert len(before) == len(functions())
    assert {row["to"] for row in _lodol(builds, "rollback")["functions"]} == {None}

    third = _run(team, asks)
    eventually(lambda: third in _pending(team))
    assert not _admitted_by_newer(team, third)
    assert _stack(builds).list_not_live() == list(before)
    _decide(team, first[1])
    _decide(team, second[0])
    assert not _run_by_newer(team, first[1])
    assert _run_by_newer(team, second[0]), "it has run the first steps"

    _lodol(builds, "rollback", "--undo")
    assert _live(builds) == after
    assert _stack(builds).list_not_live() == []
    fourth = _run(team, asks)
    assert _admitted_by_newer(team, fourth)

    builds.deploy(builds.older)

    fifth = _run(team, asks)
    assert not _admitted_by_newer(team, fifth)
    for which in (second[1], third, fourth, fifth):
        eventually(lambda which=which: which in _pending(team))  # type: ignore[misc]
        _decide(team, which)
    for which in (sleeping, working):
        assert team.client.until_ended(which)["status"] == "success"
    # The older build is now what was deployed last, and the newer one what was before it.
    shown = _lodol(builds, "rollback", "--dry-run")["functions"]
    assert {row["function"]: row["to"] for row in shown} == after
    assert _stack(builds).list_not_live() == []


def _run(team: Team, workflow_id: str) -> str:
    return str(team.client.run(workflow_id).json()["execution_id"])


def _reviews(team: Team) -> dict[str, str]:
    pending = team.client.send("GET", "/v1/reviews?status=pending").json()["reviews"]
    return {review["execution_id"]: review["review_id"] for review in pending}


def _pending(team: Team) -> set[str]:
    """The executions that wait for a decision, as far as their Step Functions execution does."""
    return {which for which in _reviews(team) if team.item(which).get("wait")}


def _decide(team: Team, execution_id: str) -> None:
    path = f"/v1/reviews/{_reviews(team)[execution_id]}/decision"
    assert team.client.send("POST", path, {"decision": "approved"}).status == 200
    ended = team.client.until_ended(execution_id)
    assert (ended["status"], ended["steps"][-1]["result"]["decision"]) == ("success", "approved")


def _admitted_by_newer(team: Team, execution_id: str) -> bool:
    return "newer" in team.item(execution_id)


def _run_by_newer(team: Team, execution_id: str) -> bool:
    """Whether any of its steps was recorded by the newer build."""
    stored = team.table.query(keys.execution_partition(execution_id), Page.whole("STEP#"))
    return any("newer" in item for item in stored)


def _lodol(builds: Builds, *arguments: str) -> Any:
    return lodol(builds.deployed.cloud, builds.deployed.stack_name, *arguments)


def _stack(builds: Builds) -> DeployedStack:
    endpoint = builds.deployed.cloud.endpoint_url
    return DeployedStack(builds.deployed.stack_name, deployment.session(), endpoint)


def _live(builds: Builds) -> dict[str, int]:
    """Which version of each function is live."""
    return {function.name: function.live for function in _stack(builds).functions()}
