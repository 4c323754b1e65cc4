"""`lodol`: every command on a stack, what it prints, and how it refuses."""

import json
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import Write
from domain.entities import executions, ledger, receipts, workspaces
from domain.entities.executions import End, Status
from domain.entities.receipts import Owner
from domain.entities.workspaces import Plan, Workspace
from domain.moments import to_text, utc_now
from domain.operations import accounts, outcomes
from domain.operations.access import Authenticator
from domain.operations.audits import audit_credits, examine, list_stuck
from domain.refusals import Unavailable
from lodol.cli import documents
from lodol.cli.documents import to_yaml
from lodol.cli.files import read_workflow
from lodol.cli.main import app
from lodol.client import Client
from tests.support.commands import deploy, lodol, refused
from tests.support.given import PROGRAM
from tests.support.operations import end, grant, publish, started
from tests.support.samples import SAMPLES, TREE


@pytest.fixture(autouse=True)
def deployed(table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deploy(machine, monkeypatch, tmp_path)


@pytest.fixture
def workspace() -> str:
    return str(lodol("workspace", "create", "--name", "Acme", "--plan", "pro", "--credits", "5")["workspace_id"])


FINDINGS = ("overdue_executions", "leaked_slots", "receipts_without_executions", "unknown_to_us")


def _run(stack: Stack, workspace_id: str, now: datetime) -> str:
    """Admit an execution of a workflow of the workspace; it is started if the machine can be reached."""
    workflow = publish(
        stack.table, now, workspace_id, name="One", description="", program=PROGRAM, workflow_id="a" * 24
    )
    return started(stack, now, workspaces.read(stack.table, workspace_id), workflow.id)


def test_a_workspace_is_created_shown_and_granted_credits(workspace: str) -> None:
    granted = lodol("credits", "grant", workspace, "7", "--reason", "invoice 1")
    assert {**granted, "grant_id": ""} == {"grant_id": "", "workspace_id": workspace, "amount": 7, "credits": 12}

    shown = lodol("workspace", "show", workspace)
    assert (shown["credits"], shown["plan"], shown["concurrent_executions"], shown["running"]) == (12, "pro", 5, 0)
    assert [entry["reason"] for entry in lodol("credits", "list", workspace)["credits"]] == [
        "granted at creation",
        "invoice 1",
    ]


def test_a_grant_repeated_under_its_key_is_made_once(workspace: str) -> None:
    grant = ("credits", "grant", workspace, "7", "--reason", "invoice 1", "--key", "invoice-1")

    assert lodol(*grant) == lodol(*grant)

    assert lodol("workspace", "show", workspace)["credits"] == 12
    assert refused("credits", "grant", workspace, "8", "--reason", "invoice 1", "--key", "invoice-1").startswith(
        "This Idempotency-Key was used for a different request, which belongs to grant "
    )


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
    assert refused("key", "revoke", workspace, made["key_id"]) == "API key not found"


def test_a_key_is_rotated_and_the_new_one_is_shown_once(workspace: str) -> None:
    made = lodol("key", "create", workspace, "--scope", "executions:read")

    before, rotated, after = utc_now(), lodol("key", "rotate", workspace, made["prefix"]), utc_now()

    ends = datetime.fromisoformat(rotated["replaced_until"])
    assert before.replace(microsecond=0) <= ends - timedelta(hours=24) <= after
    assert rotated["replaces"] == made["key_id"]
    assert rotated["key"].startswith("sk_live_")
    assert rotated["key"] != made["key"]
    listed = {row["key_id"]: row for row in lodol("key", "list", workspace)["keys"]}
    assert all("key" not in row for row in listed.values())
    assert listed[made["key_id"]]["replaced_by"] == rotated["key_id"]
    assert listed[rotated["key_id"]]["scopes"] == ["executions:read"]
    assert "has been rotated already" in refused("key", "rotate", workspace, made["key_id"])
    assert refused("key", "rotate", workspace, "0" * 24) == "API key not found"


def test_an_overlap_is_written_as_any_duration(workspace: str) -> None:
    made = lodol("key", "create", workspace, "--scope", "executions:read")

    for wrong, sentence in (("soon", "must be a duration, as 30m"), ("9" * 20 + "w", "is too long")):
        done = CliRunner().invoke(app, ["key", "rotate", workspace, made["key_id"], "--overlap", wrong])
        assert done.exit_code == 2
        assert sentence in done.stderr
    said = refused("key", "rotate", workspace, made["key_id"], "--overlap", "30s")
    assert said == "overlap must be from 1 minute to 30 days."
    before = utc_now()
    rotated = lodol("key", "rotate", workspace, made["key_id"], "--overlap", "1h30m")
    ends = datetime.fromisoformat(rotated["replaced_until"])
    assert timedelta(minutes=-1) < ends - before - timedelta(minutes=90) < timedelta(minutes=1)


def test_a_list_of_keys_tells_when_each_was_last_used(stack: Stack, workspace: str) -> None:
    made = lodol("key", "create", workspace, "--scope", "executions:read")
    assert lodol("key", "list", workspace)["keys"][0]["last_used_at"] is None

    now = utc_now()
    Authenticator(stack.table).authenticate(f"Bearer {made['key']}", now)

    assert lodol("key", "list", workspace)["keys"][0]["last_used_at"] == to_text(now)


def test_the_plans_key_limit_holds(workspace: str) -> None:
    for _ in range(3):
        lodol("key", "create", workspace, "--scope", "executions:read")

    said = refused("key", "create", workspace, "--scope", "executions:read")

    assert said == "Your plan allows 3 API keys."


def test_an_audit_recomputes_the_balance(stack: Stack, workspace: str) -> None:
    execution_id = _run(stack, workspace, utc_now())
    outcomes.record_broken(stack.table, utc_now(), executions.read_state(stack.table, workspace, execution_id))
    for _ in range(2):
        _run(stack, workspace, utc_now())

    assert lodol("credits", "audit", workspace) == {
        "workspace_id": workspace,
        "granted": 5,
        "charged": 3,
        "refunded": 1,
        "balance": 3,
        "running": 2,
        "slots_taken": 2,
        "differences": [],
    }


def test_an_audit_names_every_difference(stack: Stack, workspace: str) -> None:
    running, ended, broken = (_run(stack, workspace, utc_now()) for _ in range(3))
    now = utc_now()
    end(stack.table, workspace, ended, End(Status.SUCCESS, now))
    end(stack.table, workspace, broken, End(Status.FAILED, now, outcomes.PLATFORM_FAILED))
    stack.table.commit(workspaces.refund(workspace), ledger.refund(workspace, running, now))
    stack.table.commit(Write.update(workspaces.key(workspace), "ADD credits :two", values={":two": 2}))

    done = CliRunner().invoke(app, ["credits", "audit", workspace, "--json"])

    assert done.exit_code == 1
    assert json.loads(done.stdout)["differences"] == [
        "the balance is 5, and ledger and executions make it 3",
        f"execution {running} was refunded and is not owed it",
        f"execution {broken} is owed a refund",
        "2 slots are taken, and 1 executions are running",
    ]


def test_a_balance_of_nothing_is_no_difference(stack: Stack, workspace: str) -> None:
    for _ in range(5):
        _run(stack, workspace, utc_now())

    audit = audit_credits(stack.table, utc_now(), workspace)

    assert (audit.balance, audit.differences) == (0, ())


@pytest.mark.parametrize(("changes", "readings"), [(0, 1), (1, 2), (3, 4), (99, 5)])
def test_a_workspace_at_work_is_audited_again_a_few_times(
    stack: Stack, workspace: str, monkeypatch: pytest.MonkeyPatch, changes: int, readings: int
) -> None:
    read, seen = workspaces.read, [0]

    def at_work(table: Table, workspace_id: str) -> Workspace:
        seen[0] += 1
        return replace(read(table, workspace_id), credits=min(seen[0], changes + 1))

    audits_made: list[str] = []
    list_page = executions.list_page
    monkeypatch.setattr(workspaces, "read", at_work)
    monkeypatch.setattr(
        executions,
        "list_page",
        lambda *args: audits_made.append("") or list_page(*args),  # type: ignore[func-returns-value]
    )

    audit_credits(stack.table, utc_now(), workspace)

    assert len(audits_made) == readings


def test_an_audit_names_a_balance_below_zero(stack: Stack, workspace: str) -> None:
    stack.table.commit(Write.update(workspaces.key(workspace), "ADD credits :less", values={":less": -6}))

    assert audit_credits(stack.table, utc_now(), workspace).differences == (
        "the balance is -1, and ledger and executions make it 5",
        "the balance is below zero",
    )


def test_the_doctor_finds_nothing_where_all_is_well(stack: Stack, workspace: str) -> None:
    _run(stack, workspace, utc_now() - timedelta(minutes=5))
    _run(stack, workspace, utc_now())

    assert lodol("doctor") == {name: [] for name in FINDINGS} | {
        "dead_letters": 0,
        "event_dead_letters": 0,
        "not_live": [],
    }


def test_the_doctor_counts_slots_workspace_by_workspace(stack: Stack) -> None:
    clean, leaking, lacking = (
        accounts.create_workspace(stack.table, utc_now(), name=name, plan=Plan.PRO, credits=5).id for name in "abc"
    )
    for workspace_id in (clean, leaking, lacking):
        execution_id = _run(stack, workspace_id, utc_now())
        if workspace_id == leaking:
            end(stack.table, workspace_id, execution_id, End(Status.SUCCESS, utc_now()))
        if workspace_id == lacking:
            stack.table.commit(workspaces.free_slot(workspace_id))

    assert examine(stack, utc_now()).leaked_slots == tuple(sorted([leaking, lacking]))


def test_the_doctor_looks_again_at_what_has_changed_while_it_read(
    stack: Stack, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = _run(stack, workspace, utc_now())
    shown = list(stack.table.scan())
    end(stack.table, workspace, execution_id, End(Status.SUCCESS, utc_now()))
    stack.table.commit(workspaces.free_slot(workspace))
    stale = [{**item, "slots_taken": 3} if item["sk"] == "WORKSPACE" else item for item in shown]
    monkeypatch.setattr(stack.table, "scan", lambda: iter(stale))

    found = examine(stack, utc_now() + timedelta(hours=1))

    assert (found.leaked_slots, found.overdue_executions) == ((), ())


def test_the_doctor_knows_receipts_of_grants_and_expired_ones(stack: Stack, workspace: str) -> None:
    grant(stack, utc_now(), workspace, 1, key="g")
    at = receipts.key(workspace, "run", "old")
    long_ago = utc_now() - timedelta(days=2)
    stack.table.commit(receipts.write(at, "asked", Owner("execution", "2" * 24), "{}", long_ago))

    assert examine(stack, utc_now()).receipts_without_executions == ()


def test_the_doctor_leaves_what_is_not_due_yet_to_reconciliation(
    unreachable: Stack, stack: Stack, workspace: str
) -> None:
    execution_id = _run(unreachable, workspace, utc_now() - timedelta(minutes=3))

    assert examine(stack, utc_now()).overdue_executions == ()
    assert examine(stack, utc_now() + timedelta(minutes=2)).overdue_executions == (execution_id,)


def test_the_doctor_names_everything_that_is_wrong(stack: Stack, unreachable: Stack, workspace: str) -> None:
    overdue = _run(unreachable, workspace, utc_now() - timedelta(minutes=5))
    ended = _run(stack, workspace, utc_now())
    end(stack.table, workspace, ended, End(Status.SUCCESS, utc_now()))
    unknown, lost = "1" * 24, "2" * 24
    stack.state_machine.start(workspace, unknown, 2)
    at = receipts.key(workspace, "run", "k")
    stack.table.commit(receipts.write(at, "asked", Owner("execution", lost), "{}", utc_now()))
    sqs = boto3.client("sqs")
    for url in sqs.list_queues()["QueueUrls"]:
        sqs.send_message(QueueUrl=url, MessageBody="a letter")

    done = CliRunner().invoke(app, ["doctor", "--json"])

    assert done.exit_code == 1
    assert json.loads(done.stdout) == dict(zip(FINDINGS, ([overdue], [workspace], [lost], [unknown]), strict=True)) | {
        "dead_letters": 1,
        "event_dead_letters": 1,
        "not_live": [],
    }


def test_what_is_stuck_is_listed_longest_first_with_why_and_ids_for_the_next_command(
    stack: Stack, unreachable: Stack, workspace: str
) -> None:
    now = utc_now()
    lost = _run(unreachable, workspace, now - timedelta(hours=3))
    broken = _run(stack, workspace, now - timedelta(hours=2))
    stack.state_machine.try_stop(broken, 1)
    at_work = _run(stack, workspace, now - timedelta(hours=1))
    waiting = _run(stack, workspace, now - timedelta(minutes=30))
    at = executions.key(workspace, waiting)
    wait = {":wait": {"kind": "decisions"}}
    stack.table.commit(Write.update(at, "SET #wait = :wait", values=wait, names={"#wait": "wait"}))
    _run(stack, workspace, now - timedelta(minutes=3))

    rows = lodol("executions", "stuck")["executions"]

    whys = {
        lost: "Generation 1 was recorded, and Step Functions knows nothing of it.",
        broken: "Step Functions has ended generation 1, and no other was begun.",
        at_work: "Step 0 is under way, and nothing of it was recorded since.",
        waiting: "It waits for people, whose time is over.",
    }
    assert [(row["execution_id"], row["why"]) for row in rows] == list(whys.items())
    # It is due a minute after it was admitted.
    assert rows[0]["overdue_seconds"] == pytest.approx(3 * 3600 - 60, abs=30)
    assert {row["workspace_id"] for row in rows} == {workspace}
    ids = CliRunner().invoke(app, ["executions", "stuck", "--ids"]).stdout
    assert ids.splitlines() == list(whys)
    assert examine(stack, now).overdue_executions == tuple(sorted([lost, broken]))


def test_what_is_stuck_says_that_its_wait_is_over_how_much_was_fruitless_and_that_nobody_answers(
    stack: Stack, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    execution_id = _run(stack, workspace, now - timedelta(hours=1))
    at = executions.key(workspace, execution_id)
    stored = {":wait": {"kind": "time", "until": to_text(now - timedelta(minutes=50))}, ":generation": {"fruitless": 2}}
    names = {"#wait": "wait"}
    stack.table.commit(Write.update(at, "SET #wait = :wait, generation = :generation", values=stored, names=names))

    [stuck] = list_stuck(stack, now)
    assert stuck.why == "Its wait is over, and it did not go on. 2 generations before came no further."
    # What Step Functions has begun since it was asked what runs is not overdue.
    monkeypatch.setattr(StateMachine, "list_running", lambda _: {})
    looked: list[int] = []
    assert examine(stack, now, looked.append).overdue_executions == ()
    assert looked == [1]

    def no_answer(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(StateMachine, "describe", no_answer)
    [stuck] = list_stuck(stack, now)
    assert stuck.why.startswith("Step Functions did not answer.")


def test_where_nothing_is_stuck_it_is_not_said_that_nothing_runs(stack: Stack, workspace: str) -> None:
    _run(stack, workspace, utc_now())

    assert CliRunner().invoke(app, ["executions", "stuck"]).stderr == "No execution is overdue.\n"


def test_what_ends_while_it_is_looked_at_is_not_stuck(
    stack: Stack, workspace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = _run(stack, workspace, utc_now() - timedelta(hours=1))
    shown = list(executions.list_due(stack.table, utc_now()))
    end(stack.table, workspace, execution_id, End(Status.SUCCESS, utc_now()))
    monkeypatch.setattr(executions, "list_due", lambda *_: iter(shown))

    assert list(list_stuck(stack, utc_now())) == []


@pytest.mark.parametrize("file", [*SAMPLES, TREE], ids=lambda path: path.name)
def test_a_workflow_is_put_and_what_is_shown_of_it_puts_the_same_version(
    workspace: str, file: Path, tmp_path: Path
) -> None:
    stored = lodol("workflow", "put", workspace, str(file))
    assert (stored["version"], stored["workflow_id"]) == (1, read_workflow(file).id)

    def shown(form: str) -> Path:
        copy = tmp_path / ("copy.py" if form == "--python" else "copy.yaml")
        copy.write_text(CliRunner().invoke(app, ["workflow", "show", workspace, stored["workflow_id"], form]).stdout)
        return copy

    same = shown("--yaml" if file == TREE else "--python")
    assert lodol("workflow", "put", workspace, str(same))["change"] == "unchanged"
    assert read_workflow(shown("--yaml")) == replace(read_workflow(file), source=None)
    assert [row["workflow_id"] for row in lodol("workflow", "list", workspace)["workflows"]] == [stored["workflow_id"]]


def test_a_workflow_that_was_stored_as_a_tree_goes_on_as_python(workspace: str) -> None:
    [sample] = [path for path in SAMPLES if path.stem == TREE.stem]

    first, second = (lodol("workflow", "put", workspace, str(file)) for file in (TREE, sample))

    assert first["workflow_id"] == second["workflow_id"] == read_workflow(sample).id
    assert (second["change"], second["version"]) == ("new version", 2)
    assert "workflows/trees" in lodol("workflow", "show", workspace, second["workflow_id"])["source"]


def test_everything_that_is_wrong_with_a_program_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: Bad\nprogram: {kind: Program, body: [{kind: BreakStmt}, {kind: ExprStmt}]}\n")

    done = CliRunner().invoke(app, ["workflow", "check", str(file)])

    assert done.exit_code == 1
    line = "    program: {kind: Program, body: [{kind: BreakStmt}, {kind: ExprStmt}]}"
    assert done.stdout.splitlines() == [
        f"{file}:2:33: BreakStmt stands outside a loop",
        line,
        f"    {' ' * 32}^",
        f"{file}:2:52: the field expr is missing",
        line,
        f"    {' ' * 51}^",
    ]


def test_several_files_are_checked_and_their_findings_are_objects(workspace: str, tmp_path: Path) -> None:
    bad, worse = tmp_path / "bad.yaml", tmp_path / "worse.json"
    bad.write_text("name: Bad\nprogram: {kind: Program, body: [{kind: BreakStmt}]}\n")
    worse.write_text('{"name": "Worse",\n\t"progam": 1}')

    done = CliRunner().invoke(app, ["workflow", "check", str(bad), str(SAMPLES[0]), str(worse), "--json"])

    assert done.exit_code == 1
    said = {"message": "BreakStmt stands outside a loop", "severity": "error"}
    [first, *others] = json.loads(done.stdout)["findings"]
    assert first == {"file": str(bad), "line": 2, "column": 33, "path": "body[0]", **said}
    assert [(one["file"], one["line"], one["column"], one["message"]) for one in others] == [
        (str(worse), 1, 1, "the field program is missing"),
        (str(worse), 2, 2, "unknown field progam; did you mean program?"),
    ]
    refusal = CliRunner().invoke(app, ["workflow", "put", workspace, str(bad), "--json"])
    assert refusal.exit_code == 1
    assert json.loads(refusal.stderr)["findings"] == [first]
    assert lodol("workflow", "list", workspace)["workflows"] == []


def test_a_workflow_in_python_is_checked_put_and_printed(workspace: str, tmp_path: Path) -> None:
    file = tmp_path / "adds.py"
    head = "from lodol.workflow import Input, workflow\n\n\n@workflow(name='Adds')\ndef adds(input: Input) -> float:\n"
    file.write_text(f"{head}    unused = 1\n    return input.a + input.b\n")

    [warning] = lodol("workflow", "check", str(file))["findings"]
    assert (warning["line"], warning["column"], warning["severity"]) == (6, 5, "warning")
    stored = lodol("workflow", "put", workspace, str(file))
    assert (stored["name"], stored["version"]) == ("Adds", 1)
    printed = CliRunner().invoke(app, ["workflow", "show", workspace, stored["workflow_id"], "--python"]).stdout
    assert printed == file.read_text()
    assert lodol("workflow", "put", workspace, str(file))["change"] == "unchanged"
    file.write_text(printed.replace("    return", "    # Adds both.\n    return"))
    assert lodol("workflow", "put", workspace, str(file))["change"] == "new version"
    shown = lodol("workflow", "show", workspace, stored["workflow_id"])
    assert (shown["source"], shown["version"]) == (file.read_text(), 2)
    tree = tmp_path / "adds.yaml"
    yaml = CliRunner().invoke(app, ["workflow", "show", workspace, stored["workflow_id"], "--yaml"]).stdout
    tree.write_text(yaml)
    assert lodol("workflow", "put", workspace, str(tree))["change"] == "new version"
    printed = CliRunner().invoke(app, ["workflow", "show", workspace, stored["workflow_id"], "--python"]).stdout
    assert "return input.a + input.b" in printed
    assert "Adds both" not in printed


def test_a_source_is_printed_to_the_byte_where_no_terminal_reads_it(workspace: str, tmp_path: Path) -> None:
    file = tmp_path / "crlf.py"
    lines = [
        "from lodol.workflow import workflow",
        "",
        '@workflow(name="CR")',
        "def cr() -> str:",
        '    return "ä"',
        "",
    ]
    file.write_bytes("\r\n".join(lines).encode())
    stored = lodol("workflow", "put", workspace, str(file))

    printed = CliRunner().invoke(app, ["workflow", "show", workspace, stored["workflow_id"], "--python"])

    assert printed.stdout_bytes == file.read_bytes()


def test_a_workflow_in_python_that_cannot_run_is_told_with_its_lines(workspace: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        "from lodol.workflow import Input, workflow\n\n\n@workflow(name='A')\ndef a(input: Input):\n    import os\n"
    )

    checked = CliRunner().invoke(app, ["workflow", "check", str(file)])
    assert checked.exit_code == 1
    assert checked.stdout.startswith(f"{file}:6:5: ")
    assert checked.stdout.splitlines()[1:] == ["        import os", "        ^"]
    assert refused("workflow", "put", workspace, str(file)).startswith(f"{file}:6:5: ")
    assert lodol("workflow", "list", workspace)["workflows"] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: [", "1:8: it is not YAML: expected the node content, but found '<stream end>'"),
        ("a: 1\na: 2", '2:1: the key "a" stands twice'),
        ("a: &x [1]\nb: *x", "2:4: aliases are not supported"),
        ("a: 1\n5: 2", "2:1: the key 5 is not a string"),
        ("name: !!binary aGk=", "1:7: the tag !!binary makes nothing that JSON has"),
        ("name: !!int many", "1:7: it is no int, as its tag says"),
        ("name: A\nprogram: \x01", "2:10: it is not YAML: the character U+0001 cannot stand in it"),
    ],
)
def test_a_file_that_is_no_document_says_where(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)

    done = CliRunner().invoke(app, ["workflow", "check", str(file)])

    assert done.exit_code == 1
    assert done.stdout.splitlines()[0] == f"{file}:{says}"


@pytest.mark.parametrize(
    "value",
    [{"a": "yes", "b": "2026-01-15", "c": "1", "d": "", "e": "null", "f": "~"}, [2**70, 0.1, 1e300, -0.5, True, None]],
)
def test_yaml_gives_back_exactly_what_it_was_given(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "copy.yaml"
    file.write_text(to_yaml({"name": "x", "program": value}))

    assert documents.read(file.read_text(), is_json=False).value == {"name": "x", "program": value}


def test_an_unknown_stack_or_workspace_is_one_sentence() -> None:
    assert refused("workspace", "show", "0" * 24) == "Workspace not found"
    assert refused("credits", "grant", "0" * 24, "1", "--reason", "none") == "Workspace not found"
    assert refused("credits", "audit", "0" * 24) == "Workspace not found"
    said = refused("workspace", "show", "0" * 24, "--stack", "nope")
    assert said == "There is no stack named nope in this account and region."


def test_a_stack_in_no_region_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.delenv("AWS_REGION", raising=False)
    said = refused("workspace", "list")
    assert said == "In which region is the stack acme? Say it, as: export AWS_DEFAULT_REGION=eu-central-1"


def test_a_local_stack_that_does_not_run_says_how_to_start_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens on port 1: neither the API there nor AWS answers, and nobody waits for either."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    given = {**(Client.__init__.__kwdefaults__ or {}), "sleep": lambda _: None}
    monkeypatch.setattr(Client.__init__, "__kwdefaults__", given)
    monkeypatch.delenv("LODOL_STACK")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    url = "http://127.0.0.1:1/api"
    # pragma: allowlist nextline secret
    local = {"api_url": url, "api_key": "sk_live_x", "stack_name": "lodol-local", "region": "us-east-1"}
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(json.dumps({**local, "endpoint_url": "http://127.0.0.1:1"}))

    assert refused("doctor") == "The local stack does not run at http://127.0.0.1:1; start it: make up"
    said = refused("executions", "list")
    assert said.startswith(f"The API cannot be reached at {url}: ")
    assert said.endswith(". The local stack does not run; start it: make up")

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # as for `sam deploy` onto it
    assert refused("doctor") == "The local stack does not run at http://127.0.0.1:1; start it: make up"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    assert refused("doctor") == (
        "Which stack? AWS_ENDPOINT_URL is http://127.0.0.1:2, and the local stack is at http://127.0.0.1:1: "
        "name one by --stack or LODOL_STACK, or unset AWS_ENDPOINT_URL"
    )


def test_a_workspace_is_changed_and_listed(workspace: str) -> None:
    other = lodol("workspace", "create", "--name", "Other", "--plan", "team")["workspace_id"]

    changed = lodol(
        *("workspace", "update", workspace, "--name", " Acme 2 ", "--plan", "enterprise"),
        *("--requests-per-minute", "7", "--concurrent-executions", "9"),
    )
    assert (changed["name"], changed["plan"], changed["credits"]) == ("Acme 2", "enterprise", 5)
    assert (changed["requests_per_minute"], changed["concurrent_executions"]) == (7, 9)
    back = lodol("workspace", "update", workspace, "--requests-per-minute", "0")
    assert (back["requests_per_minute"], back["concurrent_executions"]) == (600, 9)
    assert [one["workspace_id"] for one in lodol("workspace", "list")["workspaces"]] == sorted([workspace, other])
    assert lodol("workspace", "show", workspace) == back


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "There is nothing to change."),
        (("--name", " "), "A workspace needs a name."),
        (("--requests-per-minute", "-1"), "--requests-per-minute must be at least 1, or 0 for the plan's, not -1."),
    ],
)
def test_a_change_that_is_none_is_refused(workspace: str, arguments: tuple[str, ...], said: str) -> None:
    before = lodol("workspace", "show", workspace)
    assert refused("workspace", "update", workspace, *arguments) == said
    assert lodol("workspace", "show", workspace) == before


def test_a_workspace_that_does_not_exist_is_neither_changed_nor_made() -> None:
    assert refused("workspace", "update", "0" * 24, "--name", "A") == "Workspace not found"
    assert lodol("workspace", "list") == {"workspaces": []}


@pytest.mark.parametrize("amount", ["-3", "0"])
def test_a_grant_of_less_than_one_is_refused_with_a_sentence(workspace: str, amount: str) -> None:
    sentence = f"A grant is at least 1 credit, not {amount}."
    assert refused("credits", "grant", workspace, amount, "--reason", "x") == sentence


def test_the_ledger_names_the_execution_of_a_refund(workspace: str, stack: Stack) -> None:
    execution_id = _run(stack, workspace, utc_now())
    outcomes.record_broken(stack.table, utc_now(), executions.read_state(stack.table, workspace, execution_id))

    entries = lodol("credits", "list", workspace)["credits"]
    assert [entry["execution_id"] for entry in entries] == [None, execution_id]


def test_the_doctor_says_when_all_is_well(workspace: str) -> None:
    done = CliRunner().invoke(app, ["doctor"])
    assert (done.exit_code, done.stdout) == (0, "All is well.\n")


def test_a_workflow_put_says_what_it_did_and_is_archived_and_restored(workspace: str) -> None:
    file = Path("a.yaml")
    file.write_text(to_yaml({"name": "A", "program": PROGRAM}))

    first, again = (lodol("workflow", "put", workspace, str(file)) for _ in range(2))
    assert (first["change"], again["change"]) == ("created", "unchanged")
    assert first["workflow_id"] == again["workflow_id"]
    assert lodol("workflow", "archive", workspace, first["workflow_id"])["archived_at"]
    assert lodol("workflow", "list", workspace)["workflows"][0]["archived_at"]
    assert lodol("workflow", "restore", workspace, first["workflow_id"])["archived_at"] is None
    assert refused("workflow", "list", "0" * 24) == "Workspace not found"
    assert lodol("workflow", "archive", workspace, "A")["workflow_id"] == first["workflow_id"]
    assert lodol("workflow", "show", workspace, "A")["name"] == "A"
    assert lodol("workflow", "restore", workspace, "A")["archived_at"] is None
    assert refused("workflow", "archive", workspace, "B") == f"There is no workflow named 'B' in workspace {workspace}."


def test_there_is_nothing_to_take_back_in_a_stack_that_was_deployed_once() -> None:
    assert refused("rollback") == "No function has a version of other code before the one that was deployed last."


def test_a_restore_asks_for_a_moment_that_has_been() -> None:
    done = CliRunner().invoke(app, ["restore", "table", "yesterday"])
    assert (done.exit_code, "MOMENT must be a moment in" in done.output) == (2, True)
    assert refused("restore", "executions", "--before", "2999-01-01T00:00:00Z") == (
        "That moment is to come: whatever is right by now would be begun again."
    )


def test_what_runs_goes_on_from_what_the_table_knows(stack: Stack, workspace: str) -> None:
    ours = _run(stack, workspace, utc_now())
    unknown = "1" * 24
    stack.state_machine.start(workspace, unknown, 1)

    shown = lodol("restore", "executions", "--dry-run")
    assert (shown["continued"], shown["strays_stopped"], shown["to_audit"]) == (1, [unknown], [])
    # What a restore has begun, it does not begin once more: the moment is to the second.
    while to_text(utc_now()) == shown["before"]:
        time.sleep(0.05)
    done = lodol("restore", "executions", "--before", to_text(utc_now()))

    assert {**done, "before": ""} == {**shown, "before": "", "dry_run": False}
    assert executions.read_state(stack.table, workspace, ours).generation.number == 2
    again = lodol("restore", "executions", "--before", done["before"])
    assert (again["continued"], again["left"], again["strays_stopped"]) == (0, 1, [])
