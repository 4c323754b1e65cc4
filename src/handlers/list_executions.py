"""GET /v1/executions: list the workspace's executions, newest first."""

from domain.entities import executions
from domain.entities.api_keys import Scope
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views.executions import ExecutionPage, row_of


def list_executions(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one. Rule: contract "List"."""
    workflow_id = request.query_id("workflow_id")
    page = request.page(
        lambda limit, after: executions.list_page(request.table, request.workspace.id, limit, after, workflow_id),
        id_of=lambda execution: execution.id,
        workflow_id=workflow_id,
    )
    return ok(ExecutionPage(executions=list(map(row_of, page.rows))), page.link)


handler = Endpoint(
    "GET", "/v1/executions", Scope.READ_EXECUTIONS, list_executions, query=("limit", "after", "workflow_id")
)
