"""GET /v1/executions: list the workspace's executions, newest first."""

from domain import executions
from domain.api_keys import Scope
from domain.table import the_table
from handlers.http import Answer, Endpoint, Request, View


class Row(View):
    """An execution in a list."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    status: str
    started_at: str
    completed_at: str | None


class Body(View):
    """A page of executions."""

    executions: list[Row]


def list_executions(request: Request) -> Answer:
    """Answer with a page, and a `Link` to the next if there is one. Rule: CONTRACT "List"."""
    limit, after, workflow_id = request.limit(), request.after(), request.query("workflow_id")
    # One more than asked for tells whether a successor exists.
    found = executions.list_page(the_table(), request.workspace.id, limit + 1, after, workflow_id)
    rows = [
        Row(
            execution_id=execution.id,
            workflow_id=execution.workflow_id,
            workflow_name=execution.workflow_name,
            status=execution.status.value,
            started_at=execution.started_at,
            completed_at=execution.completed_at,
        )
        for execution in found[:limit]
    ]
    more = len(found) > limit
    headers = request.next_page(rows[-1].execution_id, limit, workflow_id=workflow_id) if more else {}
    return Answer(200, Body(executions=rows).text(), headers)


handler = Endpoint("GET", "/v1/executions", Scope.READ_EXECUTIONS, list_executions)
