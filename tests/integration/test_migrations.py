"""Migrations: a table of the release before gets the present shape, whatever is killed or happens meanwhile."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from domain.aws import keys
from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.aws.writes import SHAPE, Item, Write
from domain.engine.slices import run_slice
from domain.entities import executions, ledger, shapes, workspaces
from domain.entities.executions import Retention
from domain.entities.shapes import Progress
from domain.entities.workspaces import Plan
from domain.ids import second_of
from domain.moments import epoch_seconds, utc_now
from domain.operations import accounts, audits, migrations
from lodol.cli.main import app
from tests.support.commands import deploy, lodol
from tests.support.conformance import World, slices_of
from tests.support.operations import publish, run, started, stop
from tests.support.programs import call, do, let, literal, program, sleep

KEPT = Retention(90, 365)


class Died(BaseException):
    """The migration is gone."""


@pytest.fixture(autouse=True)
def deployed(table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deploy(machine, monkeypatch, tmp_path)


@pytest.fixture
def old(stack: Stack) -> str:
    """A workspace as the release before has left it: some executions have ended, one sleeps, one asks."""
    table, now = stack.table, utc_now()
    workspace = accounts.create_workspace(table, now, name="Acme", plan=Plan.ENTERPRISE, credits=99)
    asks = program(
        do(call("human.create", literal("Go?"))), do(call("log.info", literal("hi"))), do(call("human.wait"))
    )
    bodies = {"Asks": asks, "Ends": program(let("x", literal(1))), "Sleeps": program(sleep(3600))}
    ids = {
        name: publish(table, now, workspace.id, name=name, description="", program=body).id
        for name, body in bodies.items()
    }
    for name in ("Ends", "Ends", "Sleeps", "Asks"):
        execution_id = started(stack, now, workspace, ids[name], {"n": 1})
        run_slice(slices_of(stack, World(now)), workspace.id, execution_id)
    run(stack, now, workspace, ids["Ends"], key="r")
    make_old(table)
    assert audits.audit_credits(table, now, workspace.id).differences == ()
    return workspace.id


def make_old(table: Table) -> None:
    for item in list(table.scan()):
        gone = [name for name in ("v", "usage_day", "charged", "usage_calls", "usage_visits") if name in item]
        gone += ["by_status"] if item["sk"] == "WORKSPACE" else []
        gone += ["expires_at"] if item["sk"] == "TASK" else []
        if not gone:
            continue
        names = {f"#{name}": name for name in gone}
        at = Key(item["pk"], item["sk"])
        table.commit(Write.update(at, f"REMOVE {', '.join(names)}", names=names))


def fill_pages(table: Table) -> None:
    """Let there be old items for some pages of a scan."""
    for number in range(9):
        table.commit(Write.put(Key(f"WS#{number:024x}", "NOTE"), {"text": "x" * 390_000}))
    make_old(table)


def stored(table: Table) -> dict[tuple[str, str], Item]:
    return {(item["pk"], item["sk"]): item for item in table.scan() if item["pk"] != "TABLE"}


def migrated(pages: Iterable[migrations.Page]) -> int:
    return sum(page.migrated.total() for page in pages)


def test_a_dry_run_changes_nothing_and_counts_what_the_migration_then_does(stack: Stack, old: str) -> None:
    before = stored(stack.table)

    told = lodol("migrate", "--dry-run")
    assert stored(stack.table) == before
    done = lodol("migrate")

    assert {**told, "dry_run": False} == done
    assert done["migrated"] == len(before) == done["looked_at"]
    assert done["execution"] == 5
    assert lodol("migrate") == {"dry_run": False, "looked_at": 0, "migrated": 0}
    assert lodol("migrate", "--again")["migrated"] == 0


def test_everything_has_the_present_shape_and_the_audit_still_balances(stack: Stack, old: str) -> None:
    table, now = stack.table, utc_now()
    assert migrated(migrations.migrate(table, now, KEPT)) > 20

    items = stored(table)
    assert {item["v"] for item in items.values()} == {SHAPE}
    assert [one.id for one in workspaces.read_all(table)] == [old]
    rows = [executions.from_item(item) for item in items.values() if executions.is_row(item)]
    for row in rows:
        if row.completed_at is None:
            assert row.retention == KEPT
            assert row.expires_at is None
        else:
            end = epoch_seconds(datetime.fromisoformat(row.completed_at))
            assert row.record_until == end + 90 * 24 * 3600
            assert row.expires_at == end + 365 * 24 * 3600
    for (pk, _), item in items.items():
        if pk.startswith("EXECUTION#"):
            assert item["expires_at"] == second_of(pk.removeprefix("EXECUTION#")) + (61 + 90) * 24 * 3600
    [review] = [item for (_, sk), item in items.items() if sk.startswith("REVIEW#")]
    [mark] = [item for (_, sk), item in items.items() if sk.startswith("PENDING#")]
    assert review["expires_at"] == mark["expires_at"] == second_of(review["execution_id"]) + 151 * 24 * 3600
    audit = audits.audit_credits(table, now, old)
    assert (audit.charged, audit.differences) == (5, ())
    assert sum(ledger.read_charges(table, old).values()) == 5
    assert not any(vars_of(audits.examine(stack, now)))


def vars_of(examination: audits.Examination) -> tuple[Any, ...]:
    return tuple(getattr(examination, name) for name in type(examination).__slots__)


def test_it_may_be_killed_at_any_commit_and_goes_on(stack: Stack, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, now = stack.table, utc_now()
    commit, runs = Table.commit, 0
    for dies_at in range(1, 200):
        commits = [0]

        def dies(self: Table, *writes: Write, dies_at: int = dies_at, commits: list[int] = commits) -> None:
            commits[0] += 1
            if commits[0] == dies_at:
                raise Died
            commit(self, *writes)
            if commits[0] == dies_at + 1:
                raise Died

        monkeypatch.setattr(Table, "commit", dies)
        runs += 1
        try:
            list(migrations.migrate(table, now, KEPT))
            break
        except Died:
            monkeypatch.undo()
            assert audits.audit_credits(table, now, old).differences == ()
    monkeypatch.undo()

    assert runs > 5
    assert {item["v"] for item in stored(table).values()} == {SHAPE}
    assert sum(ledger.read_charges(table, old).values()) == 5
    assert audits.audit_credits(table, now, old).differences == ()


def test_a_table_of_many_pages_is_gone_on_with_where_it_was(
    stack: Stack, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, now = stack.table, utc_now()
    fill_pages(table)
    first = next(iter(migrations.migrate(table, now, KEPT)))
    progress = shapes.read_progress(table)
    assert progress.position is not None
    assert not progress.is_complete
    assert progress == Progress(0, progress.position)

    rest = list(migrations.migrate(table, now, KEPT))

    assert 0 < sum(page.looked_at for page in rest) <= len(stored(table)) - first.looked_at
    assert {item["v"] for item in stored(table).values()} == {SHAPE}
    assert shapes.read_progress(table) == Progress(SHAPE, None)


def test_an_execution_that_ends_meanwhile_is_migrated_as_one_that_has_ended(
    stack: Stack, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, now = stack.table, utc_now()
    running = [item["id"] for item in stored(table).values() if executions.is_row(item) and "open_shard" in item]
    scan_pages = Table.scan_pages

    def ends_behind(self: Table, after: Key | None = None) -> Any:
        for items, position in scan_pages(self, after):
            for execution_id in running:
                stop(stack, now, old, execution_id)
            yield items, position

    monkeypatch.setattr(Table, "scan_pages", ends_behind)
    list(migrations.migrate(table, now, KEPT))

    for execution_id in running:
        row = executions.read(table, old, execution_id)
        assert (row.status, row.shape) == ("stopped", SHAPE)
        assert row.expires_at is not None
    assert audits.audit_credits(table, now, old).differences == ()


def test_what_is_old_again_is_migrated_when_it_is_said(stack: Stack, old: str) -> None:
    """By a worker of the release before, which was there still."""
    table, now = stack.table, utc_now()
    list(migrations.migrate(table, now, KEPT))
    make_old(table)

    assert list(migrations.migrate(table, now, KEPT)) == []
    assert migrated(migrations.migrate(table, now, KEPT, again=True)) > 20
    assert {item["v"] for item in stored(table).values()} == {SHAPE}


def test_a_dry_run_counts_what_is_left_of_a_migration_that_was_killed(stack: Stack, old: str) -> None:
    table, now = stack.table, utc_now()
    fill_pages(table)
    next(iter(migrations.migrate(table, now, KEPT)))

    told = list(migrations.migrate(table, now, KEPT, is_dry=True))

    assert told == list(migrations.migrate(table, now, KEPT))


def test_what_expires_meanwhile_is_not_migrated(stack: Stack, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, now = stack.table, utc_now()
    stale = list(table.scan())
    [gone, *_] = [Key(item["pk"], item["sk"]) for item in stale if keys.execution_of(item["pk"])]
    table.delete([gone])
    monkeypatch.setattr(Table, "scan_pages", lambda *_: iter([(stale, None)]))

    list(migrations.migrate(table, now, KEPT))
    monkeypatch.undo()

    assert table.get(gone) is None
    assert {item["v"] for item in stored(table).values()} == {SHAPE}


def test_what_expires_already_does_so_as_before(stack: Stack, old: str) -> None:
    table = stack.table
    [at, *_] = [Key(item["pk"], item["sk"]) for item in table.scan() if keys.execution_of(item["pk"])]
    soon = epoch_seconds(utc_now()) + 60
    table.update(at, "SET expires_at = :soon", {":soon": soon})

    list(migrations.migrate(table, utc_now(), KEPT))

    item = table.get(at)
    assert item is not None
    assert (item["v"], item["expires_at"]) == (SHAPE, soon)


def test_two_at_once_count_no_execution_twice(stack: Stack, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, now = stack.table, utc_now()
    stale = list(table.scan())
    list(migrations.migrate(table, now, KEPT))
    monkeypatch.setattr(Table, "scan_pages", lambda *_: iter([(stale, None)]))

    list(migrations.migrate(table, now, KEPT, again=True))

    assert sum(ledger.read_charges(table, old).values()) == 5


def test_nothing_expires_before_there_was_time_to_see_it(stack: Stack, old: str) -> None:
    table, now = stack.table, utc_now() + timedelta(days=999)
    list(migrations.migrate(table, now, KEPT))

    earliest = epoch_seconds(now) + migrations.GRACE_DAYS * 24 * 3600
    rows = [item for item in stored(table).values() if executions.is_row(item)]
    others = [item for item in stored(table).values() if item["pk"].startswith("EXECUTION#")]
    assert {item["record_until"] for item in rows if "record_until" in item} == {earliest}
    assert {item["expires_at"] for item in others} == {earliest}
    assert min(item["expires_at"] for item in rows if "expires_at" in item) > earliest


def test_without_retention_nothing_expires(stack: Stack, old: str) -> None:
    list(migrations.migrate(stack.table, utc_now(), Retention(0, 365)))

    found = [item for item in stored(stack.table).values() if "RECEIPT" not in item["sk"]]
    assert {item["v"] for item in found} == {SHAPE}
    assert [item for item in found if item.get("expires_at")] == []


def test_the_doctor_and_the_list_read_no_whole_table_once_it_is_migrated(
    stack: Stack, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        done = CliRunner().invoke(app, ["doctor", "--json"])
        assert not any(json.loads(done.stdout).values()), done.output
        return done.stderr

    assert "Not migrated: all of the table" in told()
    lodol("migrate")

    def scanned(*_: Any) -> Any:
        raise AssertionError("read the whole table")

    monkeypatch.setattr(Table, "scan_pages", scanned)
    assert told() == ""
    assert [row["workspace_id"] for row in lodol("workspace", "list")["workspaces"]] == [old]
    lodol("credits", "grant", old, "1", "--reason", "r")
    assert lodol("workspace", "list")["workspaces"][0]["credits"] == 95
