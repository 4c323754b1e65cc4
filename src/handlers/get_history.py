"""GET /v1/executions/{execution_id}/history: what an execution has done, and what it waits for."""

from domain.entities.api_keys import Scope
from domain.operations import histories
from domain.refusals import ExecutionNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.parameters import AFTER_ENTRY, INCLUDE_PROGRAM, LIMIT
from handlers.polling import retry_after
from handlers.requests import Request
from views.histories import page_of


def get_history(request: Request) -> Answer:
    """Answer with a page of a history, and a `Link` to the next if there is one. Rule: contract "History"."""
    after, with_program = request.query(AFTER_ENTRY), request.query(INCLUDE_PROGRAM)
    execution_id = request.path_id("execution_id")
    history = histories.read(request.table, request.now, request.workspace.id, execution_id)
    page = request.page(
        lambda limit: histories.read_done(request.table, history.state, limit, after),
        lambda done: f"{done.at.step}.{done.at.call}",
        INCLUDE_PROGRAM,
    )
    headers = retry_after(history.execution, request.now)
    shown = page_of(history, page.rows, with_program=with_program)
    return ok(shown.model_dump(exclude_unset=True), {**page.link, **headers})


handler = Endpoint(
    "GET",
    "/v1/executions/<execution_id>/history",
    Scope.READ_EXECUTIONS,
    get_history,
    answers="histories.History",
    query=(LIMIT, AFTER_ENTRY, INCLUDE_PROGRAM),
    headers=("Link", "Retry-After"),
    refuses=(ExecutionNotFound,),
)
