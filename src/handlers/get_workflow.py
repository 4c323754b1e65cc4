"""GET /v1/workflows/{workflow_id}: one workflow with its current program."""

from domain.entities import executions, workflows
from domain.entities.api_keys import Scope
from domain.refusals import WorkflowNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views import bodies


def get_workflow(request: Request) -> Answer:
    """Answer with a workflow."""
    workflow = workflows.read(request.table, request.workspace.id, request.path_id("workflow_id"))
    program, source = workflows.read_version(request.table, workflow)
    last_run_at = executions.last_started_at(request.table, workflow.workspace_id, workflow.id)
    return ok(bodies.workflow_with_program(workflow, last_run_at, program.tree(), source))


handler = Endpoint(
    "GET",
    "/v1/workflows/<workflow_id>",
    Scope.READ_WORKFLOWS,
    get_workflow,
    answers="workflows.WorkflowWithProgram",
    refuses=(WorkflowNotFound,),
)
