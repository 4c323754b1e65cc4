"""`lodol`: every command on a stack, what it prints, and how it refuses."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from cli.files import read_workflow, to_yaml
from cli.main import app
from domain.table import Table

SAMPLES = sorted((Path(__file__).parents[2] / "workflows").glob("*.yaml"))


@pytest.fixture(autouse=True)
def stack(table: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A CloudFormation stack whose outputs name the table."""
    outputs = {
        "TableName": {"Value": "table"},
        "StateMachineArn": {"Value": "arn:aws:states:us-east-1:1:stateMachine:x"},
    }
    queue = {"Queue": {"Type": "AWS::SQS::Queue"}}
    body = json.dumps({"Resources": queue, "Outputs": outputs})
    boto3.client("cloudformation").create_stack(StackName="acme", TemplateBody=body)
    monkeypatch.setenv("LODOL_STACK", "acme")
    monkeypatch.chdir(tmp_path)


def lodol(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == 1, done.output
    return done.stderr.strip() or done.stdout.strip()


@pytest.fixture
def workspace() -> str:
    return str(lodol("workspace", "create", "--name", "Acme", "--plan", "pro", "--credits", "5")["workspace_id"])


def test_a_workspace_is_created_shown_and_granted_credits(workspace: str) -> None:
    assert lodol("credits", "grant", workspace, "7", "--reason", "invoice 1") == {
        "workspace_id": workspace,
        "credits": 12,
    }

    shown = lodol("workspace", "show", workspace)
    assert (shown["credits"], shown["plan"], shown["concurrent_executions"], shown["running"]) == (12, "pro", 5, [])
    assert [entry["reason"] for entry in lodol("credits", "list", workspace)["credits"]] == [
        "granted at creation",
        "invoice 1",
    ]


def test_a_workspaces_own_limits_win() -> None:
    made = lodol(
        *("workspace", "create", "--name", "A", "--plan", "team"),
        *("--requests-per-minute", "99", "--concurrent-executions", "3"),
    )
    assert (made["requests_per_minute"], made["concurrent_executions"]) == (99, 3)


def test_a_key_is_shown_once_listed_and_revoked(workspace: str) -> None:
    made = lodol("key", "create", workspace, "--scope", "executions:read", "--expires-in-days", "3")
    assert made["key"].startswith("sk_live_")

    [listed] = lodol("key", "list", workspace)["keys"]
    assert "key" not in listed
    assert listed["prefix"] == made["key"][:14]

    lodol("key", "revoke", workspace, made["key_id"])
    assert lodol("key", "list", workspace) == {"keys": []}
    assert refused("key", "revoke", workspace, made["key_id"]) == "The workspace has no such API key."


def test_the_plans_key_limit_holds(workspace: str) -> None:
    for _ in range(3):
        lodol("key", "create", workspace, "--scope", "executions:read")

    said = refused("key", "create", workspace, "--scope", "executions:read")

    assert said == "The plan of this workspace allows 3 API keys, and it has them."


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_workflow_is_put_and_its_yaml_puts_the_same_version(workspace: str, sample: Path, tmp_path: Path) -> None:
    stored = lodol("workflow", "put", workspace, str(sample))
    assert stored["version"] == 1

    written = CliRunner().invoke(app, ["workflow", "show", workspace, stored["workflow_id"], "--yaml"])
    copy = tmp_path / "copy.yaml"
    copy.write_text(written.stdout)

    assert lodol("workflow", "put", workspace, str(copy))["version"] == 1
    assert read_workflow(copy) == read_workflow(sample)
    assert [row["workflow_id"] for row in lodol("workflow", "list", workspace)["workflows"]] == [stored["workflow_id"]]


def test_everything_that_is_wrong_with_a_program_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: Bad\nprogram: {kind: Program, body: [{kind: BreakStmt}, {kind: ExprStmt}]}\n")

    done = CliRunner().invoke(app, ["workflow", "check", str(file)])

    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "body[1]: the field expr is missing",
        "body[0]: BreakStmt stands outside a loop",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "expected"),
        ("a: 1\na: 2", 'the key "a" stands twice'),
        ("a: &x [1]\nb: *x", "aliases are not supported"),
        ("name: A\nprogram: {}\nextra: 1", "extra"),
        ("program: {}", "name"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)

    assert says in refused("workflow", "check", str(file))


@pytest.mark.parametrize(
    "value",
    [{"a": "yes", "b": "2026-01-15", "c": "1", "d": "", "e": "null", "f": "~"}, [2**70, 0.1, 1e300, -0.5, True, None]],
)
def test_yaml_gives_back_exactly_what_it_was_given(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "copy.yaml"
    file.write_text(to_yaml({"name": "x", "program": value}))

    assert read_workflow(file).program == value


def test_an_unknown_stack_or_workspace_is_one_sentence() -> None:
    assert refused("workspace", "show", "0" * 24) == "There is no such workspace."
    said = refused("workspace", "show", "0" * 24, "--stack", "nope")
    assert said == "There is no stack named nope in this account and region."
