"""GET /v1/workflows/{workflow_id}: one workflow with its current program."""

from typing import Any

from domain import workflows
from domain.api_keys import Scope
from domain.ids import is_id
from domain.program.values import loads
from domain.refusals import WorkflowNotFound
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request
from handlers.workflow_views import WorkflowView, fields_of


class Body(WorkflowView):
    """A workflow and the program that its next run would run."""

    program: Any


def get_workflow(request: Request, workflow_id: str) -> Answer:
    """Answer with a workflow."""
    if not is_id(workflow_id):
        raise WorkflowNotFound
    workflow = workflows.read(the_table(), request.workspace.id, workflow_id)
    program = loads(workflows.program_text(the_table(), workflow))
    return Answer(200, Body.model_validate({**fields_of(workflow), "program": program}).text())


handler = Endpoint("GET", "/v1/workflows/<workflow_id>", Scope.READ_WORKFLOWS, get_workflow)
