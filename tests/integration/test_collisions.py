"""What is written for the first time never writes over what is there, were its id or key the same."""

from datetime import timedelta

import pytest

from domain import admission, api_keys, executions, workspaces
from domain.api_keys import Scope
from domain.state_machine import StateMachine
from domain.table import Table
from domain.workflows import Workflow
from domain.workspaces import Plan, Workspace
from domain.writes import ConditionNotMet
from tests.integration.conftest import NOW

LATER = NOW + timedelta(seconds=1)
SAME = "68d12af3b5f0c1d2e3f4a5b6"


def test_an_execution(
    table: Table, machine: StateMachine, workspace: Workspace, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "new_id", lambda _: SAME)
    admission.admit(table, machine, NOW, workspace, workflow.id, None, None)
    before = executions.read(table, workspace.id, SAME), workspaces.read(table, workspace.id)

    with pytest.raises(ConditionNotMet):
        admission.admit(table, machine, LATER, workspace, workflow.id, None, None)

    assert (executions.read(table, workspace.id, SAME), workspaces.read(table, workspace.id)) == before


def test_a_workspace(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "new_id", lambda _: SAME)
    workspaces.create(table, NOW, name="first", plan=Plan.PRO)

    with pytest.raises(ConditionNotMet):
        workspaces.create(table, LATER, name="second", plan=Plan.PRO)

    assert workspaces.read(table, SAME).name == "first"


def test_a_grant(table: Table, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspaces, "new_id", lambda _: SAME)
    workspaces.grant(table, NOW, workspace.id, 2, "first")

    with pytest.raises(ConditionNotMet):
        workspaces.grant(table, LATER, workspace.id, 3, "second")

    assert workspaces.read(table, workspace.id).credits == workspace.credits + 2
    assert [entry["reason"] for entry in workspaces.ledger(table, workspace.id)].count("second") == 0


def test_a_refund(table: Table, workspace: Workspace) -> None:
    table.commit(*workspaces.refund(workspace.id, SAME, NOW))

    with pytest.raises(ConditionNotMet):
        table.commit(*workspaces.refund(workspace.id, SAME, LATER))

    assert workspaces.read(table, workspace.id).credits == workspace.credits + 1


def test_an_api_key(table: Table, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.api_keys.secrets.token_urlsafe", lambda _: "the same")
    api_keys.create(table, NOW, workspace, frozenset({Scope.READ_EXECUTIONS}))

    with pytest.raises(ConditionNotMet):
        api_keys.create(table, LATER, workspace, frozenset(Scope))

    [key] = api_keys.list_all(table, workspace.id)
    assert key.scopes == {Scope.READ_EXECUTIONS}
