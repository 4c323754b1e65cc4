"""How a workflow looks."""

from typing import Annotated

from pydantic import Field

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
