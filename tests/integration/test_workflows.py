"""Workflows: of two changes at once one is refused, and no version's program is ever written over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.aws.writes import ConditionNotMet
from domain.entities import executions, workflows
from domain.entities.workflows import Source, Workflow
from domain.entities.workspaces import Plan, Workspace
from domain.moments import to_text
from domain.operations import accounts, publishing
from domain.operations.publishing import Published
from domain.program.values import Value, dumps
from domain.refusals import InvalidRequest, WorkflowNotFound
from tests.support.given import NOW, PROGRAM, AtCommit
from tests.support.operations import publish, run
from tests.support.programs import do, literal, program

SAME = "68d12af3b5f0c1d2e3f4a5b6"


def _other(number: int) -> Value:
    return program(do(literal(number)))


@pytest.mark.parametrize("is_new", [True, False])
def test_of_two_changes_at_once_the_second_is_refused(
    table: Table, workspace: Workspace, at_commit: AtCommit, is_new: bool
) -> None:
    def put(name: str, program: Value) -> Workflow:
        return publish(table, NOW, workspace.id, name=name, description="", program=program, workflow_id=SAME)

    if not is_new:
        put("before", PROGRAM)
    at_commit(lambda: put("first", _other(2)))

    with pytest.raises(ConditionNotMet):
        put("second", _other(3))

    stored = workflows.read(table, workspace.id, SAME)
    assert (stored.name, stored.version) == ("first", 1 if is_new else 2)
    assert workflows.read_version(table, stored) == (workflows.Program(dumps(_other(2))), None)


def test_a_workflow_that_is_stored_again_keeps_when_it_was_made_and_last_run(
    stack: Stack, workspace: Workspace, workflow: Workflow
) -> None:
    run(stack, NOW + timedelta(hours=1), workspace, workflow.id)
    at = workflows._program_key(workspace.id, workflow.id, 1)
    before = stack.table.get(at)

    later = NOW + timedelta(hours=2)
    again = publish(
        stack.table, later, workspace.id, name="Two", description="", program=PROGRAM, workflow_id=workflow.id
    )

    assert (again.version, again.created_at, again.updated_at) == (1, to_text(NOW), to_text(later))
    assert executions.last_started_at(stack.table, workspace.id, workflow.id) == to_text(NOW + timedelta(hours=1))
    assert workflows.read(stack.table, workspace.id, workflow.id) == again
    assert stack.table.get(at) == before


def test_a_version_is_a_program_and_its_source(table: Table, workspace: Workspace) -> None:
    """Whichever of both differs makes a new version; each version keeps its own."""
    sources = [None, Source("# one", "[1]"), Source("# two", "[1]"), None]

    def put(source: Source | None) -> Published:
        return publishing.publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM, source=source)

    for number, source in enumerate(sources, 1):
        put_first, again = put(source), put(source)
        assert (put_first.workflow.version, again.change) == (number, "unchanged")
        program, text = workflows.read_version(table, again.workflow)
        assert program == workflows.Program(dumps(PROGRAM), source.lines if source else None)
        assert text == (source.text if source else None)
    kept = workflows.read_program(table, workspace.id, put(None).workflow.id, 2)
    assert kept.lines == "[1]"


@pytest.mark.parametrize("change", ["created", "new version", "changed", "unchanged"])
def test_one_name_is_one_workflow_and_what_was_done_is_said(table: Table, workspace: Workspace, change: str) -> None:
    def put(number: int, description: str) -> Published:
        program = _other(number)
        return publishing.publish(table, NOW, workspace.id, name="A", description=description, program=program)

    first = put(1, "")
    again = {"created": first, "new version": put(2, ""), "changed": put(2, "more"), "unchanged": put(2, "more")}[
        change
    ]

    assert again.change == change
    assert again.workflow.id == first.workflow.id
    assert again.workflow.version == (1 if change == "created" else 2)
    assert len(workflows.list_page(table, workspace.id, 9, None)) == 1


def test_what_is_unchanged_is_not_written(table: Table, workspace: Workspace) -> None:
    first = publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM)

    again = publish(table, NOW + timedelta(hours=1), workspace.id, name="A", description="", program=PROGRAM)

    assert again == first == workflows.read(table, workspace.id, first.id)


def test_a_name_of_another_workflow_is_refused_and_free_once_that_is_renamed(
    table: Table, workspace: Workspace
) -> None:
    first = publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM)
    other = publish(table, NOW, workspace.id, name="B", description="", program=PROGRAM)

    with pytest.raises(
        InvalidRequest, match=f"The name 'A' belongs to another workflow of this workspace: {first.id}."
    ):
        publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM, workflow_id=other.id)
    with pytest.raises(InvalidRequest, match="belongs to another workflow"):
        publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM, workflow_id=SAME)

    publish(table, NOW, workspace.id, name="C", description="", program=PROGRAM, workflow_id=first.id)
    renamed = publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM, workflow_id=other.id)
    assert renamed.id == other.id
    assert publish(table, NOW, workspace.id, name="C", description="", program=PROGRAM).id == first.id


def test_of_two_that_take_a_name_at_once_the_second_is_refused(
    table: Table, workspace: Workspace, at_commit: AtCommit
) -> None:
    at_commit(lambda: publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM))

    with pytest.raises(ConditionNotMet):
        publish(table, NOW, workspace.id, name="A", description="", program=_other(2))

    assert len(workflows.list_page(table, workspace.id, 9, None)) == 1


def test_names_of_two_workspaces_do_not_meet(table: Table, workspace: Workspace) -> None:
    other = accounts.create_workspace(table, NOW, name="Other", plan=Plan.PRO)
    first = publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM)

    assert publish(table, NOW, other.id, name="A", description="", program=PROGRAM).id != first.id


def test_what_is_archived_keeps_when_and_can_be_stored_and_restored(table: Table, workspace: Workspace) -> None:
    first = publish(table, NOW, workspace.id, name="A", description="", program=PROGRAM)
    archived = publishing.archive(table, NOW, workspace.id, first.id)
    assert archived == replace(first, archived_at=to_text(NOW))
    assert publishing.archive(table, NOW + timedelta(hours=1), workspace.id, first.id) == archived

    publish(table, NOW, workspace.id, name="A", description="more", program=PROGRAM)
    assert workflows.read(table, workspace.id, first.id).archived_at == to_text(NOW)
    assert publishing.restore(table, workspace.id, first.id).archived_at is None


def test_what_does_not_exist_is_neither_archived_nor_restored(table: Table, workspace: Workspace) -> None:
    with pytest.raises(WorkflowNotFound):
        publishing.archive(table, NOW, workspace.id, SAME)
    with pytest.raises(WorkflowNotFound):
        publishing.restore(table, workspace.id, SAME)
    assert workflows.list_page(table, workspace.id, 9, None) == []


def test_a_version_whose_program_is_gone_is_not_found(table: Table, workspace: Workspace) -> None:
    workflow = publish(table, NOW, workspace.id, name="Gone", description="", program=PROGRAM)
    table.delete([Key(item["pk"], item["sk"]) for item in table.scan() if item["sk"].startswith("PROGRAM")])

    with pytest.raises(WorkflowNotFound):
        workflows.read_version(table, workflow)
