"""`lodol workspace`: the workspaces of a stack."""

from typing import Annotated, Any

import typer

from domain.entities import workspaces
from domain.entities.workspaces import Plan, Workspace
from domain.moments import utc_now
from domain.operations.accounts import create_workspace
from lodol.cli import stack
from lodol.cli.console import AsJson, StackName, command, show

app = typer.Typer(no_args_is_help=True, help="Workspaces: plan, limits, credits.")


@app.command()
@command
def create(
    name: Annotated[str, typer.Option(help="What it is called.")],
    plan: Annotated[Plan, typer.Option(help="What it pays for.")],
    credits: Annotated[int, typer.Option(help="Its first credits.")] = 0,  # noqa: A002 - the option's name
    requests_per_minute: Annotated[int | None, typer.Option(help="A limit of its own, over the plan's.")] = None,
    concurrent_executions: Annotated[int | None, typer.Option(help="A limit of its own, over the plan's.")] = None,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Create a workspace."""
    created = create_workspace(
        stack.find(stack_name).table,
        utc_now(),
        name=name,
        plan=plan,
        credits=credits,
        requests_per_minute=requests_per_minute,
        concurrent_executions=concurrent_executions,
    )
    show(_view(created), as_json=as_json)


@app.command("show")
@command
def show_workspace(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Show a workspace: its credits, its limits, and how many executions run."""
    show(_view(workspaces.read(stack.find(stack_name).table, workspace)), as_json=as_json)


def _view(workspace: Workspace) -> dict[str, Any]:
    return {
        "workspace_id": workspace.id,
        "name": workspace.name,
        "plan": workspace.plan.value,
        "credits": workspace.credits,
        "requests_per_minute": workspace.limits.requests_per_minute,
        "concurrent_executions": workspace.limits.concurrent_executions,
        "api_keys": workspace.limits.api_keys,
        "running": workspace.running,
        "created_at": workspace.created_at,
    }
