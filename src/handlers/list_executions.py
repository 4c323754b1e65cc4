"""GET /v1/executions: list the workspace's executions, newest first."""

from domain.entities import executions
from domain.entities.api_keys import Scope
from domain.entities.executions import Filter
from handlers.http import Answer, Endpoint, ok
from handlers.parameters import AFTER, LIMIT, STARTED_AFTER, STARTED_BEFORE, STATUS, WORKFLOW_ID
from handlers.requests import Request
from views.executions import ExecutionPage, row_of


def list_executions(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one. Rule: contract "List"."""
    after = request.query(AFTER)
    which = Filter(
        workflow_id=request.query(WORKFLOW_ID),
        statuses=request.query(STATUS),
        started_after=request.query(STARTED_AFTER),
        started_before=request.query(STARTED_BEFORE),
    )
    page = request.page(
        lambda limit: executions.list_page(request.table, request.workspace.id, limit, after, which),
        lambda execution: execution.id,
        WORKFLOW_ID,
        STATUS,
        STARTED_AFTER,
        STARTED_BEFORE,
    )
    return ok(ExecutionPage(executions=list(map(row_of, page.rows))), page.link)


handler = Endpoint(
    "GET",
    "/v1/executions",
    Scope.READ_EXECUTIONS,
    list_executions,
    answers=ExecutionPage,
    query=(LIMIT, AFTER, WORKFLOW_ID, STATUS, STARTED_AFTER, STARTED_BEFORE),
    headers=("Link",),
)
