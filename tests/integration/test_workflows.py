"""Workflows: of two changes at once one is refused, and no version's program is ever written over."""

from datetime import timedelta

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.aws.writes import ConditionNotMet
from domain.entities import workflows
from domain.entities.workflows import Workflow
from domain.entities.workspaces import Workspace
from domain.moments import to_text
from domain.program.values import Value, dumps
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
    assert workflows.program_text(table, stored) == dumps(_other(2))


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
    assert again.last_run_at == to_text(NOW + timedelta(hours=1))
    assert workflows.read(stack.table, workspace.id, workflow.id) == again
    assert stack.table.get(at) == before
