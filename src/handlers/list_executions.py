"""GET /v1/executions: list the workspace's executions, newest first."""

from domain.entities import executions
from domain.entities.api_keys import Scope
from handlers.http import Answer, Endpoint, ok
from handlers.narrowing import NARROWING, narrowed
from handlers.parameters import AFTER, INCLUDE_ERRORS, LIMIT, STATUS
from handlers.requests import Request
from views import bodies


def list_executions(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one. Rule: contract "List"."""
    after, which = request.query(AFTER), narrowed(request, request.query(STATUS))
    page = request.page(
        lambda limit: executions.list_kept_page(request.table, request.now, request.workspace.id, limit, after, which),
        lambda execution: execution.id,
        *NARROWING,
        STATUS,
        INCLUDE_ERRORS,
    )
    if request.query(INCLUDE_ERRORS):
        rows = [bodies.execution_row_with_error(row) for row in executions.with_errors(request.table, page.rows)]
    else:
        rows = [bodies.execution_row(row) for row in page.rows]
    return ok({"executions": rows}, page.link)


handler = Endpoint(
    "GET",
    "/v1/executions",
    Scope.READ_EXECUTIONS,
    list_executions,
    answers="executions.ExecutionPage",
    query=(LIMIT, AFTER, *NARROWING, STATUS, INCLUDE_ERRORS),
    headers=("Link",),
)
