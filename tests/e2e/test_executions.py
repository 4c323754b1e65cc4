"""Executions on the real template: from the gateway to the last step, under concurrency, stops and kills."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.entities import executions
from domain.moments import to_text, utc_now
from scripts.local.client import Response
from scripts.local.deployment import Deployment, session
from tests.e2e.conftest import Team, Teams, eventually
from tests.support.programs import call, do, for_each, let, literal, plus, post, sleep, var
from tests.support.site import Said, Site

ROUNDS = 20
CLIENTS = 8

LIMITS = Path(__file__).parents[1] / "conformance" / "limits.json"
"""Programs that run away."""


RUN_STEPS = "lodol-test-run-steps"


def test_a_run_goes_from_the_gateway_to_success_in_three_transitions(team: Team, deployed: Deployment) -> None:
    workflow_id = team.workflow(let("sum", plus(var("input"), literal(2))), do(call("string.of", var("sum"))))

    admitted = team.client.run(workflow_id, 40)
    ended = team.client.until_ended(admitted.json()["execution_id"])

    assert admitted.status == 202
    assert list(admitted.json()) == ["execution_id", "workflow_id", "status", "created_at"]
    assert list(ended) == ["execution_id", "workflow_id", "status", "started_at", "completed_at", "steps", "error"]
    assert ended["status"] == "success"
    assert ended["steps"] == [
        {"index": 0, "status": "completed", "result": 42},
        {"index": 1, "status": "completed", "result": "42"},
    ]
    assert team.transitions(deployed.state_machine_arn, ended["execution_id"]) == ["RunSteps", "ChooseNext", "Done"]
    assert (team.credits, team.running) == (999, frozenset())


def test_eight_runs_with_one_key_are_one_execution_every_round(team: Team) -> None:
    workflow_id = team.workflow(let("x", literal(1)))
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(ROUNDS):
            key = f"round-{number}"

            def run(_: int, key: str = key) -> Response:
                answer = team.client.run(workflow_id, Idempotency_Key=key)
                while answer.status == 409:
                    time.sleep(0.2)
                    answer = team.client.run(workflow_id, Idempotency_Key=key)
                return answer

            answers = list(pool.map(run, range(CLIENTS)))
            assert [answer.status for answer in answers] == [202] * CLIENTS
            assert len({answer.body for answer in answers}) == 1
            assert sum("idempotency-replayed" not in answer.headers for answer in answers) <= 1
    assert team.credits == 1000 - ROUNDS
    assert len(team.executions()) == ROUNDS


def test_eight_runs_with_five_credits_are_five_executions_every_round(teams: Teams) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        for _ in range(ROUNDS):
            team = teams.make(credits=5)
            workflow_id = team.workflow(let("x", literal(1)))

            def run(number: int, team: Team = team, workflow_id: str = workflow_id) -> int:
                answer = team.client.run(workflow_id, Idempotency_Key=f"key-{number}")
                while answer.status == 409:
                    time.sleep(0.2)
                    answer = team.client.run(workflow_id, Idempotency_Key=f"key-{number}")
                return answer.status

            statuses = list(pool.map(run, range(CLIENTS)))
            assert sorted(statuses) == [202] * 5 + [402] * 3
            assert team.credits == 0
            assert len(team.executions()) == 5
            # The next round starts when these have ended: a worker for each would be more than this machine can start.
            team.until_quiet()


def test_a_stop_while_it_sleeps_ends_it_at_once(team: Team, site: Site) -> None:
    execution_id = team.client.run(team.workflow(sleep(14), do(post(f"{site.url}/after-sleep")))).json()["execution_id"]
    eventually(lambda: [step["status"] for step in team.client.execution(execution_id)["steps"]] == ["running"])

    stopped = team.client.send("POST", f"/v1/executions/{execution_id}/stop")

    assert (stopped.status, stopped.json()) == (200, {"execution_id": execution_id, "status": "stopped"})
    time.sleep(15)
    found = team.client.execution(execution_id)
    assert found["status"] == "stopped"
    assert found["steps"] == [{"index": 0, "status": "stopped", "result": None}]
    assert site.paths("/after-sleep") == []
    assert team.running == frozenset()


def test_a_stop_while_its_http_call_hangs_lets_no_step_begin(team: Team, site: Site) -> None:
    workflow_id = team.workflow(do(post(f"{site.url}/hang/stop")), do(post(f"{site.url}/after-hang")))
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: site.paths("/hang/stop"))

    assert team.client.send("POST", f"/v1/executions/{execution_id}/stop").status == 200
    site.release.set()
    time.sleep(3)

    assert site.paths("/after-hang") == []
    assert [step["status"] for step in team.client.execution(execution_id)["steps"]] == ["stopped"]


def test_a_stop_right_after_the_run_and_a_stop_after_the_end(team: Team, site: Site) -> None:
    workflow_id = team.workflow(sleep(10), do(post(f"{site.url}/never")))
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    assert team.client.send("POST", f"/v1/executions/{execution_id}/stop").status == 200
    again = team.client.send("POST", f"/v1/executions/{execution_id}/stop")
    assert (again.status, again.json()) == (400, {"error": "Execution is already in a terminal state: stopped."})

    ended = team.client.run(team.workflow(let("x", literal(1)))).json()["execution_id"]
    team.client.until_ended(ended)
    late = team.client.send("POST", f"/v1/executions/{ended}/stop")
    assert (late.status, late.json()) == (400, {"error": "Execution is already in a terminal state: success."})
    time.sleep(11)
    assert site.paths("/never") == []


def test_a_worker_killed_between_two_effects_of_a_step_repeats_none(
    team: Team, site: Site, deployed: Deployment
) -> None:
    site.release.clear()
    both = [post(f"{site.url}/first"), post(f"{site.url}/hang/second")]
    workflow_id = team.workflow(let("both", {"kind": "ArrayExpr", "elements": both}))
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: site.paths("/hang/second"))

    deployed.cloud.kill(RUN_STEPS)
    site.release.set()
    ended = team.client.until_ended(execution_id)

    assert (ended["status"], ended["error"]) == ("success", None)
    assert len(site.paths("/first")) == 1
    repeats = {request.idempotency_key for request in site.seen if request.path == "/hang/second"}
    assert repeats == {f"{execution_id}:0:2"}


def test_a_loop_killed_in_its_second_round_calls_once_a_round(team: Team, site: Site, deployed: Deployment) -> None:
    url = {"kind": "TemplateExpr", "parts": [f"{site.url}/loop/", var("round")]}
    workflow_id = team.workflow(for_each("round", literal([1, 2, 3]), do(post(url)), sleep(2)))
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: site.paths("/loop/2"))

    deployed.cloud.kill(RUN_STEPS)
    ended = team.client.until_ended(execution_id)

    assert (ended["status"], ended["error"]) == ("success", None)
    seen = {request.path: set[str]() for request in site.seen if request.path.startswith("/loop/")}
    for request in site.seen:
        if request.path in seen:
            seen[request.path].add(request.idempotency_key)
    # Killed after the answer and before its journal entry, an effect may repeat, but only under its own key.
    assert seen == {f"/loop/{number}": {f"{execution_id}:0:{2 * number - 1}"} for number in (1, 2, 3)}
    assert [len(site.paths(f"/loop/{number}")) for number in (1, 3)] == [1, 1]


def test_an_execution_outlives_its_step_functions_executions(team: Team, site: Site, deployed: Deployment) -> None:
    """Ended by hand, three times, in a loop of calls and sleeps: each time it goes on from its journal."""
    rounds = [f"{site.url}/outlives/{number}" for number in range(12)]
    loop = for_each("url", literal(rounds), do(call("http.request", literal("POST"), var("url"))), sleep(1))
    execution_id = team.client.run(team.workflow(loop)).json()["execution_id"]

    for generation in (1, 2, 3):
        arn = deployed.state_machine_arn.replace(":stateMachine:", ":execution:") + f":{execution_id}"
        name = arn if generation == 1 else f"{arn}-{generation}"
        asked = len(site.paths("/outlives"))
        eventually(lambda asked=asked: len(site.paths("/outlives")) > asked)  # type: ignore[misc]
        team.stepfunctions.stop_execution(executionArn=name)
        assert team.client.execution(execution_id)["status"] == "running"
        eventually(
            lambda generation=generation: team.item(execution_id)["generation"]["number"] == generation + 1,  # type: ignore[misc]
            within=150,
        )

    assert team.client.until_ended(execution_id)["status"] == "success"
    # An effect whose worker was ended while it waited for the answer is made again, under its own key.
    keys = {seen.path: seen.idempotency_key for seen in site.seen if seen.path.startswith("/outlives")}
    assert len(set(keys.values())) == len(keys) == len(rounds)
    assert {seen.idempotency_key for seen in site.seen if seen.path in keys} == set(keys.values())
    assert team.credits == 999


def run_steps_workers(deployed: Deployment) -> set[int]:
    return {pid for pid, function in deployed.cloud.workers().items() if function == RUN_STEPS}


def test_runaways_end_by_their_limit_and_leave_their_worker_to_the_next(team: Team, deployed: Deployment) -> None:
    team.ended(let("x", literal(1)))
    before = run_steps_workers(deployed)

    for case in [case for case in json.loads(LIMITS.read_text()) if "error" in case]:
        ended = team.ended(*case["program"]["body"])
        assert (ended["status"], ended["error"]) == ("failed", case["error"])

    assert team.ended(let("x", literal(1)))["status"] == "success"
    assert before <= run_steps_workers(deployed)


def test_pages_neither_repeat_nor_skip_while_others_start(team: Team) -> None:
    first, second = team.workflow(let("x", literal(1))), team.workflow(let("x", literal(2)))

    def start(number: int) -> Response:
        # As many at once as this machine can run: what is looked at here is the list.
        eventually(lambda: len(team.running) < CLIENTS, within=120)
        return team.client.run((first, second)[number % 2])

    with ThreadPoolExecutor(2) as pool:
        started = [answer.json() for answer in pool.map(start, range(100))]
        background = [pool.submit(start, 0) for _ in range(20)]
        everything = _pages(team, "/v1/executions?limit=3")
        of_second = _pages(team, f"/v1/executions?limit=3&workflow_id={second}")
        assert all(run.result().status == 202 for run in background)

    ids = {run["execution_id"] for run in started}
    assert len(everything) == len(set(everything))
    assert ids <= set(everything)
    assert everything == sorted(everything, reverse=True)
    assert sorted(of_second) == sorted(run["execution_id"] for run in started if run["workflow_id"] == second)


def _pages(team: Team, path: str) -> list[str]:
    found: list[str] = []
    following = path
    while True:
        answer = team.client.send("GET", following)
        found += [row["execution_id"] for row in answer.json()["executions"]]
        if "link" not in answer.headers:
            return found
        following = f"{path}&after={found[-1]}"
        assert f"after={found[-1]}" in answer.headers["link"]


def test_a_failing_call_is_tried_again_by_the_state_machine_and_says_so_meanwhile(team: Team, site: Site) -> None:
    site.answers["/flaky"] = [Said(503, {"Retry-After": "2"}), Said()]
    execution_id = team.client.run(team.workflow(do(post(f"{site.url}/flaky")))).json()["execution_id"]
    eventually(lambda: "attempt" in (team.client.execution(execution_id)["steps"] or [{}])[0])

    waiting = team.client.execution(execution_id)["steps"][0]
    ended = team.client.until_ended(execution_id)

    assert list(waiting) == ["index", "status", "result", "error", "attempt", "next_attempt_at"]
    assert (waiting["status"], waiting["attempt"], waiting["error"]) == ("running", 2, "the answer was 503")
    assert ended["steps"][0]["result"]["status"] == 200
    assert len({request.idempotency_key for request in site.seen if request.path == "/flaky"}) == 1


@pytest.mark.parametrize("answer", ["approved", "rejected"])
def test_a_review_is_decided_while_the_execution_waits(team: Team, answer: str) -> None:
    workflow_id = team.workflow(
        let("id", call("human.create", literal({"question": "Go?"}))),
        let("all", call("human.wait")),
        let("result", call("human.result", var("id"))),
    )
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: team.client.send("GET", "/v1/reviews?status=pending").json()["reviews"])
    review = team.client.send("GET", "/v1/reviews?status=pending").json()["reviews"][0]
    time.sleep(1)

    path = f"/v1/reviews/{review['review_id']}/decision"
    decided = team.client.send("POST", path, {"decision": answer}, Idempotency_Key="once")
    repeated = team.client.send("POST", path, {"decision": answer}, Idempotency_Key="once")
    refused = team.client.send("POST", path, {"decision": answer})
    ended = team.client.until_ended(execution_id)

    assert decided.status == 200
    assert (repeated.body, repeated.headers["idempotency-replayed"]) == (decided.body, "true")
    assert (refused.status, refused.json()) == (400, {"error": f"Review is already decided: {answer}."})
    assert ended["steps"][2]["result"]["decision"] == answer
    assert team.client.send("GET", "/v1/reviews?status=pending").json() == {"reviews": []}


def test_a_review_without_an_answer_takes_its_default(team: Team, deployed: Deployment) -> None:
    config = {"decisions": ["yes", "no"], "timeoutSeconds": 2, "defaultDecision": "no"}
    workflow_id = team.workflow(
        let("id", call("human.create", literal("Go?"), literal(None), literal(None), literal(config))),
        let("all", call("human.wait")),
    )
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: len(team.client.execution(execution_id)["steps"]) == 2)
    time.sleep(3)

    # The local cloud does not end a task at its TimeoutSecondsPath; reconciliation wakes what is due as well, a minute
    # after its time, which need not be waited for here.
    state = executions.read_state(team.table, team.workspace.id, execution_id)
    team.table.commit(executions.postpone(state, to_text(utc_now())))
    invoke_reconcile(deployed)
    ended = team.client.until_ended(execution_id)

    assert ended["steps"][1]["result"][0]["decision"] == "no"


def test_a_review_of_a_stopped_execution_cannot_be_decided(team: Team) -> None:
    workflow_id = team.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait")))
    execution_id = team.client.run(workflow_id).json()["execution_id"]
    eventually(lambda: team.client.send("GET", "/v1/reviews?status=pending").json()["reviews"])
    review_id = team.client.send("GET", "/v1/reviews").json()["reviews"][0]["review_id"]

    assert team.client.send("POST", f"/v1/executions/{execution_id}/stop").status == 200
    late = team.client.send("POST", f"/v1/reviews/{review_id}/decision", {"decision": "approved"})

    assert late.status == 400
    assert late.json() == {"error": "The execution of this review is already in a terminal state: stopped."}
    assert team.client.send("GET", "/v1/reviews?status=pending").json() == {"reviews": []}


def invoke_reconcile(deployed: Deployment) -> None:
    client = session().client("lambda", endpoint_url=deployed.cloud.endpoint_url)
    answer = client.invoke(FunctionName="lodol-test-reconcile", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_no_key_reaches_the_one_log_of_all_functions_or_the_state_machine(team: Team, deployed: Deployment) -> None:
    execution_id = team.client.run(team.workflow(do(call("log.info", literal("seen in the log"))))).json()[
        "execution_id"
    ]
    team.client.until_ended(execution_id)

    arn = f"{deployed.state_machine_arn.replace(':stateMachine:', ':execution:')}:{execution_id}"
    described = team.stepfunctions.describe_execution(executionArn=arn)
    logs = session().client("logs", endpoint_url=deployed.cloud.endpoint_url)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]

    def logged() -> list[str]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/lodol-test")
        return [event["message"] for page in pages for event in page["events"]]

    # The local cloud reads what a worker has written a little later.
    eventually(lambda: any("seen in the log" in line for line in logged()))
    lines = logged()
    [seen] = [json.loads(line) for line in lines if "seen in the log" in line]
    assert groups == ["/aws/lambda/lodol-test"]
    assert set(json.loads(described["input"])) == {"workspace_id", "execution_id", "generation"}
    assert (seen["function_name"], seen["execution_id"]) == ("lodol-test-run-steps", execution_id)
    assert not any("sk_live_" in line for line in lines)
