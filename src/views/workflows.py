"""How a workflow looks."""

from typing import Annotated, Any

from pydantic import Field

from domain.entities import workflows
from domain.program.values import Value
from views.view import Id, Json, Moment, View


class Workflow(View):
    """A workflow; `version` counts its programs from 1, `last_run_at` is null before the first run."""

    workflow_id: Id
    name: Annotated[str, Field(examples=["Welcome Email Workflow"])]
    description: Annotated[str, Field(examples=["Greets a new customer"])]
    version: Annotated[int, Field(examples=[3])]
    created_at: Moment
    updated_at: Moment
    last_run_at: Moment | None
    archived_at: Annotated[Moment | None, Field(description="Since when it cannot be run.")]


class WorkflowWithProgram(Workflow):
    """A workflow and the program that its next run would run."""

    program: Json
    source: Annotated[str | None, Field(description="The program as it was written in Python, if it was.")]


class WorkflowPage(View):
    """A page of workflows."""

    workflows: list[Workflow]


def view_of(workflow: workflows.Workflow) -> Workflow:
    """A workflow as lists show it."""
    return Workflow(**_fields(workflow))


def with_program(workflow: workflows.Workflow, program: Value, source: str | None) -> WorkflowWithProgram:
    """A workflow with its program, and the source of that if there is one."""
    return WorkflowWithProgram(**_fields(workflow), program=program, source=source)


def _fields(workflow: workflows.Workflow) -> dict[str, Any]:
    return {
        "workflow_id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "created_at": workflow.created_at,
        "updated_at": workflow.updated_at,
        "last_run_at": workflow.last_run_at,
        "archived_at": workflow.archived_at,
    }
