"""The roles as IAM evaluates them: here, as on AWS, a function is refused whatever its role does not grant.

So it is in all tests of this package; these send one of everything, and see that something is refused at all.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from domain.aws.clients import CLIENT_CONFIG
from scripts.local import home
from scripts.local.deployment import Deployment, session
from scripts.local.events import filled
from scripts.openapi import endpoints
from tests.e2e.conftest import Team, Teams, eventually
from tests.support.programs import call, do, literal, sleep
from tests.support.sample_events import EVENTS

ENDPOINTS = dict(endpoints())
REVIEWED = (do(call("human.create", literal("Go?"))), do(call("human.wait")))
MAIL = literal({"to": "ada@a.org", "subject": "Hello", "text": "Ada"})


def filled_for(event: Path, team: Team) -> Any:
    """A sample event with the ids of a workspace of its own, whose execution asks somebody, or has been stopped."""
    workflow_id = team.workflow(*REVIEWED)
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: reviews(team))
    if event.stem == "rerun_execution":
        assert team.client.send("POST", f"/v1/executions/{execution_id}/stop").status == 200
    stack = home.Stack(
        team.client.api_url, team.client.api_key, team.workspace.id, {"Welcome Email Workflow": workflow_id}, "", "", ""
    )
    hook = team.client.send("POST", "/v1/webhooks", {"url": "https://127.0.0.1:9/"}).json()["webhook_id"]
    tried = team.client.send("POST", f"/v1/webhooks/{hook}/test").json()["delivery_id"]
    ids = {"execution_id": execution_id, "review_id": reviews(team)[0], "webhook_id": hook, "delivery_id": tried}
    return json.loads(filled(event.read_text(), stack, **ids))


def reviews(team: Team) -> list[str]:
    return [each["review_id"] for each in team.client.send("GET", "/v1/reviews").json()["reviews"]]


def refusals(deployed: Deployment) -> list[str]:
    """The lines of the one log that tell of something that was refused."""
    client = session().client("logs", endpoint_url=deployed.cloud.endpoint_url, config=CLIENT_CONFIG)
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{deployed.stack_name}")
    lines = [event["message"] for page in pages for event in page["events"]]
    assert lines
    return [line for line in lines if "AccessDenied" in line or "not authorized" in line]


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
def test_a_role_grants_what_its_function_asks(teams: Teams, deployed: Deployment, event: Path) -> None:
    team = teams.make()
    asked = filled_for(event, team)

    if event.stem in ENDPOINTS:
        query = urlencode(asked["queryStringParameters"] or {})
        body = None if asked["body"] is None else asked["body"].encode()
        answer = team.client.send(asked["httpMethod"], f"{asked['path']}?{query}", body)
        assert answer.status == ENDPOINTS[event.stem].status, answer.body
    else:
        lambda_ = session().client("lambda", endpoint_url=deployed.cloud.endpoint_url)
        name = f"{deployed.stack_name}-{event.stem.replace('_', '-')}"
        invoked = lambda_.invoke(FunctionName=name, Payload=json.dumps(asked).encode())
        assert "FunctionError" not in invoked, invoked["Payload"].read()
    assert refusals(deployed) == []
    team.client.send("POST", "/v1/executions/stop?status=running")


def test_an_execution_asks_waits_and_sends_mail(team: Team, deployed: Deployment) -> None:
    workflow_id = team.workflow(*REVIEWED, sleep(1), do(call("email.send", MAIL)))
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: reviews(team))
    [review_id] = reviews(team)
    eventually(lambda: team.client.execution(execution_id)["steps"][-1]["status"] == "running")

    team.client.send("POST", f"/v1/reviews/{review_id}/decision", {"decision": "approved"})

    assert team.client.until_ended(execution_id)["status"] == "success"
    assert refusals(deployed) == []


def test_without_a_grant_its_function_is_refused(team: Team, deployed: Deployment) -> None:
    iam = session().client("iam", endpoint_url=deployed.cloud.endpoint_url)
    [role] = [one["RoleName"] for one in iam.list_roles()["Roles"] if "ListWorkflowsRole" in one["RoleName"]]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document: Any = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    less = {**document, "Statement": [one for one in document["Statement"] if one["Action"] != ["dynamodb:Query"]]}
    assert team.client.send("GET", "/v1/workflows").status == 200

    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(less))
    refused = team.client.send("GET", "/v1/workflows").status
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))

    assert (refused, team.client.send("GET", "/v1/workflows").status) == (500, 200)
