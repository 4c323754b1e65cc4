"""POST /v1/executions/stop: stop the running executions that match a filter, or count them."""

from domain.entities.api_keys import Scope
from domain.operations import stopping
from handlers.http import Answer, Endpoint, ok
from handlers.narrowing import NARROWING, narrowed
from handlers.parameters import DRY_RUN, RUNNING
from handlers.requests import Request

_LEFT_SECONDS = 5
"""So long before its function's time is over no further execution is stopped."""


def stop_many(request: Request) -> Answer:
    """Stop up to so many executions, each as safely as a single one. Rule: contract "Stop many"."""
    which, workspace_id = narrowed(request), request.workspace.id
    if request.query(DRY_RUN):
        stopped = stopping.count_running(request.stack, workspace_id, which)
    else:
        stopped = stopping.stop_running(
            request.stack, request.now, workspace_id, which, lambda: request.has_time(_LEFT_SECONDS)
        )
    return ok({"matching": stopped.matching, "stopped": list(stopped.ids), "has_more": stopped.has_more})


handler = Endpoint(
    "POST",
    "/v1/executions/stop",
    Scope.EXECUTE_WORKFLOWS,
    stop_many,
    answers="executions.StoppedExecutions",
    query=(RUNNING, *NARROWING, DRY_RUN),
)
