"""GET /v1/workspace: the workspace of the API key."""

from domain.entities import workspaces
from domain.entities.api_keys import Scope
from domain.refusals import WorkspaceNotFound
from handlers.http import Answer, Endpoint, ok
from handlers.requests import Request
from views import bodies


def get_workspace(request: Request) -> Answer:
    """Answer with the workspace as it stands now: what the worker remembers of it may be a minute old."""
    return ok(bodies.workspace(workspaces.read(request.table, request.workspace.id)))


handler = Endpoint(
    "GET",
    "/v1/workspace",
    Scope.READ_EXECUTIONS,
    get_workspace,
    answers="workspaces.Workspace",
    refuses=(WorkspaceNotFound,),
)
