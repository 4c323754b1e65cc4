"""GET /v1/workflows: list the workspace's workflows, newest first."""

from domain.entities import executions, workflows
from domain.entities.api_keys import Scope
from handlers.http import Answer, Endpoint, ok
from handlers.parameters import AFTER, LIMIT
from handlers.requests import Request
from views import bodies


def list_workflows(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one, as the list of executions does."""
    after = request.query(AFTER)
    page = request.page(
        lambda limit: workflows.list_page(request.table, request.workspace.id, limit, after),
        lambda workflow: workflow.id,
    )
    last_runs = (executions.last_started_at(request.table, row.workspace_id, row.id) for row in page.rows)
    return ok({"workflows": list(map(bodies.workflow, page.rows, last_runs))}, page.link)


handler = Endpoint(
    "GET",
    "/v1/workflows",
    Scope.READ_WORKFLOWS,
    list_workflows,
    answers="workflows.WorkflowPage",
    query=(LIMIT, AFTER),
    headers=("Link",),
)
