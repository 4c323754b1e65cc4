"""How a workflow looks."""

from typing import Any

from domain.entities.workflows import Workflow
from domain.program.values import Value
from views.view import View


class WorkflowView(View):
    """A workflow; `version` counts its programs from 1, `last_run_at` is null before the first run."""

    workflow_id: str
    name: str
    description: str
    version: int
    created_at: str
    updated_at: str
    last_run_at: str | None


class WorkflowWithProgram(WorkflowView):
    """A workflow and the program that its next run would run."""

    program: Any


class WorkflowPage(View):
    """A page of workflows."""

    workflows: list[WorkflowView]


def view_of(workflow: Workflow) -> WorkflowView:
    """A workflow as lists show it."""
    return WorkflowView(**_fields(workflow))


def with_program(workflow: Workflow, program: Value) -> WorkflowWithProgram:
    """A workflow with its program."""
    return WorkflowWithProgram(**_fields(workflow), program=program)


def _fields(workflow: Workflow) -> dict[str, Any]:
    return {
        "workflow_id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
        "last_run_at": workflow.last_run_at,
    }
