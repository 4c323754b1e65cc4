"""`lodol workspace`: the workspaces of a stack."""

import time
from pathlib import Path
from typing import Annotated

import typer

from domain.entities.workspaces import Plan
from lodol.cli.console import AsJson, CannotDo, StackName, command, is_interactive, say, show, show_list

app = typer.Typer(no_args_is_help=True, help="Workspaces: plan, limits, credits.")

_SCANS = 5
"""A request that came with a key just before it was revoked may still write: another scan finds and deletes that."""

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
    from domain.entities import workspaces
    from domain.moments import utc_now
    from domain.operations.accounts import suspend_workspace
    from domain.operations.stopping import stop_all
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    found = stack.find(stack_name)
    suspended = suspend_workspace(found.table, utc_now(), workspace)
    if not stop:
        show(body_of(suspended), as_json=as_json)
        return
    stopped = stop_all(found, utc_now(), workspace)
    show({**body_of(workspaces.read(found.table, workspace)), "stopped": stopped}, as_json=as_json)


@app.command()
@command
def resume(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Let a suspended workspace run again."""
    from domain.operations.accounts import resume_workspace
    from lodol.cli import stack
    from views.bodies import workspace as body_of

    show(body_of(resume_workspace(stack.find(stack_name).table, workspace)), as_json=as_json)


@app.command("export")
@command
def export_workspace(
    workspace: str,
    folder: Annotated[Path, typer.Argument(help="A folder of its own; one that was begun is gone on with.")],
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Write everything of a workspace into a folder, as JSON Lines, one file for each kind of item; never a secret."""
    from domain.entities import workspaces
    from domain.operations import departures
    from lodol.cli import stack
    from lodol.cli.exporting import Export
    from lodol.cli.progress import progress

    table = stack.find(stack_name).table
    workspaces.read(table, workspace)
    export = Export(folder, workspace)
    with progress("exported") as advance:
        for number in export.write(departures.walk(table, workspace, export.after)):
            advance(number)
    show({"workspace_id": workspace, "folder": str(folder), **dict(sorted(export.items.items()))}, as_json=as_json)


@app.command("delete")
@command
def delete_workspace(
    workspace: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Delete everything of a workspace, and scan the whole table until nothing is left; killed, it is run again."""
    from domain.entities import workspaces
    from domain.moments import utc_now
    from domain.operations import departures
    from lodol.cli import stack
    from lodol.cli.progress import progress

    found = stack.find(stack_name)
    table = found.table
    leaving = workspaces.read(table, workspace)
    if not yes:
        if not is_interactive():
            raise CannotDo("Deleting a workspace cannot be undone: say --yes.")
        typer.confirm(f"Delete {leaving.name!r} and all that it has, for good?", abort=True)
    stopped, revoked = departures.leave(found, utc_now(), workspace)
    forgotten_at = departures.forgotten_at(utc_now())
    ids = departures.Ids()
    deleted = 0
    with progress("executions emptied") as advance:
        for number in departures.empty_executions(table, workspace, ids):
            deleted += number
            advance(1)
    if (seconds := (forgotten_at - utc_now()).total_seconds()) > 0:
        say(f"Waiting {seconds:.0f} s until its API keys are forgotten everywhere.", to_errors=True)
        time.sleep(seconds)
    departures.delete_windows(table, utc_now(), workspace)
    scanned, left = -1, 1
    for _ in range(_SCANS):
        scanned, left = 0, 0
        with progress("scanned", table.count_items()) as advance:
            for number, still_there in departures.find_left(table, workspace, ids):
                scanned += number
                left += table.delete(still_there)
                advance(number)
        deleted += left
        if not left:
            break
    else:
        raise CannotDo("Something still writes for this workspace: run it again in some minutes.")
    with progress("deleted") as advance:
        for number in departures.delete_own(table, workspace):
            deleted += number
            advance(number)
    proof = {"scanned": scanned, "left": left + departures.count_own(table, workspace)}
    show(
        {"workspace_id": workspace, "stopped": stopped, "keys_revoked": revoked, "deleted": deleted, **proof},
        as_json=as_json,
    )
    if proof["left"]:
        raise typer.Exit(1)
