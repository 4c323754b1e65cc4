"""A customer leaves: everything of theirs is handed over, and then deleted until nothing is found."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import Item, Write
from domain.engine.slices import run_slice
from domain.entities import deliveries, request_windows, reviews, webhooks, workspaces
from domain.entities.api_keys import Scope, hash_of
from domain.entities.webhooks import Webhook
from domain.entities.workspaces import Plan
from domain.ids import new_id
from domain.moments import to_text, utc_now
from domain.operations import accounts, departures
from domain.operations.access import Authenticator
from domain.refusals import ApiKeyInvalid
from lodol.cli import exporting
from lodol.cli.main import app
from tests.support.commands import deploy, lodol, refused
from tests.support.conformance import World, slices_of
from tests.support.operations import grant, publish, run, started
from tests.support.programs import call, do, let, literal, program, sleep


@pytest.fixture(autouse=True)
def deployed(table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deploy(machine, monkeypatch, tmp_path)


@pytest.fixture
def theirs(stack: Stack) -> tuple[str, list[str]]:
    """A workspace with something of each kind, and texts that nobody may see."""
    table, now = stack.table, utc_now()
    workspace = accounts.create_workspace(table, now, name="Acme", plan=Plan.ENTERPRISE, credits=99)
    key, _ = accounts.create_key(table, now, workspace, frozenset(Scope))
    Authenticator(table).authenticate(f"Bearer {key}", now)
    grant(stack, now, workspace.id, 1, key="g")
    body = (do(call("human.create", literal("Go?"))), do(call("log.info", literal("hi"))), do(call("human.wait")))
    asking = publish(table, now, workspace.id, name="Asks", description="", program=program(*body)).id
    ending = publish(table, now, workspace.id, name="Ends", description="", program=program(let("x", literal(1)))).id
    sleeping = publish(table, now, workspace.id, name="Sleeps", description="", program=program(sleep(3600))).id
    world = World(now)
    for workflow_id in (asking, ending, ending, sleeping):
        execution_id = started(stack, now, workspace, workflow_id, {"n": 1})
        run_slice(slices_of(stack, world), workspace.id, execution_id)
        if workflow_id == asking:
            table.commit(reviews.keep_token(execution_id, 1, "a-task-token"))
    run(stack, now, workspace, ending, key="r")
    # What others may add one day: kinds that nobody here has heard of.
    own = f"WS#{workspace.id}"
    hidden = "secret"
    oddity = {"url": "https://a/", f"{hidden}s": ["whsec_1"], "at": {hidden: "s-2"}, "all": [{hidden: "s-3"}, "seen"]}
    oddity |= {"token_of": "s-4", "api_keys_1": ["s-5"], "replaced_keys": ["s-6"]}
    table.commit(Write.put(Key(own, "ODDITY#1"), oddity))
    table.commit(Write.put(Key(f"{own}#ODDITY#1", "PART#2"), {"status": 200}))
    for number in range(2):
        webhook = Webhook(new_id(now), workspace.id, f"https://a/{number}", "", (), (), to_text(now))
        table.commit(*webhooks.create(webhook))
        for delivered in range(2):
            of = (f"event-{delivered}", "execution.failed", now, "{}")
            table.commit(deliveries.create(deliveries.new(webhook.id, workspace.id, of, now)))
    return workspace.id, ["a-task-token", "whsec_1", *(f"s-{number}" for number in range(2, 7)), key, hash_of(key)]


@pytest.fixture
def others(stack: Stack) -> str:
    table, now = stack.table, utc_now()
    workspace = accounts.create_workspace(table, now, name="Other", plan=Plan.ENTERPRISE, credits=99)
    accounts.create_key(table, now, workspace, frozenset(Scope))
    workflow_id = publish(
        table, now, workspace.id, name="Ends", description="", program=program(let("x", literal(1)))
    ).id
    run_slice(slices_of(stack, World(now)), workspace.id, started(stack, now, workspace, workflow_id, {"n": 1}))
    return workspace.id


def lines(folder: Path) -> Iterator[tuple[str, Any]]:
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            yield file.stem, json.loads(line)


def of(table: Table, workspace_id: str) -> list[Item]:
    """Everything of a workspace, found by following its ids: also what a scan of the product would have to find."""
    items = list(table.scan())
    runs = {item["id"] for item in items if item["pk"] == f"WS#{workspace_id}" and item["sk"].startswith("EXECUTION#")}
    return [
        item
        for item in items
        if workspace_id in item["pk"]
        or item.get("workspace_id") == workspace_id
        or item["pk"].removeprefix("EXECUTION#") in runs
    ]


def test_an_export_has_every_item_once_by_its_kind_and_no_secret(
    stack: Stack, theirs: tuple[str, list[str]], others: str, tmp_path: Path
) -> None:
    workspace_id, secrets = theirs
    folder = tmp_path / "theirs"

    shown = lodol("workspace", "export", workspace_id, str(folder))

    found = list(lines(folder))
    exported = [(line.get("pk", ""), line["sk"]) for _, line in found]
    expected = [
        ("" if item["sk"] == "KEY" else item["pk"], item["sk"])
        for item in of(stack.table, workspace_id)
        if item["pk"] == f"WS#{workspace_id}"
        or item["pk"].startswith(("EXECUTION#", f"WS#{workspace_id}#WEBHOOK#"))
        or item["sk"] == "KEY"
    ]
    assert sorted(exported) == sorted(expected)
    assert all(line["sk"].partition("#")[0].lower() == kind for kind, line in found)
    assert {kind for kind, _ in found} >= {
        "workspace",
        "credit",
        "execution",
        "step",
        "call",
        "review",
        "webhook",
        "delivery",
        "oddity",
        "task",
    }
    assert sum(number for name, number in shown.items() if isinstance(number, int)) == len(found)
    text = "".join(file.read_text() for file in folder.iterdir())
    assert [secret for secret in secrets if secret in text] == []
    assert others not in text
    assert '"seen"' in text


def test_what_is_handed_over_goes_on_behind_each_of_its_positions(stack: Stack, theirs: tuple[str, list[str]]) -> None:
    workspace = workspaces.read(stack.table, theirs[0])
    for _ in range(2):
        accounts.create_key(stack.table, utc_now(), workspace, frozenset(Scope))
    everything = list(departures.walk(stack.table, workspace.id))

    assert len({at.pk for at, _ in everything}) > 6
    for number, (at, _) in enumerate(everything, 1):
        assert list(departures.walk(stack.table, workspace.id, at)) == everything[number:]


@pytest.mark.parametrize("every", [1, 3, 7])
def test_an_export_that_was_killed_goes_on_to_the_same_bytes(
    theirs: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    workspace_id, _ = theirs
    lodol("workspace", "export", workspace_id, str(tmp_path / "whole"))
    monkeypatch.setattr(exporting, "_ITEMS_BETWEEN_STATES", every)
    write, written = exporting.Export._write_line, [0]

    def dies(export: exporting.Export, item: Item) -> None:
        written[0] += 1
        if written[0] % 11 == 0:
            raise KeyboardInterrupt
        write(export, item)

    monkeypatch.setattr(exporting.Export, "_write_line", dies)
    for _ in range(99):
        done = CliRunner().invoke(app, ["workspace", "export", workspace_id, str(tmp_path / "parts")])
        if done.exit_code == 0:
            break
    assert done.exit_code == 0
    assert written[0] > 22

    for file in (tmp_path / "whole").glob("*.jsonl"):
        assert (tmp_path / "parts" / file.name).read_bytes() == file.read_bytes(), file.name
    assert len(list((tmp_path / "parts").iterdir())) == len(list((tmp_path / "whole").iterdir()))


def test_an_export_takes_no_folder_that_is_in_use(theirs: tuple[str, list[str]], others: str, tmp_path: Path) -> None:
    workspace_id, _ = theirs
    used, done = tmp_path / "used", tmp_path / "done"
    used.mkdir()
    (used / "mine.txt").write_text("keep me")
    lodol("workspace", "export", workspace_id, str(done))

    assert "is not empty" in refused("workspace", "export", workspace_id, str(used))
    assert "another workspace" in refused("workspace", "export", others, str(done))
    assert "has a complete export" in refused("workspace", "export", workspace_id, str(done))
    assert "Workspace not found" in refused("workspace", "export", "0" * 24, str(tmp_path / "none"))


@pytest.fixture(autouse=True)
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many seconds the commands would have slept."""
    slept: list[float] = []
    monkeypatch.setattr("lodol.cli.workspace.time.sleep", slept.append)
    return slept


def test_a_worker_that_remembers_a_key_refuses_it_until_it_has_forgotten_it(
    stack: Stack, theirs: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id, _ = theirs
    workspace = workspaces.read(stack.table, workspace_id)
    bearer = f"Bearer {accounts.create_key(stack.table, utc_now(), workspace, frozenset(Scope))[0]}"
    remembering, begun, slept = Authenticator(stack.table), utc_now(), [0.0]
    remembering.authenticate(bearer, begun)

    def request_meanwhile(seconds: float) -> None:
        slept[0] = seconds
        for at in (utc_now(), request_windows.minute_of(utc_now()) + timedelta(seconds=59)):
            with pytest.raises(ApiKeyInvalid):
                remembering.authenticate(bearer, at)

    monkeypatch.setattr("lodol.cli.workspace.time.sleep", request_meanwhile)
    lodol("workspace", "delete", workspace_id, "--yes")

    woken = utc_now() + timedelta(seconds=slept[0])
    assert request_windows.minute_of(woken) > request_windows.minute_of(begun)
    with pytest.raises(ApiKeyInvalid):
        remembering.authenticate(bearer, woken)
    assert of(stack.table, workspace_id) == []


def test_a_key_is_forgotten_two_seconds_after_the_minute_in_which_it_is_revoked() -> None:
    revoked = datetime.fromisoformat("2026-01-15T10:30:59.5+00:00")

    assert departures.forgotten_at(revoked) == datetime.fromisoformat("2026-01-15T10:31:02+00:00")


def test_a_deletion_leaves_nothing_of_one_and_all_of_the_others(
    stack: Stack, theirs: tuple[str, list[str]], others: str
) -> None:
    workspace_id, _ = theirs
    kept, gone = of(stack.table, others), of(stack.table, workspace_id)

    running = {item["id"] for item in gone if item.get("status") == "running" and "open_shard" in item}
    shown = lodol("workspace", "delete", workspace_id, "--yes")

    assert of(stack.table, others) == kept
    assert {(item["pk"], item["sk"]) for item in stack.table.scan()} == {(item["pk"], item["sk"]) for item in kept}
    assert (shown["stopped"], shown["keys_revoked"], shown["left"]) == (3, 1, 0)
    assert shown["deleted"] >= len(gone) - 2  # the key and what counts requests
    assert running
    assert not running & stack.state_machine.list_running().keys()
    assert refused("workspace", "show", workspace_id) == "Workspace not found"


@pytest.mark.parametrize("part", ["before", "after"])
def test_a_deletion_that_is_killed_at_any_step_is_run_again_to_the_same_end(
    stack: Stack, theirs: tuple[str, list[str]], others: str, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    workspace_id, _ = theirs
    kept = of(stack.table, others)
    delete, deletions = Table.delete, [0]
    runs = 0
    for at in range(1, 40):
        deletions[0] = 0
        stops_at = at

        def dies_later(table: Table, keys: Any, stops_at: int = stops_at) -> int:
            deletions[0] += 1
            if deletions[0] == stops_at and part == "before":
                raise KeyboardInterrupt
            done = delete(table, keys)
            if deletions[0] == stops_at and part == "after":
                raise KeyboardInterrupt
            return done

        monkeypatch.setattr(Table, "delete", dies_later)
        done = CliRunner().invoke(app, ["workspace", "delete", workspace_id, "--yes", "--json"])
        runs += 1
        if done.exit_code in {0, 1}:
            break
        if workspaces.key(workspace_id) in stack.table.get_many(workspaces.key(workspace_id)):
            assert "being deleted" in refused("workspace", "resume", workspace_id)
    assert runs > 5
    assert {(item["pk"], item["sk"]) for item in stack.table.scan()} == {(item["pk"], item["sk"]) for item in kept}


def test_what_is_written_behind_the_deletion_is_found_by_a_scan(
    stack: Stack, theirs: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id, _ = theirs
    [run_id, *_] = [item["id"] for item in of(stack.table, workspace_id) if item["sk"].startswith("EXECUTION#")]
    late = [
        (Key(f"EXECUTION#{run_id}", "TASK"), {}),
        (Key(f"WS#{workspace_id}#WINDOW#2026-01-01T00:00", "WINDOW"), {}),
        (Key("SOMEWHERE#1", "ELSE"), {"workspace_id": workspace_id}),
    ]
    scan_pages, scans = Table.scan_pages, [0]

    def late_writes(table: Table, after: Key | None = None) -> Any:
        scans[0] += 1
        if scans[0] <= 3:
            table.commit(Write.put(*late[scans[0] - 1]))
        return scan_pages(table, after)

    monkeypatch.setattr(Table, "scan_pages", late_writes)
    shown = lodol("workspace", "delete", workspace_id, "--yes")

    # Without anything late one scan is enough.
    assert (scans[0], shown["left"]) == (4, 0)
    assert stack.table.get_many(*(at for at, _ in late)) == {}


def test_one_scan_is_enough_where_nothing_writes_any_more_and_the_workspace_itself_goes_last(
    stack: Stack, theirs: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id, _ = theirs
    beside = [item for item in of(stack.table, workspace_id) if item["pk"].startswith(f"WS#{workspace_id}#")]
    # What was delivered to webhooks is found by the first scan.
    stack.table.delete([Key(item["pk"], item["sk"]) for item in beside if "#WINDOW" not in item["pk"]])
    assert [item for item in of(stack.table, workspace_id) if "#WINDOW" in item["pk"]]
    scan_pages, delete, scans, deleted = Table.scan_pages, Table.delete, [0], list[list[Key]]()

    def counted(table: Table, after: Key | None = None) -> Any:
        scans[0] += 1
        return scan_pages(table, after)

    def noted(table: Table, keys: Any) -> int:
        deleted.append(list(keys))
        return delete(table, deleted[-1])

    monkeypatch.setattr(Table, "scan_pages", counted)
    monkeypatch.setattr(Table, "delete", noted)
    lodol("workspace", "delete", workspace_id, "--yes")

    assert scans == [1]
    itself = workspaces.key(workspace_id)
    assert [itself in some for some in deleted].index(True) == len(deleted) - 1
    assert deleted[-1] == [itself]


def test_ids_are_found_among_many_and_what_is_no_id_is_none_of_them() -> None:
    ids = departures.Ids()
    for number in (1, 5, 9):
        ids.add(f"{number:024x}")

    assert [f"{number:024x}" in ids for number in (0, 1, 4, 5, 9, 10)] == [False, True, False, True, True, False]
    assert "no id" not in ids
    assert [ids[at] for at in range(len(ids))] == [bytes.fromhex(f"{number:024x}") for number in (1, 5, 9)]
    with pytest.raises(IndexError):
        ids[len(ids)]


def test_what_never_ends_to_be_written_is_told_and_nothing_else_is_lost(
    stack: Stack, theirs: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id, _ = theirs
    scan_pages = Table.scan_pages

    def writes_on(table: Table, after: Key | None = None) -> Any:
        table.commit(Write.put(Key(f"WS#{workspace_id}#X", "X"), {}))
        return scan_pages(table, after)

    monkeypatch.setattr(Table, "scan_pages", writes_on)
    assert "Something still writes" in refused("workspace", "delete", workspace_id, "--yes")
    monkeypatch.undo()
    assert stack.table.get(workspaces.key(workspace_id)) is not None


def test_a_deletion_asks_and_is_not_done_where_nobody_can_answer(
    stack: Stack, theirs: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_id, _ = theirs
    before = list(stack.table.scan())

    assert "say --yes" in refused("workspace", "delete", workspace_id)
    monkeypatch.setattr("lodol.cli.workspace.is_interactive", lambda: True)
    assert CliRunner().invoke(app, ["workspace", "delete", workspace_id], input="n\n").exit_code != 0
    assert list(stack.table.scan()) == before
    assert CliRunner().invoke(app, ["workspace", "delete", workspace_id], input="y\n").exit_code == 0
    assert of(stack.table, workspace_id) == []


def test_suspending_with_stop_stops_what_runs(stack: Stack, theirs: tuple[str, list[str]]) -> None:
    workspace_id, _ = theirs

    assert lodol("workspace", "suspend", workspace_id)["suspended_at"] is not None
    assert lodol("workspace", "show", workspace_id)["running"] == 3
    shown = lodol("workspace", "suspend", workspace_id, "--stop")
    assert (shown["stopped"], shown["running"]) == (3, 0)
    assert lodol("workspace", "show", workspace_id)["running"] == 0
    assert lodol("workspace", "resume", workspace_id)["suspended_at"] is None
