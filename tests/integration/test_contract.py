"""What the API answers, status by status and byte by byte, through the handlers."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from domain import api_keys, executions, workflows, workspaces
from domain import refusals as facts
from domain.api_keys import Scope
from domain.moments import utc_now
from domain.program.values import Value
from domain.refusals import Refusal
from domain.table import Table
from domain.workspaces import Plan, Workspace
from handlers import answers, get_execution, list_executions, run_workflow, stop_execution
from handlers.http import Endpoint
from tests.integration.conftest import template
from tests.integration.test_events import Context

PROGRAM: Value = {"kind": "Program", "body": []}
NOBODY = "0" * 24

type Send = Callable[..., tuple[int, dict[str, str], Any]]


def event(method: str, path: str, key: str | None, query: Any, body: str | None, headers: dict[str, str]) -> Any:
    authorization = {} if key is None else {"Authorization": f"Bearer {key}"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Host": "api.example.com", **authorization, **headers},
        "queryStringParameters": query,
        "requestContext": {"path": f"/api{path}", "stage": "api"},
        "body": body,
        "isBase64Encoded": False,
    }


def send(
    endpoint: Endpoint,
    method: str,
    path: str,
    key: str | None,
    query: Any = None,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], Any]:
    answer = endpoint(event(method, path, key, query, body, headers or {}), Context())  # type: ignore[arg-type]
    shown = {name.lower(): values[0] for name, values in answer["multiValueHeaders"].items()}
    return answer["statusCode"], shown, json.loads(answer["body"])


class Shop:
    """A workspace with a workflow and a key."""

    def __init__(self, table: Table, plan: Plan = Plan.PRO, credits: int = 10, scopes: Any = None, **own: Any) -> None:
        now = utc_now()
        self.table = table
        self.workspace: Workspace = workspaces.create(table, now, name="Shop", plan=plan, credits=credits, **own)
        paying = self.workspace
        if plan is Plan.FREE:
            paying = workspaces.from_item(
                {"id": self.workspace.id, "name": "", "plan": "pro", "credits": 0, "created_at": ""}
            )
        self.key, self.stored = api_keys.create(table, now, paying, frozenset(scopes or Scope))
        self.workflow = workflows.put(table, now, self.workspace.id, name="Welcome", description="", program=PROGRAM).id

    def run(
        self, body: str | None = None, workflow: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        path = f"/v1/workflows/{workflow or self.workflow}/run-async"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return send(run_workflow.handler, "POST", path, self.key, None, body, named)

    def get(self, execution_id: str, **query: str) -> tuple[int, dict[str, str], Any]:
        return send(get_execution.handler, "GET", f"/v1/executions/{execution_id}", self.key, query or None)

    def stop(self, execution_id: str, **headers: str) -> tuple[int, dict[str, str], Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return send(stop_execution.handler, "POST", f"/v1/executions/{execution_id}/stop", self.key, headers=named)

    def list(self, **query: str) -> tuple[int, dict[str, str], Any]:
        return send(list_executions.handler, "GET", "/v1/executions", self.key, query or None)


@pytest.fixture
def shop(table: Table, worker: None) -> Shop:
    return Shop(table)


def test_a_run_answers_202_with_exactly_the_documented_fields(shop: Shop) -> None:
    status, headers, body = shop.run()

    assert status == 202
    assert list(body) == ["execution_id", "workflow_id", "status", "created_at"]
    assert (body["workflow_id"], body["status"]) == (shop.workflow, "running")
    assert body["created_at"].endswith("+00:00")
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"]
    assert (headers["ratelimit-limit"], headers["ratelimit-remaining"]) == ("15", "14")


def test_a_repeat_with_the_same_key_is_the_same_bytes_and_charges_nothing(shop: Shop) -> None:
    first = shop.run('{"input": 1}', Idempotency_Key="k")
    again = shop.run('{ "input" : 1 }', Idempotency_Key="k")

    assert again[2] == first[2]
    assert again[1]["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first[1]
    assert workspaces.read(shop.table, shop.workspace.id).credits == 9


def test_the_same_key_for_another_request_is_400_and_names_the_owner(shop: Shop) -> None:
    owner = shop.run('{"input": 1}', Idempotency_Key="k")[2]["execution_id"]

    status, _, body = shop.run('{"input": 2}', Idempotency_Key="k")

    assert status == 400
    assert owner in body["error"]


@pytest.mark.parametrize("key", ["", "k" * 257])
def test_an_idempotency_key_of_no_length_or_too_much_is_400(shop: Shop, key: str) -> None:
    assert shop.run(Idempotency_Key=key)[0] == 400


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"inptu": 1}', '{"input": 1, "input": 2}', '{"input": NaN}', '{"input": "\\u0000"}']
)
def test_any_other_body_is_400_and_charges_nothing(shop: Shop, body: str) -> None:
    status, _, answer = shop.run(body)

    assert status == 400
    assert list(answer) == ["error"]
    assert workspaces.read(shop.table, shop.workspace.id).credits == 10


def test_a_body_over_256_kib_is_400(shop: Shop) -> None:
    assert shop.run(json.dumps({"input": "a" * 262_144}))[0] == 400


def test_who_has_no_key_is_told_so(shop: Shop) -> None:
    missing = send(list_executions.handler, "GET", "/v1/executions", None)
    unknown = send(list_executions.handler, "GET", "/v1/executions", "sk_live_unknown")

    assert (missing[0], missing[2]) == (401, {"error": "Missing or malformed Authorization header"})
    assert (unknown[0], unknown[2]) == (401, {"error": "Invalid API key"})


def test_a_revoked_key_is_refused_from_the_next_request_on(shop: Shop) -> None:
    assert shop.list()[0] == 200

    api_keys.revoke(shop.table, utc_now(), shop.workspace.id, shop.stored.id)

    assert (shop.list()[0], shop.list()[2]) == (401, {"error": "Invalid API key"})


def test_plan_scope_and_rate_are_checked_in_this_order(table: Table, worker: None) -> None:
    free = Shop(table, Plan.FREE, scopes=[Scope.READ_WORKFLOWS])
    narrow = Shop(table, scopes=[Scope.READ_WORKFLOWS], requests_per_minute=1)
    limited = Shop(table, requests_per_minute=1)

    assert free.list()[::2] == (403, {"error": "The Developer API is not available on your plan."})
    assert [narrow.list()[2] for _ in range(2)] == [{"error": "API key lacks required scope(s)"}] * 2
    assert limited.list()[0] == 200
    status, headers, body = limited.run("{")
    assert (status, body) == (429, {"error": "Rate limit exceeded. Please wait before trying again."})
    assert 1 <= int(headers["retry-after"]) <= 60
    assert headers["ratelimit-remaining"] == "0"


def test_without_credits_402_and_the_key_works_once_there_are(table: Table, worker: None) -> None:
    shop = Shop(table, credits=0)
    sentence = "Insufficient credits. Please upgrade your plan or purchase more credits."
    assert shop.run(Idempotency_Key="k")[::2] == (402, {"error": sentence})

    workspaces.grant(table, utc_now(), shop.workspace.id, 1, "bought")

    assert shop.run(Idempotency_Key="k")[0] == 202
    assert shop.run(Idempotency_Key="k")[1]["idempotency-replayed"] == "true"
    assert shop.run(Idempotency_Key="other")[0] == 402


def test_more_than_may_run_at_once_is_429_with_the_real_number(table: Table, worker: None) -> None:
    shop = Shop(table, concurrent_executions=2)
    assert [shop.run()[0] for _ in range(2)] == [202, 202]

    status, headers, body = shop.run()

    assert (status, body) == (
        429,
        {"error": "Concurrent execution limit reached. Your plan allows 2 concurrent executions via the API."},
    )
    assert headers["retry-after"]
    assert workspaces.read(table, shop.workspace.id).credits == 8


def test_another_workspaces_ids_are_answered_as_ids_that_do_not_exist(table: Table, worker: None) -> None:
    shop, other = Shop(table), Shop(table)
    theirs = other.run()[2]["execution_id"]

    assert (
        shop.get(theirs)[::2] == shop.get(NOBODY)[::2] == shop.get("x")[::2] == (404, {"error": "Execution not found"})
    )
    assert shop.stop(theirs)[::2] == shop.stop(NOBODY)[::2] == (404, {"error": "Execution not found"})
    assert shop.run(workflow=other.workflow)[::2] == (404, {"error": "Workflow not found"})


def test_get_shows_steps_only_when_asked(shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]

    plain, full = shop.get(execution_id)[2], shop.get(execution_id, include_step_results="true")[2]

    assert list(plain) == ["execution_id", "workflow_id", "status", "started_at", "completed_at", "error"]
    assert list(full) == ["execution_id", "workflow_id", "status", "started_at", "completed_at", "steps", "error"]
    assert shop.get(execution_id, include_step_results="yes")[0] == 400


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "ten"}, {"limit": ""}, {"after": "x"}])
def test_a_list_refuses_what_is_no_limit_or_cursor(shop: Shop, query: dict[str, str]) -> None:
    assert shop.list(**query)[0] == 400


def test_a_list_is_newest_first_and_links_to_what_follows(table: Table, worker: None) -> None:
    shop = Shop(table, Plan.ENTERPRISE)
    started = [shop.run()[2]["execution_id"] for _ in range(5)]

    status, headers, body = shop.list(limit="2")

    assert status == 200
    assert list(body) == ["executions"]
    assert list(body["executions"][0]) == [
        "execution_id",
        "workflow_id",
        "workflow_name",
        "status",
        "started_at",
        "completed_at",
    ]
    assert [row["execution_id"] for row in body["executions"]] == sorted(started, reverse=True)[:2]
    assert headers["link"] == (
        f'<https://api.example.com/api/v1/executions?limit=2&after={sorted(started)[-2]}>; rel="next"'
    )
    assert "link" not in shop.list(limit="5")[1]
    assert shop.list(after="f" * 24)[2] == shop.list()[2]
    assert shop.list(after=NOBODY)[2] == {"executions": []}


def test_a_stop_is_once_and_its_key_repeats_it(shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]

    first, again = shop.stop(execution_id, Idempotency_Key="s"), shop.stop(execution_id, Idempotency_Key="s")

    assert first[::2] == again[::2] == (200, {"execution_id": execution_id, "status": "stopped"})
    assert again[1]["idempotency-replayed"] == "true"
    assert shop.stop(execution_id)[::2] == (400, {"error": "Execution is already in a terminal state: stopped."})
    assert workspaces.read(shop.table, shop.workspace.id).running == frozenset()
    assert executions.read(shop.table, shop.workspace.id, execution_id).completed_at is not None


def test_an_unknown_route_is_404_in_the_envelope(shop: Shop) -> None:
    answer = send(list_executions.handler, "GET", "/v1/nothing", shop.key)

    assert (answer[0], answer[2]) == (404, {"error": "There is no such endpoint."})


def test_an_expired_receipt_frees_its_key_though_it_is_still_there(shop: Shop) -> None:
    from domain import admission, receipts
    from domain.state_machine import the_state_machine

    now = utc_now()
    early = now - timedelta(seconds=receipts.KEPT_SECONDS)
    first = admission.admit(shop.table, the_state_machine(), early, shop.workspace, shop.workflow, None, "k")
    second = admission.admit(shop.table, the_state_machine(), now, shop.workspace, shop.workflow, None, "k")

    assert not second.replayed
    assert first.body != second.body


def _refusals(kind: type[Refusal]) -> list[type[Refusal]]:
    return [kind, *(inner for sub in kind.__subclasses__() for inner in _refusals(sub))]


def test_every_refusal_is_mapped() -> None:
    for kind in _refusals(Refusal):
        if kind is not Refusal:
            assert any(base in answers.ANSWERS for base in kind.__mro__), kind
    assert set(answers.ANSWERS) <= {kind for kind in vars(facts).values() if isinstance(kind, type)}


def test_what_is_not_mapped_is_a_500_with_a_neutral_sentence() -> None:
    assert answers.answer_to(RuntimeError("sk_live_secret")) == answers.NEUTRAL


def test_the_gateways_own_errors_keep_the_envelope() -> None:
    responses = template()["Resources"]["Api"]["Properties"]["GatewayResponses"]
    for name, response in responses.items():
        body = response["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"said"')
        assert list(json.loads(body)) == ["error"], name
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == 404


def test_no_role_may_do_everything_or_to_everything() -> None:
    resources = template()["Resources"].values()
    statements = [
        statement
        for resource in resources
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if isinstance(statement, dict)
    ]
    assert len(statements) > 20
    for statement in statements:
        assert "*" not in [statement["Resource"], *statement["Action"]]
        assert not any(action.endswith("*") for action in statement["Action"])
