"""What is written for the first time never writes over what is there, were its id or key the same."""

from datetime import timedelta

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.aws.writes import ConditionNotMet
from domain.entities import api_keys, executions, ledger, workspaces
from domain.entities.api_keys import Scope
from domain.entities.workflows import Workflow
from domain.entities.workspaces import Plan, Workspace
from domain.operations import accounts, admission, granting
from domain.refusals import Contention
from tests.support.given import NOW
from tests.support.operations import grant, run

LATER = NOW + timedelta(seconds=1)
SAME = "68d12af3b5f0c1d2e3f4a5b6"
OTHER = "f" * 24


def test_an_execution(stack: Stack, workspace: Workspace, workflow: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "new_id", lambda _: SAME)
    run(stack, NOW, workspace, workflow.id)
    table = stack.table
    before = executions.read(table, workspace.id, SAME), workspaces.read(table, workspace.id)

    with pytest.raises(Contention):
        run(stack, LATER, workspace, workflow.id)

    assert (executions.read(table, workspace.id, SAME), workspaces.read(table, workspace.id)) == before


def test_an_execution_whose_id_is_taken_gets_another(
    stack: Stack, workspace: Workspace, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = iter([SAME, SAME, OTHER])
    monkeypatch.setattr(admission, "new_id", lambda _: next(ids))
    run(stack, NOW, workspace, workflow.id)

    run(stack, LATER, workspace, workflow.id)

    assert [execution.id for execution in executions.list_page(stack.table, workspace.id)] == [OTHER, SAME]


def test_a_workspace(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "new_id", lambda _: SAME)
    accounts.create_workspace(table, NOW, name="first", plan=Plan.PRO)

    with pytest.raises(ConditionNotMet):
        accounts.create_workspace(table, LATER, name="second", plan=Plan.PRO)

    assert workspaces.read(table, SAME).name == "first"


def test_a_grant(stack: Stack, table: Table, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(granting, "new_id", lambda _: drawn.append(SAME) or SAME)  # type: ignore[func-returns-value]
    grant(stack, NOW, workspace.id, 2, "first")
    drawn.clear()

    with pytest.raises(Contention):
        grant(stack, LATER, workspace.id, 3, "second")
    # Tried five times, and then given up.
    assert len(drawn) == 5

    assert workspaces.read(table, workspace.id).credits == workspace.credits + 2
    assert [entry.reason for entry in ledger.read_all(table, workspace.id)].count("second") == 0


def test_a_refund(table: Table, workspace: Workspace) -> None:
    table.commit(workspaces.refund(workspace.id), ledger.refund(workspace.id, SAME, NOW))

    with pytest.raises(ConditionNotMet):
        table.commit(workspaces.refund(workspace.id), ledger.refund(workspace.id, SAME, LATER))

    assert workspaces.read(table, workspace.id).credits == workspace.credits + 1


def test_an_api_key(table: Table, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.entities.api_keys.secrets.token_urlsafe", lambda _: "the same")
    accounts.create_key(table, NOW, workspace, frozenset({Scope.READ_EXECUTIONS}))

    with pytest.raises(ConditionNotMet):
        accounts.create_key(table, LATER, workspace, frozenset(Scope))

    [key] = api_keys.read_all(table, workspace.id)
    assert key.scopes == {Scope.READ_EXECUTIONS}
