"""The API's description on the real template: every answer conforms to it, and clients that are made from it work."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lodol
from scripts.local.deployment import Deployment
from tests.e2e.conftest import Team
from tests.support.documents import ROOT
from tests.support.programs import call, do, let, literal, plus, sleep, var

DESCRIPTION = ROOT / "docs" / "openapi.json"
TOOLS = Path(sys.executable).parent

# The gateway answers an unknown method as an unknown route. Whether a request that is right in its form is accepted
# depends on what is stored: on credits, on the state of an execution.
NOT_CHECKED = "unsupported_method,positive_data_acceptance"


def test_every_answer_conforms_to_the_description(team: Team, deployed: Deployment, tmp_path: Path) -> None:
    """Examples, the edges of every parameter, random requests, and sequences of requests that follow the links."""
    team.workflow(let("sum", plus(var("input"), literal(2))), sleep(1), name="Short")
    team.workflow(do(call("human.create", literal("Go?"))), sleep(600), name="Long")

    done = subprocess.run(
        [
            *(TOOLS / "schemathesis", "run", DESCRIPTION, "--url", deployed.api_url),
            *("-H", f"Authorization: Bearer {team.client.api_key}", "--exclude-checks", NOT_CHECKED),
            *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "3", "--workers", "4"),
            # A busy machine may need longer than the ten seconds that are usual to start a worker for each endpoint.
            *("--continue-on-failure", "--no-color", "--seed", "1", "--warnings", "off", "--request-timeout", "60"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    left = team.client.send("POST", "/v1/executions/stop?status=running")

    assert done.returncode == 0, done.stdout[-6000:]
    operations = sum(map(len, json.loads(DESCRIPTION.read_text())["paths"].values()))
    assert f"Selected: {operations}/{operations}" in done.stdout
    assert left.status == 200


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client that openapi-python-client makes from the description."""
    folder = tmp_path_factory.mktemp("generated") / "generated_client"
    subprocess.run(
        [TOOLS / "openapi-python-client", "generate", "--path", DESCRIPTION, "--output-path", folder, "--meta", "none"],
        check=True,
        capture_output=True,
    )
    specification = importlib.util.spec_from_file_location("generated_client", folder / "__init__.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["generated_client"] = module
    specification.loader.exec_module(module)
    return module


def test_a_generated_client_runs_polls_lists_stops_and_decides(
    generated: Any, team: Team, deployed: Deployment
) -> None:
    def ask(tag: str, operation: str, *args: object, **more: object) -> Any:
        module = importlib.import_module(f"generated_client.api.{tag}.{operation}")
        with generated.AuthenticatedClient(deployed.api_url, team.client.api_key) as client:
            return module.sync_detailed(*args, client=client, **more).parsed

    body = importlib.import_module("generated_client.models").RunWorkflowBody(input_=40)
    adds = team.workflow(let("sum", plus(var("input"), literal(2))), name="Adds")
    asks = team.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait")), sleep(600), name="Asks")

    started = ask("workflows", "run_workflow", adds, body=body, idempotency_key="k")
    assert team.client.until_ended(started.execution_id)["status"] == "success"
    polled = ask("executions", "get_execution", started.execution_id, include_step_results=True)
    assert [step.result for step in polled.steps] == [42]

    waiting = ask("workflows", "run_workflow", asks)
    with lodol.Client(deployed.api_url, team.client.api_key) as client:
        review = next(iter(_until_asked(client)))
        listed = ask("executions", "list_executions", limit=5)
        assert [row.execution_id for row in listed.executions] == [
            waiting.execution_id,
            started.execution_id,
        ]
        decision = importlib.import_module("generated_client.models").DecideReviewBody(decision="approved")
        assert ask("reviews", "decide_review", review, body=decision).decision == "approved"
        stopped = ask("executions", "stop_execution", waiting.execution_id)
        assert stopped.status == "stopped"
        refused = ask("executions", "stop_execution", waiting.execution_id)
        assert refused.error == "Execution is already in a terminal state: stopped."


def _until_asked(client: lodol.Client) -> list[str]:
    for _ in range(100):
        if found := [review.review_id for review in client.reviews(pending=True)]:
            return found
    raise AssertionError("nobody was asked")


def test_our_client_runs_waits_and_reads_what_happened(team: Team, deployed: Deployment) -> None:
    workflow_id = team.workflow(let("sum", plus(var("input"), literal(2))), sleep(1), name="Adds")
    fails = team.workflow(let("x", literal(1)), {"kind": "FailStmt", "message": literal("enough")}, name="Fails")
    with lodol.Client(deployed.api_url, team.client.api_key) as client:
        ended = client.run_and_wait(workflow_id, 40, timeout=30)
        failed = client.run_and_wait(fails, timeout=30)
        history = client.history(ended.execution_id, program=True)
        again = client.wait(client.rerun(failed.execution_id, from_step=1).execution_id, timeout=30)
        rows = list(client.executions(status=["failed"], page_size=1))

        assert (ended.status, failed.status, again.status) == ("success", "failed", "failed")
        assert [entry.type for entry in history.entries] == ["step", "step", "call"]
        assert [line.text for line in history.program] == ["sum = input + 2", "time.sleep(1)"]
        assert [row.execution_id for row in rows] == [again.execution_id, failed.execution_id]
        assert client.history(failed.execution_id).reruns == [again.execution_id]
        assert (client.workspace().credits, client.count_running()) == (1000 - 3, 0)
        with pytest.raises(lodol.errors.ExecutionAlreadyTerminal):
            client.stop(failed.execution_id)
