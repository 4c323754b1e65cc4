"""GET /v1/workflows: list the workspace's workflows, newest first."""

from domain import workflows
from domain.api_keys import Scope
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, View
from handlers.workflow_views import WorkflowView, fields_of


class Body(View):
    """A page of workflows."""

    workflows: list[WorkflowView]


def list_workflows(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one, as the list of executions does."""
    limit = request.limit()
    found = workflows.list_page(the_table(), request.workspace.id, limit + 1, request.after())
    rows = [WorkflowView.model_validate(fields_of(workflow)) for workflow in found[:limit]]
    headers = request.next_page(rows[-1].workflow_id, limit) if len(found) > limit else {}
    return Answer(200, Body(workflows=rows).text(), headers)


handler = Endpoint("GET", "/v1/workflows", Scope.READ_WORKFLOWS, list_workflows)
