"""The real template on a local cloud of its own, on a free port, for all tests of this package."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from domain.aws.table import Table
from domain.entities import executions, workspaces
from domain.entities.api_keys import Scope
from domain.entities.executions import Status
from domain.entities.workspaces import Plan, Workspace
from domain.ids import new_id
from domain.moments import utc_now
from domain.operations import accounts
from domain.operations.audits import audit_credits
from scripts.local import cloud as clouds
from scripts.local import deployment
from scripts.local.client import Client
from scripts.local.deployment import Deployment
from scripts.local.lodol import lodol
from tests.support.operations import publish
from tests.support.programs import program
from tests.support.site import Site

SENDER = "hello@lodol.example"


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes of the template."""
    directory = tmp_path_factory.mktemp("build") / "build"
    deployment.build(directory)
    return directory


@pytest.fixture(scope="package")
def deployed(tmp_path_factory: pytest.TempPathFactory, built: Path, site: Site) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("cloud")
    cloud = clouds.start(clouds.free_port(), home, keeps_state=False, enforces_grants=True)
    try:
        ses = deployment.session().client("sesv2", endpoint_url=cloud.endpoint_url)
        ses.create_email_identity(EmailIdentity=SENDER)
        deployed = deployment.deploy(
            cloud,
            built,
            "lodol-test",
            {"SenderAddress": SENDER, "AllowedHosts": site.host, "SliceSeconds": "2"},
        )
        _grant_what_only_the_emulator_asks(cloud)
        _let_queues_be_read_in_the_clear(cloud)
        yield deployed
    finally:
        cloud.stop()


ASKED_ON_WHATEVER = ("states:SendTaskSuccess", "ses:SendEmail")
"""What AWS asks on the state machine of a task token and on the identity of a sender, and ministack on `*`."""


def _grant_what_only_the_emulator_asks(cloud: clouds.Cloud) -> None:
    iam = deployment.session().client("iam", endpoint_url=cloud.endpoint_url)
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
        granted = str(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
        actions = [action for action in ASKED_ON_WHATEVER if action in granted]
        # An action of its own to ministack, which AWS does not know.
        actions += ["sqs:SendMessageBatch"] if "sqs:SendMessage" in granted else []
        if actions:
            statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_role_policy(RoleName=name, PolicyName="emulator", PolicyDocument=document)


def _let_queues_be_read_in_the_clear(cloud: clouds.Cloud) -> None:
    """The local cloud has no TLS, without which the template lets nobody at a queue."""
    sqs: Any = deployment.session().client("sqs", endpoint_url=cloud.endpoint_url)
    # As a load balancer would, which ends TLS.
    sqs.meta.events.register(
        "before-sign.sqs.*", lambda request, **_: request.headers.add_header("X-Forwarded-Proto", "https")
    )
    for url in sqs.list_queues()["QueueUrls"]:
        policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
        allowed = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
        attributes = {"Policy": json.dumps({**policy, "Statement": allowed}) if allowed else ""}
        sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


@dataclass(frozen=True)
class Team:
    """A workspace with a key of all scopes, and what a test wants to know about it."""

    table: Table
    workspace: Workspace
    client: Client
    stepfunctions: Any

    def workflow(self, *body: Any, name: str | None = None) -> str:
        # One name is one workflow.
        name, whole = name or f"Workflow {new_id(utc_now())}", program(*body)
        stored = publish(self.table, utc_now(), self.workspace.id, name=name, description="", program=whole)
        return stored.id

    @property
    def credits(self) -> int:
        return workspaces.read(self.table, self.workspace.id).credits

    @property
    def running(self) -> frozenset[str]:
        found = executions.list_page(self.table, self.workspace.id)
        return frozenset(execution.id for execution in found if execution.status is Status.RUNNING)

    def ended(self, *body: Any) -> Any:
        """Run a program to its end."""
        return self.client.until_ended(self.client.run(self.workflow(*body)).json()["execution_id"])

    def until_quiet(self) -> None:
        """Wait until none of its executions runs."""
        eventually(lambda: not self.running, within=60)

    def executions(self) -> list[str]:
        found = executions.list_page(self.table, self.workspace.id)
        return [execution.id for execution in found]

    def transitions(self, state_machine_arn: str, execution_id: str) -> list[str]:
        arn = f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{execution_id}"
        history = self.stepfunctions.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]

    def item(self, execution_id: str) -> Any:
        return self.table.get(executions.key(self.workspace.id, execution_id))


class Teams:
    """Makes workspaces; each test has its own, so that no test sees another's."""

    def __init__(self, deployed: Deployment) -> None:
        self._deployed = deployed
        session, endpoint = deployment.session(), deployed.cloud.endpoint_url
        self._table = Table(session.client("dynamodb", endpoint_url=endpoint), deployed.table_name)
        self._stepfunctions = session.client("stepfunctions", endpoint_url=endpoint)
        self.made: list[Team] = []

    def make(self, credits: int = 1000, concurrent: int = 1000) -> Team:
        now = utc_now()
        workspace = accounts.create_workspace(
            self._table,
            now,
            name="Team",
            plan=Plan.ENTERPRISE,
            credits=credits,
            requests_per_minute=100_000,
            concurrent_executions=concurrent,
        )
        key, _ = accounts.create_key(self._table, now, workspace, frozenset(Scope))
        team = Team(self._table, workspace, Client(self._deployed.api_url, key), self._stepfunctions)
        self.made.append(team)
        return team


@pytest.fixture(scope="package")
def teams(deployed: Deployment) -> Iterator[Teams]:
    """Whatever the tests have done, in the end nothing is wrong: not for the doctor, and in no workspace's credits."""
    teams = Teams(deployed)
    yield teams
    for team in teams.made:
        team.until_quiet()
    assert lodol(deployed.cloud, deployed.stack_name, "doctor") == {
        "overdue_executions": [],
        "leaked_slots": [],
        "receipts_without_executions": [],
        "unknown_to_us": [],
        "dead_letters": 0,
        "event_dead_letters": 0,
        "not_live": [],
    }
    for team in teams.made:
        assert audit_credits(team.table, utc_now(), team.workspace.id).differences == ()
    audited = lodol(deployed.cloud, deployed.stack_name, "credits", "audit", teams.made[0].workspace.id)
    assert audited["differences"] == []


def eventually(condition: Callable[[], object], within: float = 30) -> None:
    """Wait until it holds, at most so many seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)


@pytest.fixture
def team(teams: Teams) -> Team:
    return teams.make()


def change(deployed: Deployment, given: Mapping[str, str] = MappingProxyType({}), **template: Any) -> None:
    """Let CloudFormation change the stack: to another template, or to other parameters than it has."""
    client = deployment.session().client("cloudformation", endpoint_url=deployed.cloud.endpoint_url)
    name = deployed.stack_name
    [stack] = client.describe_stacks(StackName=name)["Stacks"]
    client.update_stack(
        StackName=name,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": given[key]}
            if key in given
            else {"ParameterKey": key, "UsePreviousValue": True}
            for key in (parameter["ParameterKey"] for parameter in stack["Parameters"])
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        **(template or {"UsePreviousTemplate": True}),
    )
    while (status := client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(0.2)
    assert status == "UPDATE_COMPLETE"
