"""How a workspace looks."""

from typing import Literal

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
    calls_per_day: int | None = None
    visits_per_day: int | None = None
    running: int
    created_at: Moment
    suspended_at: Moment | None = None
