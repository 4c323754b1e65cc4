"""What a workspace is charged in a month and uses in a day: counted by the writes that are made anyway."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.aws.keys import Key
from domain.aws.writes import ConditionNotMet, Write
from domain.entities import executions, ledger, workspaces
from domain.operations import accounts, audits
from domain.refusals import WorkspaceNotFound
from handlers import get_execution, list_executions, run_workflow
from tests.support.programs import do, let, literal, post, sleep
from tests.support.requests import send
from tests.support.system import Fresh, System

DAY = timedelta(days=1)


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


def limited(system: System, **most: int) -> None:
    accounts.update_workspace(system.table, system.workspace.id, own_limits=most)
    system.pass_time(minutes=1)  # from the next minute on


def answered(system: System, workflow_id: str) -> tuple[int, Mapping[str, str], Any]:
    path = f"/v1/workflows/{workflow_id}/run-async"
    return send(system.worker, run_workflow.handler, "POST", path, system.key)


def audited(system: System) -> audits.CreditsAudit:
    return audits.audit_credits(system.table, system.world.now, system.workspace.id)


@pytest.mark.parametrize(("name", "what"), [("calls_per_day", "calls"), ("visits_per_day", "visits")])
def test_a_day_is_limited_and_the_next_one_begins_anew(system: System, name: str, what: str) -> None:
    workflow_id = system.workflow(do(post("https://a/")), let("x", literal(1)))
    system.run(workflow_id)
    system.drive()
    limited(system, **{name: 1})

    status, headers, body = answered(system, workflow_id)
    assert (status, body) == (
        429,
        {"error": f"This workspace has used its 1 {what} of today. It can run again after midnight UTC."},
    )
    now = system.world.now
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + DAY
    assert headers["error-code"] == "day_limit_reached"
    assert now + timedelta(seconds=int(headers["retry-after"])) == midnight.replace(microsecond=0)
    assert system.credits == 9

    system.world.now = midnight - timedelta(seconds=1)
    assert answered(system, workflow_id)[0] == 429
    system.world.now = midnight
    assert answered(system, workflow_id)[0] == 202
    system.drive()
    assert answered(system, workflow_id)[0] == 429
    limited(system, **{name: 0})
    assert answered(system, workflow_id)[0] == 202
    system.drive()
    system.check_quiet()


def test_what_runs_goes_on_and_counts_where_it_ends_however_it_ends(system: System) -> None:
    sleeping = system.workflow(do(post("https://a/")), sleep(3600), let("x", literal(1)))
    first, second = (system.run(sleeping).body["execution_id"] for _ in range(2))
    for execution_id in (first, second):
        system.step(execution_id)
    limited(system, calls_per_day=2)
    assert answered(system, sleeping)[0] == 202

    system.stop(first)
    state = executions.read_state(system.table, system.workspace.id, second)
    used = state.progress
    assert used.calls == 2
    # It has used as much as it may: the post and the wait of the one that was stopped.
    assert answered(system, sleeping)[0] == 429
    system.drive()
    assert system.status(second) == "success"
    item = system.table.get(workspaces.key(system.workspace.id))
    assert item is not None
    assert item["usage_calls"] == 6
    system.check_quiet()


def test_an_execution_that_the_platform_broke_has_used_what_it_has_used(system: System) -> None:
    at = workspaces.key(system.workspace.id)
    system.table.commit(workspaces.refund(system.workspace.id, calls=3, visits=70))

    item = system.table.get(at)
    assert item is not None
    assert (item["usage_calls"], item["usage_visits"]) == (3, 70)


def test_a_suspended_workspace_runs_nothing_and_does_all_else(system: System) -> None:
    workflow_id = system.workflow(sleep(60), let("x", literal(1)))
    running: str = system.run(workflow_id).body["execution_id"]
    accounts.suspend_workspace(system.table, system.world.now, system.workspace.id)

    status, headers, body = answered(system, workflow_id)
    assert (status, headers["error-code"], body) == (
        403,
        "workspace_suspended",
        {"error": "This workspace is suspended: nothing can be run in it."},
    )
    assert system.get(running).body["status"] == "running"
    assert send(system.worker, list_executions.handler, "GET", "/v1/executions", system.key)[0] == 200
    system.drive()
    assert system.status(running) == "success"
    assert system.rerun(running).status == 403

    accounts.resume_workspace(system.table, system.workspace.id)
    assert answered(system, workflow_id)[0] == 202
    system.drive()
    system.check_quiet()


def test_a_suspension_stays_as_it_is_and_what_leaves_cannot_be_resumed(system: System) -> None:
    table, workspace_id, first = system.table, system.workspace.id, system.world.now
    accounts.suspend_workspace(table, first, workspace_id)
    table.commit(workspaces.suspend(workspace_id, first + DAY, is_leaving=True))

    read = workspaces.read(table, workspace_id)
    assert read.suspended_at is not None
    assert read.leaving_since is not None
    assert read.suspended_at < read.leaving_since
    with pytest.raises(Exception, match="being deleted"):
        accounts.resume_workspace(table, workspace_id)
    assert workspaces.read(table, workspace_id) == read


def test_each_month_is_in_the_ledger_and_the_audit_balances_when_all_has_expired(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    months = {"2026-01": 3, "2026-02": 1, "2026-05": 2}
    for month, number in months.items():
        system.world.now = max(system.world.now, datetime.fromisoformat(f"{month}-20T00:00:00+00:00"))
        for _ in range(number):
            assert answered(system, workflow_id)[0] == 202
            system.drive()
        assert audited(system).differences == ()
    system.world.now += timedelta(days=100)
    assert ledger.read_charges(system.table, system.workspace.id) == {"2026-01": 3, "2026-02": 1}

    for run in executions.list_page(system.table, system.workspace.id):
        system.table.commit(Write.delete(executions.key(system.workspace.id, run.id)))

    after = audited(system)
    assert (after.charged, after.balance, after.differences) == (6, 4, ())


def test_an_audit_sees_an_execution_that_is_gone_too_early_and_one_that_nobody_was_charged(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    for _ in range(2):
        answered(system, workflow_id)
        system.drive()
    [_, run] = executions.list_page(system.table, system.workspace.id)
    at = executions.key(system.workspace.id, run.id)
    item = system.table.get(at)
    assert item is not None

    system.table.commit(Write.delete(at))
    assert audited(system).differences == ("2 credits were charged, and 1 executions admitted, since ever",)
    twin = f"{run.id[:-1]}{int(run.id[-1], 16) ^ 1:x}"
    for more in (run.id, twin):
        stored = {**{k: v for k, v in item.items() if k not in {"pk", "sk"}}, "id": more}
        system.table.commit(Write.put(executions.key(system.workspace.id, more), stored))
    assert audited(system).differences == ("2 credits were charged, and 3 executions admitted, since ever",)


def test_executions_from_before_charges_were_counted_count_by_themselves(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    answered(system, workflow_id)
    system.drive()
    [run] = executions.list_page(system.table, system.workspace.id)
    system.table.commit(
        Write.update(executions.key(system.workspace.id, run.id), "REMOVE v"),
        Write.update(workspaces.key(system.workspace.id), "REMOVE usage_day, charged, usage_calls, usage_visits"),
    )

    assert answered(system, workflow_id)[0] == 202
    system.drive()
    audit = audited(system)
    assert (audit.charged, audit.differences) == (2, ())


def test_of_two_that_let_a_day_begin_one_does_and_neither_loses_a_charge(system: System) -> None:
    table, workspace_id = system.table, system.workspace.id
    workflow_id = system.workflow(let("x", literal(1)))
    answered(system, workflow_id)
    seen = workspaces.read(table, workspace_id)
    system.world.now += timedelta(days=31)
    answered(system, workflow_id)

    # The other has read the workspace before that.
    with pytest.raises(ConditionNotMet):
        table.commit(*workspaces.begin_day(seen, system.world.now))
    answered(system, workflow_id)
    system.drive()
    assert ledger.read_charges(table, workspace_id) == {"2026-01": 1}
    assert workspaces.read(table, workspace_id).charged == 2
    assert audited(system).differences == ()


def test_a_charge_between_the_look_and_the_beginning_of_a_month_is_not_lost(system: System) -> None:
    table, workspace_id = system.table, system.workspace.id
    workflow_id = system.workflow(let("x", literal(1)))
    answered(system, workflow_id)
    seen = workspaces.read(table, workspace_id)
    # Another, whose clock is behind, admits into the month that was seen.
    answered(system, workflow_id)

    with pytest.raises(ConditionNotMet):
        table.commit(*workspaces.begin_day(seen, system.world.now + timedelta(days=31)))
    assert workspaces.read(table, workspace_id).charged == 2
    assert ledger.read_charges(table, workspace_id) == {}
    system.drive()


def test_a_clock_that_is_behind_midnight_admits_into_the_day_that_has_begun(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    today = system.world.now.replace(hour=0, minute=0, second=0)
    system.world.now = today + DAY
    answered(system, workflow_id)
    system.world.now = today + DAY - timedelta(seconds=1)

    assert answered(system, workflow_id)[0] == 202
    assert workspaces.read(system.table, system.workspace.id).usage_day == (today + DAY).date().isoformat()


def test_the_item_of_a_workspace_does_not_grow_with_its_days_and_months(system: System) -> None:
    workflow_id = system.workflow(let("x", literal(1)))
    system.grant(100)
    sizes = set()
    for _ in range(30):
        system.world.now += timedelta(days=13)
        assert answered(system, workflow_id)[0] == 202
        system.drive()
        item = system.table.get(Key(*workspaces.key(system.workspace.id)))
        assert item is not None
        sizes.add(len(item))
    assert len(sizes) == 1
    assert send(system.worker, get_execution.handler, "GET", "/v1/executions/" + "0" * 24, system.key)[0] == 404


def test_a_workspace_that_is_not_there_is_neither_suspended_nor_resumed_nor_made_by_it(system: System) -> None:
    nobody = "0" * 24
    for write in (workspaces.suspend(nobody, system.world.now), workspaces.resume(nobody)):
        with pytest.raises(WorkspaceNotFound):
            system.table.commit(write)

    assert system.table.get(workspaces.key(nobody)) is None


def test_slots_are_counted_anew_of_a_workspace_that_has_never_taken_one(system: System) -> None:
    workspace_id, balance = system.workspace.id, system.workspace.credits
    assert "slots_taken" not in (system.table.get(workspaces.key(workspace_id)) or {})

    system.table.commit(workspaces.set_slots(workspace_id, 0, balance, 1))

    assert (system.table.get(workspaces.key(workspace_id)) or {})["slots_taken"] == 1
    with pytest.raises(ConditionNotMet):
        system.table.commit(workspaces.set_slots(workspace_id, 0, balance, 2))


def test_only_a_workspace_is_let_be_listed_by_a_migration() -> None:
    assert workspaces.to_shape_1({"sk": "WORKSPACES"}) is None
