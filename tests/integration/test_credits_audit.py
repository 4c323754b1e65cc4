"""The audit of a workspace's credits, long after: what may have expired is not missed, what cannot have is."""

from datetime import datetime, timedelta

import pytest

from domain.aws.table import Table
from domain.aws.writes import Write
from domain.entities import executions, ledger, workspaces
from domain.entities.executions import End, Execution, Status
from domain.entities.workspaces import Plan, Workspace
from domain.ids import new_id
from domain.moments import to_text
from domain.operations import accounts, audits
from domain.operations.outcomes import PLATFORM_FAILED
from tests.support.operations import end

NOW = datetime.fromisoformat("2026-09-20T12:00:00+00:00")
MAY_BE_GONE = executions.latest_that_may_be_gone(NOW)
MONTH, NEXT = "2026-07", "2026-08"
"""The one in which the first may still be there, and the first of which all are."""


@pytest.fixture
def workspace(table: Table) -> Workspace:
    assert MAY_BE_GONE.isoformat()[:7] == MONTH
    created = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    return accounts.create_workspace(table, created, name="Acme", plan=Plan.TEAM, credits=5)


def differences(table: Table, workspace: Workspace) -> tuple[str, ...]:
    return audits.audit_credits(table, NOW, workspace.id).differences


def charge(table: Table, workspace: Workspace, month: str, number: int = 1) -> None:
    """Charge some in a month, and grant as many, so that the balance is right."""
    table.commit(ledger.add_charges(workspace.id, month, number))
    table.commit(ledger.grant(workspace.id, new_id(NOW), number, "charged above", NOW))


def ran(table: Table, workspace: Workspace, at: datetime, error: str | None = None, *, is_old: bool = False) -> str:
    """An execution that is still there; of a release that did not count charges, if `is_old`."""
    row = Execution(new_id(at), workspace.id, "a" * 24, "Welcome", 1, Status.RUNNING, to_text(at))
    table.commit(executions.create(row))
    end(table, workspace.id, row.id, End(Status.FAILED if error else Status.SUCCESS, at, error))
    if is_old:
        table.commit(Write.update(executions.key(workspace.id, row.id), "REMOVE v"))
    return row.id


def refund(table: Table, workspace: Workspace, execution_id: str, at: datetime) -> None:
    """Refund an execution that has no slot to give back."""
    table.commit(ledger.refund(workspace.id, execution_id, at))
    table.commit(Write.update(workspaces.key(workspace.id), "ADD credits :one", values={":one": 1}))


def test_of_a_month_in_which_some_may_be_gone_nothing_is_compared(table: Table, workspace: Workspace) -> None:
    charge(table, workspace, MONTH, 7)
    ran(table, workspace, MAY_BE_GONE + timedelta(days=1))

    assert differences(table, workspace) == ()


@pytest.mark.parametrize(
    ("at", "is_old", "is_told"),
    [
        ("2026-07-31T23:56:00+00:00", False, False),
        ("2026-07-31T23:54:59+00:00", False, True),
        ("2026-07-31T23:56:00+00:00", True, True),
    ],
    ids=["by a clock that was behind", "before any clock", "of a release that counted no charges"],
)
def test_what_began_as_a_month_ended_may_be_charged_in_the_next(
    table: Table, workspace: Workspace, at: str, is_old: bool, is_told: bool
) -> None:
    ran(table, workspace, datetime.fromisoformat(at), is_old=is_old)
    charge(table, workspace, NEXT)
    if is_old:  # counted by itself
        table.commit(ledger.grant(workspace.id, new_id(NOW), 1, "ran", NOW))

    told = (f"1 credits were charged, and 0 executions admitted, since {MONTH}",) if is_told else ()
    assert differences(table, workspace) == told


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_refund_is_compared_with_what_cannot_be_gone(table: Table, workspace: Workspace, seconds: int) -> None:
    at = MAY_BE_GONE + timedelta(seconds=seconds)
    refund(table, workspace, "b" * 24, at)

    told = (f"execution {'b' * 24} was refunded and is not owed it",) if seconds > 0 else ()
    assert differences(table, workspace) == told


def test_a_refund_of_what_is_still_there_is_compared_however_old(table: Table, workspace: Workspace) -> None:
    old = MAY_BE_GONE - timedelta(days=20)
    owed, not_owed = ran(table, workspace, old, PLATFORM_FAILED), ran(table, workspace, old, "enough")
    charge(table, workspace, to_text(old)[:7], 2)
    for execution_id in (owed, not_owed):
        refund(table, workspace, execution_id, old)

    assert differences(table, workspace) == (f"execution {not_owed} was refunded and is not owed it",)


def test_an_old_execution_that_the_platform_broke_is_owed_its_refund(table: Table, workspace: Workspace) -> None:
    old = MAY_BE_GONE - timedelta(days=20)
    owed = ran(table, workspace, old, PLATFORM_FAILED)
    charge(table, workspace, to_text(old)[:7])

    assert differences(table, workspace) == (f"execution {owed} is owed a refund",)
    assert table.get(executions.key(workspace.id, owed)) is not None
