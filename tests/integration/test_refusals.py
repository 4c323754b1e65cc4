"""What operators and clients are refused, each with its sentence, and with nothing changed."""

from datetime import timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet
from domain.engine.slices import run_slice
from domain.entities import reviews, workflows, workspaces
from domain.entities.workflows import Workflow
from domain.entities.workspaces import Plan, Workspace
from domain.moments import utc_now
from domain.operations import accounts
from domain.operations.publishing import ProgramRejected
from domain.program.limits import VALUE_BYTES
from domain.refusals import InvalidRequest, WorkflowNotFound, WorkspaceNotFound
from handlers import decide_review, get_review, get_workflow, list_reviews, run_workflow
from handlers.worker import Worker
from tests.support.conformance import World, slices_of
from tests.support.given import NOW, PROGRAM
from tests.support.operations import grant, publish, run
from tests.support.programs import call, do, literal, program, sleep
from tests.support.requests import Context, event, send
from tests.support.shop import Shop

NOBODY = "0" * 24


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "  "}, "A workspace needs a name."),
        ({"credits": -1}, "credits must not be negative, and -1 is."),
        ({"requests_per_minute": 0}, "requests_per_minute must be at least 1, not 0."),
        ({"concurrent_executions": 0}, "concurrent_executions must be at least 1, not 0."),
    ],
)
def test_a_workspace_that_could_not_be_used_is_not_created(stack: Stack, given: Any, sentence: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        accounts.create_workspace(stack.table, NOW, **{"name": "Acme", "plan": Plan.PRO, **given})

    assert refused.value.sentence == sentence
    assert list(stack.table.scan()) == []


def test_the_least_that_a_workspace_may_have_is_enough(stack: Stack) -> None:
    made = accounts.create_workspace(
        stack.table, NOW, name=" A ", plan=Plan.PRO, credits=0, requests_per_minute=1, concurrent_executions=1
    )

    assert (made.name, made.credits, made.limits.requests_per_minute) == ("A", 0, 1)
    assert len(list(stack.table.scan())) == 1


@pytest.mark.parametrize(
    ("amount", "reason", "sentence"),
    [(0, "a gift", "A grant is at least 1 credit, not 0."), (1, "  ", "A grant needs a reason.")],
)
def test_a_grant_of_nothing_or_for_nothing_is_refused(
    stack: Stack, workspace: Workspace, amount: int, reason: str, sentence: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        grant(stack, NOW, workspace.id, amount, reason)

    assert refused.value.sentence == sentence
    assert workspaces.read(stack.table, workspace.id).credits == 3


def test_nobody_is_granted_anything(stack: Stack) -> None:
    with pytest.raises(WorkspaceNotFound):
        grant(stack, NOW, NOBODY, 1)

    assert list(stack.table.scan()) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": " "}, "name must have 1 to 200 characters."),
        ({"name": "n" * 201}, "name must have 1 to 200 characters."),
        ({"description": "d" * 2001}, "description must have at most 2000 characters."),
        ({"workflow_id": "x"}, "id must be 24 lower-case hex digits, not 'x'."),
        (
            {"program": {"kind": "Program", "body": [{"kind": "BreakStmt"}]}},
            "The program cannot be stored: body[0]: BreakStmt stands outside a loop",
        ),
    ],
)
def test_a_workflow_that_could_not_be_read_is_not_stored(
    stack: Stack, workspace: Workspace, given: Any, sentence: str
) -> None:
    whole = {"name": "One", "description": "", "program": PROGRAM, **given}

    with pytest.raises(InvalidRequest) as refused:
        publish(stack.table, NOW, workspace.id, **whole)

    assert refused.value.sentence == sentence
    assert isinstance(refused.value, ProgramRejected) == ("program" in given)
    assert workflows.list_page(stack.table, workspace.id, 10, None) == []


def test_the_longest_names_and_descriptions_are_stored(stack: Stack, workspace: Workspace) -> None:
    stored = publish(
        stack.table, NOW, workspace.id, name="n" * 200, description="d" * 2000, program=PROGRAM, workflow_id="a" * 24
    )

    assert workflows.read(stack.table, workspace.id, "a" * 24) == stored


def test_what_is_not_there_is_not_found(stack: Stack, workspace: Workspace) -> None:
    with pytest.raises(WorkflowNotFound):
        workflows.read(stack.table, workspace.id, NOBODY)
    with pytest.raises(WorkflowNotFound):
        workflows.read_program(stack.table, workspace.id, NOBODY, 1)
    with pytest.raises(WorkspaceNotFound):
        workspaces.read(stack.table, NOBODY)


@pytest.fixture
def shop(worker: Worker) -> Shop:
    return Shop(worker, Plan.ENTERPRISE)


@pytest.mark.parametrize("written", [NOBODY, "x", "A" * 24])
def test_an_id_of_nothing_is_404_on_every_path(shop: Shop, written: str) -> None:
    answers = [
        send(shop.worker, get_workflow.handler, "GET", f"/v1/workflows/{written}", shop.key),
        send(shop.worker, get_review.handler, "GET", f"/v1/reviews/{written}", shop.key),
        send(
            shop.worker,
            decide_review.handler,
            "POST",
            f"/v1/reviews/{written}/decision",
            shop.key,
            body='{"decision": "approved"}',
        ),
        shop.run(workflow=written),
        shop.get(written),
        shop.stop(written),
    ]

    assert [(status, body["error"]) for status, _, body in answers] == [
        (404, "Workflow not found"),
        (404, "Review not found"),
        (404, "Review not found"),
        (404, "Workflow not found"),
        (404, "Execution not found"),
        (404, "Execution not found"),
    ]


def test_a_list_of_reviews_refuses_another_status(shop: Shop) -> None:
    status, _, body = send(shop.worker, list_reviews.handler, "GET", "/v1/reviews", shop.key, {"status": "decided"})

    assert (status, body) == (400, {"error": "status must be pending, or left out."})


@pytest.mark.parametrize("body", ["[]", "null", '{"decision": 1}', "{}", '{"decision": "a", "more": 1}'])
def test_a_decision_without_its_body_is_told_what_it_must_be(shop: Shop, body: str) -> None:
    path = f"/v1/reviews/{NOBODY}/decision"
    status, _, answer = send(shop.worker, decide_review.handler, "POST", path, shop.key, body=body)

    assert (status, answer) == (
        400,
        {"error": 'The request body must be {"decision": "...", "comment": "..."}.'},
    )


def test_a_comment_has_a_limit(shop: Shop) -> None:
    path = f"/v1/reviews/{NOBODY}/decision"
    long, longest = ('{"decision": "a", "comment": "' + "c" * length + '"}' for length in (4001, 4000))

    assert send(shop.worker, decide_review.handler, "POST", path, shop.key, body=long)[::2] == (
        400,
        {"error": "comment must have at most 4000 characters."},
    )
    assert send(shop.worker, decide_review.handler, "POST", path, shop.key, body=longest)[0] == 404


def test_a_body_that_is_not_utf_8_is_told_so(shop: Shop) -> None:
    asked = event("POST", f"/v1/workflows/{shop.workflow}/run-async", shop.key, None, "/w==", {})

    answer = run_workflow.handler({**asked, "isBase64Encoded": True}, Context(), shop.worker)  # type: ignore[arg-type]

    assert (answer["statusCode"], answer["body"]) == (400, '{"error":"The request body must be UTF-8 text."}')


def test_a_body_in_base64_is_read(shop: Shop) -> None:
    asked = event("POST", f"/v1/workflows/{shop.workflow}/run-async", shop.key, None, "eyJpbnB1dCI6IDF9", {})

    answer = run_workflow.handler({**asked, "isBase64Encoded": True}, Context(), shop.worker)  # type: ignore[arg-type]

    assert answer["statusCode"] == 202


def test_of_two_workspaces_with_one_id_the_second_is_not_created(
    stack: Stack, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "new_id", lambda _: workspace.id)

    with pytest.raises(ConditionNotMet):
        accounts.create_workspace(stack.table, utc_now(), name="Other", plan=Plan.PRO)


def test_a_workspace_that_is_gone_by_then_runs_nothing_and_is_granted_nothing(
    stack: Stack, workspace: Workspace, workflow: Workflow, dynamodb: Any
) -> None:
    gone = {name: {"S": value} for name, value in workspaces.key(workspace.id)._asdict().items()}
    dynamodb.delete_item(TableName="table", Key=gone)

    with pytest.raises(WorkspaceNotFound):
        run(stack, NOW, workspace, workflow.id)
    with pytest.raises(WorkspaceNotFound):
        stack.table.commit(workspaces.add_credits(workspace.id, 5))
    assert stack.table.get(workspaces.key(workspace.id)) is None


@pytest.mark.parametrize("spare", [0, 1])
def test_a_body_may_be_as_large_as_a_value(shop: Shop, spare: int) -> None:
    around = '{"input": ""}'
    body = around[:-2] + "a" * (VALUE_BYTES - len(around) + spare) + around[-2:]

    status, _, answer = shop.run(body)

    assert status == (400 if spare else 202)
    if spare:
        assert answer == {"error": f"The request body must not be larger than {VALUE_BYTES} bytes."}


def test_pending_reviews_are_those_and_all_are_all(shop: Shop, stack: Stack) -> None:
    asks = program(*[do(call("human.create", literal("Go?"))), sleep(60)] * 2)
    workflow = publish(stack.table, utc_now(), shop.workspace.id, name="Asks", description="", program=asks).id
    execution_id = shop.run(workflow=workflow)[2]["execution_id"]
    world = World(utc_now())
    for _ in range(2):
        world.now += timedelta(seconds=61)
        run_slice(slices_of(stack, world), shop.workspace.id, execution_id)
    first, _ = reviews.of_execution(stack.table, execution_id)
    path = f"/v1/reviews/{first.id}/decision"
    send(shop.worker, decide_review.handler, "POST", path, shop.key, body='{"decision": "approved"}')

    def listed(**query: str) -> list[str]:
        found = send(shop.worker, list_reviews.handler, "GET", "/v1/reviews", shop.key, query or None)[2]["reviews"]
        return [review["status"] for review in found]

    assert (listed(), listed(status="pending")) == (["pending", "decided"], ["pending"])
