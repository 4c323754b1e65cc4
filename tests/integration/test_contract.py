"""What the API answers, status by status and byte by byte, through the handlers."""

import json
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from domain import refusals as facts
from domain.engine.slices import run_slice
from domain.entities import executions, workspaces
from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan
from domain.moments import utc_now
from domain.operations import accounts
from domain.refusals import Refusal
from handlers import (
    decide_review,
    get_execution,
    get_history,
    get_review,
    get_workflow,
    get_workspace,
    list_executions,
    list_reviews,
    list_workflows,
    rerun_execution,
    run_workflow,
    stop_execution,
    stop_executions,
)
from handlers.worker import Worker
from tests.support.conformance import World, slices_of
from tests.support.given import NOW, AtCommit
from tests.support.operations import grant, publish
from tests.support.programs import do, literal, post, program
from tests.support.requests import Context, event, send
from tests.support.shop import Shop
from views import answers

NOBODY = "0" * 24


@pytest.fixture
def shop(worker: Worker) -> Shop:
    return Shop(worker)


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


@pytest.mark.parametrize("key", ["k", "k" * 256])
def test_an_idempotency_key_has_up_to_256_characters(shop: Shop, key: str) -> None:
    assert shop.run(Idempotency_Key=key)[0] == 202


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
    missing = send(shop.worker, list_executions.handler, "GET", "/v1/executions", None)
    unknown = send(shop.worker, list_executions.handler, "GET", "/v1/executions", "sk_live_unknown")

    assert (missing[0], missing[2]) == (401, {"error": "Missing or malformed Authorization header"})
    assert (unknown[0], unknown[2]) == (401, {"error": "Invalid API key"})


def test_a_revoked_key_is_refused_from_the_next_request_on(shop: Shop) -> None:
    assert shop.list()[0] == 200

    accounts.revoke_key(shop.table, utc_now(), shop.workspace.id, shop.stored.id)

    assert (shop.list()[0], shop.list()[2]) == (401, {"error": "Invalid API key"})


def test_plan_scope_and_rate_are_checked_in_this_order(worker: Worker) -> None:
    free = Shop(worker, Plan.FREE, scopes=[Scope.READ_WORKFLOWS])
    narrow = Shop(worker, scopes=[Scope.READ_WORKFLOWS], requests_per_minute=1)
    limited = Shop(worker, requests_per_minute=1)

    assert free.list()[::2] == (403, {"error": "The Developer API is not available on your plan."})
    assert [narrow.list()[2] for _ in range(2)] == [{"error": "API key lacks required scope(s)"}] * 2
    assert limited.list()[0] == 200
    status, headers, body = limited.run("{")
    assert (status, body) == (429, {"error": "Rate limit exceeded. Please wait before trying again."})
    assert 1 <= int(headers["retry-after"]) <= 60
    assert headers["ratelimit-remaining"] == "0"


def test_without_credits_402_and_the_key_works_once_there_are(worker: Worker) -> None:
    shop = Shop(worker, credits=0)
    sentence = "Insufficient credits. Please upgrade your plan or purchase more credits."
    assert shop.run(Idempotency_Key="k")[::2] == (402, {"error": sentence})

    grant(worker.stack, utc_now(), shop.workspace.id, 1)

    assert shop.run(Idempotency_Key="k")[0] == 202
    assert shop.run(Idempotency_Key="k")[1]["idempotency-replayed"] == "true"
    assert shop.run(Idempotency_Key="other")[0] == 402


def test_more_than_may_run_at_once_is_429_with_the_real_number(worker: Worker) -> None:
    shop = Shop(worker, concurrent_executions=2)
    assert [shop.run()[0] for _ in range(2)] == [202, 202]

    status, headers, body = shop.run()

    assert (status, body) == (
        429,
        {"error": "Concurrent execution limit reached. Your plan allows 2 concurrent executions via the API."},
    )
    assert headers["retry-after"]
    assert workspaces.read(shop.table, shop.workspace.id).credits == 8


def test_another_workspaces_ids_are_answered_as_ids_that_do_not_exist(worker: Worker) -> None:
    shop, other = Shop(worker), Shop(worker)
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


def test_a_list_is_newest_first_and_links_to_what_follows(worker: Worker) -> None:
    shop = Shop(worker, Plan.ENTERPRISE)
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
    assert headers["link"] == f'<?limit=2&after={sorted(started)[-2]}>; rel="next"'
    assert "link" not in shop.list(limit="5")[1]
    assert shop.list(after="f" * 24)[2] == shop.list()[2]
    assert shop.list(after=NOBODY)[2] == {"executions": []}


def test_a_stop_is_once_and_its_key_repeats_it(shop: Shop) -> None:
    execution_id = shop.run()[2]["execution_id"]

    first, again = shop.stop(execution_id, Idempotency_Key="s"), shop.stop(execution_id, Idempotency_Key="s")

    assert first[::2] == again[::2] == (200, {"execution_id": execution_id, "status": "stopped"})
    assert again[1]["idempotency-replayed"] == "true"
    assert shop.stop(execution_id)[::2] == (400, {"error": "Execution is already in a terminal state: stopped."})
    assert workspaces.read(shop.table, shop.workspace.id).running == 0
    assert executions.read(shop.table, shop.workspace.id, execution_id).completed_at is not None


def test_an_unknown_route_is_404_in_the_envelope(shop: Shop) -> None:
    answer = send(shop.worker, list_executions.handler, "GET", "/v1/nothing", shop.key)

    assert (answer[0], answer[2]) == (404, {"error": "There is no such endpoint."})


def _refusals(kind: type[Refusal]) -> list[type[Refusal]]:
    return [kind, *(inner for sub in kind.__subclasses__() for inner in _refusals(sub))]


def test_every_refusal_is_mapped() -> None:
    for kind in _refusals(Refusal):
        if kind is not Refusal:
            assert any(base in answers.ANSWERS for base in kind.__mro__), kind
    assert set(answers.ANSWERS) <= {kind for kind in vars(facts).values() if isinstance(kind, type)}


def test_a_crash_is_a_500_that_tells_nothing_and_keeps_the_envelope(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("a detail")

    shop.list()
    monkeypatch.setattr(shop.table, "query", crash)

    status, headers, body = shop.list()

    assert (status, body) == (500, {"error": "Something went wrong on our side. Please try again later."})
    assert headers["x-request-id"]
    assert headers["ratelimit-limit"]


def test_a_step_shows_its_error_and_while_it_waits_for_another_attempt_which_and_when(shop: Shop) -> None:
    def begun(url: str) -> str:
        body = program(do(post(url)))
        asks = publish(shop.table, utc_now(), shop.workspace.id, name="A", description="", program=body)
        execution_id: str = shop.run(workflow=asks.id)[2]["execution_id"]
        run_slice(slices_of(shop.worker.stack, World(NOW)), shop.workspace.id, execution_id)
        return execution_id

    waiting, failed = begun("https://flaky/"), begun("https://fail/")

    [step] = shop.get(waiting, include_step_results="true")[2]["steps"]
    assert step == {
        "index": 0,
        "status": "running",
        "result": None,
        "error": "the answer was 503",
        "attempt": 2,
        "next_attempt_at": "2026-01-15T10:30:02+00:00",
    }
    body = shop.get(failed, include_step_results="true")[2]
    assert body["error"] == "Step 0 failed: body[0].expr: http.request: refused"
    assert body["steps"] == [
        {"index": 0, "status": "failed", "result": None, "error": "body[0].expr: http.request: refused"}
    ]
    shop.stop(waiting)
    assert shop.get(waiting, include_step_results="true")[2]["steps"] == [
        {"index": 0, "status": "stopped", "result": None}
    ]


def test_a_link_leads_from_the_address_that_was_asked_to_the_next_page_with_its_filters(shop: Shop) -> None:
    started = [shop.run()[2]["execution_id"] for _ in range(2)]

    _, headers, body = shop.list(limit="1", workflow_id=shop.workflow)
    link, _, relation = headers["link"].partition("; ")
    following = urljoin("https://proxy.example.com/some/stage/v1/executions?limit=1", link.strip("<>"))

    assert relation == 'rel="next"'
    parts = urlsplit(following)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://proxy.example.com/some/stage/v1/executions"
    following_page = shop.list(**dict(parse_qsl(parts.query)))
    assert [*body["executions"], *following_page[2]["executions"]] == shop.list(limit="2")[2]["executions"]
    assert [row["execution_id"] for row in following_page[2]["executions"]] == [started[0]]
    assert "link" not in following_page[1]


ENDPOINTS = {
    list_executions: (
        "GET",
        "/v1/executions",
        ["limit", "after", "workflow_id", "started_after", "started_before", "status", "include_errors"],
    ),
    list_workflows: ("GET", "/v1/workflows", ["limit", "after"]),
    list_reviews: ("GET", "/v1/reviews", ["limit", "after", "status"]),
    get_execution: ("GET", f"/v1/executions/{NOBODY}", ["include_step_results"]),
    get_history: ("GET", f"/v1/executions/{NOBODY}/history", ["limit", "after", "include_program"]),
    get_workspace: ("GET", "/v1/workspace", []),
    rerun_execution: ("POST", f"/v1/executions/{NOBODY}/rerun", []),
    stop_executions: (
        "POST",
        "/v1/executions/stop",
        ["status", "workflow_id", "started_after", "started_before", "dry_run"],
    ),
    get_review: ("GET", f"/v1/reviews/{NOBODY}", []),
    get_workflow: ("GET", f"/v1/workflows/{NOBODY}", []),
    run_workflow: ("POST", f"/v1/workflows/{NOBODY}/run-async", []),
    stop_execution: ("POST", f"/v1/executions/{NOBODY}/stop", []),
    decide_review: ("POST", f"/v1/reviews/{NOBODY}/decision", []),
}


@pytest.mark.parametrize("module", ENDPOINTS, ids=lambda module: module.__name__)
def test_a_query_parameter_that_an_endpoint_does_not_know_is_400_and_named(shop: Shop, module: Any) -> None:
    method, path, known = ENDPOINTS[module]
    takes = f"the known ones are {', '.join(known)}" if known else "this endpoint takes none"

    status, _, body = send(shop.worker, module.handler, method, path, shop.key, {"state": "failed"})

    assert (status, body) == (400, {"error": f"Unknown query parameter 'state': {takes}."})


def test_a_query_parameter_that_stands_twice_is_400(shop: Shop) -> None:
    asked = event("GET", "/v1/executions", shop.key, {"limit": "2"}, None, {})
    asked["multiValueQueryStringParameters"] = {"limit": ["1", "2"]}

    answer = list_executions.handler(asked, Context(), shop.worker)  # type: ignore[arg-type]

    assert json.loads(answer["body"]) == {"error": "The query parameter limit must not stand twice."}


def test_a_list_of_one_workflow_has_no_execution_of_another(shop: Shop) -> None:
    other = publish(shop.table, utc_now(), shop.workspace.id, name="Other", description="", program=program()).id
    ids = {workflow: shop.run(workflow=workflow)[2]["execution_id"] for workflow in (shop.workflow, other)}

    for workflow, execution_id in ids.items():
        [row] = shop.list(workflow_id=workflow)[2]["executions"]
        assert (row["execution_id"], row["workflow_id"]) == (execution_id, workflow)
    assert len(shop.list()[2]["executions"]) == 2
    assert shop.list(workflow_id=NOBODY)[2] == {"executions": []}


def test_a_stop_of_what_is_gone_by_then_is_404(shop: Shop, dynamodb: Any, at_commit: AtCommit) -> None:
    execution_id = shop.run()[2]["execution_id"]
    at = executions.key(shop.workspace.id, execution_id)
    gone = {name: {"S": value} for name, value in at._asdict().items()}
    at_commit(lambda: dynamodb.delete_item(TableName="table", Key=gone))

    assert shop.stop(execution_id)[0] == 404


def test_a_workflow_to_list_by_must_be_an_id(shop: Shop) -> None:
    status, _, body = shop.list(workflow_id="Welcome")

    assert (status, body) == (400, {"error": "workflow_id must be an id: 24 lower-case hex digits."})


def test_a_program_can_tell_errors_apart_by_their_code(worker: Worker) -> None:
    shop = Shop(worker)
    reader, _ = accounts.create_key(shop.table, utc_now(), shop.workspace, frozenset({Scope.READ_WORKFLOWS}))
    path = f"/v1/executions/{NOBODY}"

    missing = send(worker, get_execution.handler, "GET", path, shop.key)
    lacking = send(worker, get_execution.handler, "GET", path, reader)
    unknown = send(worker, get_execution.handler, "GET", path, "sk_live_x")

    assert missing[1]["error-code"] == "execution_not_found"
    assert lacking[1]["error-code"] == "scope_missing"
    assert lacking[1]["www-authenticate"] == (
        'Bearer realm="lodol", error="insufficient_scope", scope="executions:read"'
    )
    assert unknown[1]["error-code"] == "api_key_invalid"


@pytest.mark.parametrize("written", ["yes", "TRUE", ""])
def test_a_flag_is_true_or_false(shop: Shop, written: str) -> None:
    execution_id = shop.run()[2]["execution_id"]

    assert shop.get(execution_id, include_step_results="false")[2] == shop.get(execution_id)[2]
    assert shop.get(execution_id, include_step_results=written)[2] == {
        "error": "include_step_results must be true or false."
    }


def test_a_page_has_twenty_rows_where_nothing_else_is_said(shop: Shop) -> None:
    for number in range(20):
        publish(
            shop.table, utc_now(), shop.workspace.id, name=f"{number}", description="", program=program(do(literal(1)))
        )

    _, headers, body = send(shop.worker, list_workflows.handler, "GET", "/v1/workflows", shop.key)

    assert len(body["workflows"]) == 20
    assert "link" in headers


@pytest.mark.parametrize("text", ["\x84", "a\x00b", "ü", "a/b", "%2F", " "])
def test_an_id_of_strange_characters_is_one_that_does_not_exist(shop: Shop, text: str) -> None:
    asked = event("GET", f"/v1/executions/{text}", shop.key, None, None, {})
    asked |= {"resource": "/v1/executions/{execution_id}", "pathParameters": {"execution_id": text}}

    answer = get_execution.handler(asked, Context(), shop.worker)  # type: ignore[arg-type]

    assert (answer["statusCode"], json.loads(answer["body"])) == (404, {"error": "Execution not found"})


def test_another_route_is_none_of_an_endpoint(shop: Shop) -> None:
    asked = event("GET", "/v1/executions/\x84", shop.key, None, None, {})
    asked |= {"resource": "/v1/workflows/{workflow_id}", "pathParameters": {"workflow_id": "\x84"}}

    answer = get_execution.handler(asked, Context(), shop.worker)  # type: ignore[arg-type]

    assert json.loads(answer["body"]) == {"error": "There is no such endpoint."}
