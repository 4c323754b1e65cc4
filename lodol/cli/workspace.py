"""`lodol workspace`: the workspaces of a stack."""

from typing import Annotated

import typer

from domain.entities.workspaces import Plan
from lodol.cli.console import AsJson, StackName, command, show, show_list

app = typer.Typer(no_args_is_help=True, help="Workspaces: plan, limits, credits.")

OwnLimit = Annotated[int | None, typer.Option(help="A limit of its own, over the plan's; 0 takes it away.")]

DayLimit = Annotated[int | None, typer.Option(help="So many may its executions use a day; 0 takes the limit away.")]


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
    from domain.moments import utc_now
    from domain.operations.accounts import create_workspace
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    created = create_workspace(
        stack.find(stack_name).table,
        utc_now(),
        name=name,
        plan=plan,
        credits=credits,
        requests_per_minute=requests_per_minute,
        concurrent_executions=concurrent_executions,
    )
    show(body_of(created), as_json=as_json)


@app.command("list")
@command
def list_workspaces(stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List the workspaces of the stack, oldest first. Reads the whole table."""
    from domain.entities import workspaces
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    found = workspaces.read_all(stack.find(stack_name).table)
    columns = ("workspace_id", "plan", "credits", "running", "created_at", "name")
    show_list("workspaces", [body_of(one) for one in found], columns, as_json=as_json)


@app.command("show")
@command
def show_workspace(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Show a workspace: its credits, its limits, and how many executions run."""
    from domain.entities import workspaces
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    show(body_of(workspaces.read(stack.find(stack_name).table, workspace)), as_json=as_json)


@app.command()
@command
def update(
    workspace: str,
    name: Annotated[str | None, typer.Option(help="What it is called from now on.")] = None,
    plan: Annotated[Plan | None, typer.Option(help="What it pays for from now on.")] = None,
    requests_per_minute: OwnLimit = None,
    concurrent_executions: OwnLimit = None,
    calls_per_day: DayLimit = None,
    visits_per_day: DayLimit = None,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Change a workspace's name, plan or limits; what is not named stays. Seen from the next minute on."""
    from domain.operations.accounts import update_workspace
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    own = {
        "requests_per_minute": requests_per_minute,
        "concurrent_executions": concurrent_executions,
        "calls_per_day": calls_per_day,
        "visits_per_day": visits_per_day,
    }
    changed = update_workspace(stack.find(stack_name).table, workspace, name=name, plan=plan, own_limits=own)
    show(body_of(changed), as_json=as_json)


@app.command()
@command
def suspend(
    workspace: str,
    stop: Annotated[bool, typer.Option("--stop", help="Stop what runs as well; without it that goes on.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Let nothing be run in a workspace, at once; reading, stopping and deciding still work."""
    from domain.moments import utc_now
    from domain.operations.accounts import suspend_workspace
    from domain.operations.stopping import stop_all
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    found = stack.find(stack_name)
    suspended = suspend_workspace(found.table, utc_now(), workspace)
    stopped = {"stopped": stop_all(found, utc_now(), workspace)} if stop else {}
    show({**body_of(suspended), **stopped}, as_json=as_json)


@app.command()
@command
def resume(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Let a suspended workspace run again."""
    from domain.operations.accounts import resume_workspace
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    show(body_of(resume_workspace(stack.find(stack_name).table, workspace)), as_json=as_json)
