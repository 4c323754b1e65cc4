"""How a workspace looks."""

from typing import Literal

from domain.entities import workspaces
from views.view import Id, Moment, View


class Workspace(View):
    """A workspace: its plan, its limits, its credits, and how many of its executions run."""

    workspace_id: Id
    name: str
    plan: Literal["free", "pro", "team", "enterprise"]
    credits: int
    requests_per_minute: int
    concurrent_executions: int
    api_keys: int
    running: int
    created_at: Moment


def view_of(workspace: workspaces.Workspace) -> Workspace:
    """A workspace as its reader sees it."""
    return Workspace(
        workspace_id=workspace.id,
        name=workspace.name,
        plan=workspace.plan.value,
        credits=workspace.credits,
        requests_per_minute=workspace.limits.requests_per_minute,
        concurrent_executions=workspace.limits.concurrent_executions,
        api_keys=workspace.limits.api_keys,
        running=workspace.running,
        created_at=workspace.created_at,
    )
