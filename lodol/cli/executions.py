"""`lodol run` and `lodol executions`: start runs, follow them, find them again, look into them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.entities.executions import Status
from lodol.cli.connection import connect
from lodol.cli.console import (
    AsJson,
    CannotDo,
    Misused,
    StackName,
    Told,
    command,
    fail,
    print_json,
    say,
    say_line,
    show,
    show_list,
)
from lodol.cli.inputs import Input, read_input
from lodol.cli.moments import read_moment
from lodol.cli.profile import ProfileName

if TYPE_CHECKING:
    from lodol.client import Client
    from lodol.models import History

app = typer.Typer(no_args_is_help=True, help="Executions: found, followed, looked into, stopped, repeated.")

_USUAL = 20
_ID = re.compile(r"[0-9a-f]{24}")

ExecutionId = Annotated[str, typer.Argument(help="Its id, as `executions list` shows it.")]
Workflow = Annotated[str, typer.Argument(help="The workflow's id or its name.")]
Key = Annotated[str | None, typer.Option("--key", help="An idempotency key: repeated with it, it is done once.")]
Watch = Annotated[bool, typer.Option("--watch", help="Follow it to its end; exits with 1 unless it succeeds.")]
OfWorkflow = Annotated[str | None, typer.Option("--workflow", help="Only of this workflow: its id or its name.")]
Since = Annotated[
    str | None, typer.Option(help="Started after: a moment in ISO 8601, or how long ago (30m, 12h, 3d, 1d12h).")
]
Before = Annotated[str | None, typer.Option(help="Started before: likewise.")]


@command
def run(
    workflow: Workflow,
    program_input: Input = None,
    key: Key = None,
    watch: Watch = False,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Start an execution of a workflow."""
    given = None if program_input is None else read_input(program_input)
    with connect(profile_name) as client:
        started = client.run(_workflow_id(client, workflow), given, key=key)
        _follow(client, started.execution_id, started.model_dump(), is_watched=watch, as_json=as_json)


@app.command("list")
@command
def list_executions(
    status: Annotated[
        list[Status] | None, typer.Option(help="Only of this status; may be said more than once.")
    ] = None,
    workflow: OfWorkflow = None,
    since: Since = None,
    before: Before = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many at most; without it 20, and of ids alone all.")
    ] = None,
    only_ids: Annotated[bool, typer.Option("--ids", help="Only their ids, a line each, for the next command.")] = False,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first, those that failed with why."""
    from itertools import islice

    if only_ids and as_json:
        raise Misused("--ids prints lines and --json one object: say one of them.")

    with connect(profile_name) as client:
        found: Any = client.executions(
            status=status or None,  # type: ignore[arg-type]
            workflow_id=workflow and _workflow_id(client, workflow),
            **_between(since, before),
            errors=True,
            page_size=100 if limit is None else min(limit + 1, 100),
        )
        most = limit or (None if only_ids else _USUAL)
        rows = [row.model_dump() for row in islice(found, most and most + 1)]
    has_more = most is not None and len(rows) > most
    rows = rows[:most]
    if only_ids:
        for row in rows:
            say_line(row["execution_id"])
    elif as_json:
        print_json({"executions": rows, "has_more": has_more})
        return
    else:
        columns = ("execution_id", "status", "started_at", "completed_at", "workflow_name", "error")
        show_list("executions", rows, columns, as_json=False)
    if has_more:
        say(f"These are the newest {most}; there are more: --limit", to_errors=True)


@app.command("stuck", rich_help_panel="On a stack, for operators")
@command
def list_stuck(
    only_ids: Annotated[bool, typer.Option("--ids", help="Only their ids, a line each, for the next command.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List running executions that are overdue although reconciliation should have seen to them, and why."""
    from domain.moments import utc_now
    from domain.operations import audits
    from lodol.cli import stack

    if only_ids and as_json:
        raise Misused("--ids prints lines and --json one object: say one of them.")
    rows = [
        {
            "execution_id": one.execution.id,
            "workspace_id": one.execution.workspace_id,
            "overdue_seconds": one.overdue_seconds,
            "workflow_name": one.execution.workflow_name,
            "why": one.why,
        }
        for one in audits.list_stuck(stack.find(stack_name), utc_now())
    ]
    if only_ids:
        for row in rows:
            say_line(str(row["execution_id"]))
        return
    if not rows and not as_json:
        say("No execution is overdue.", to_errors=True)
        return
    columns = ("execution_id", "workspace_id", "overdue_seconds", "workflow_name", "why")
    show_list("executions", rows, columns, as_json=as_json)


@app.command("show")
@command
def show_execution(execution: ExecutionId, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Show an execution with the results of its steps."""
    with connect(profile_name) as client:
        found = client.execution(execution, steps=True).model_dump(exclude_unset=True)
    if as_json:
        print_json(found)
        return
    steps = found.pop("steps")
    show(found, as_json=False)
    for step in steps:
        say()
        show(step, as_json=False)


@app.command("history")
@command
def show_history(execution: ExecutionId, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Show all that an execution has done, and what it waits for."""
    with connect(profile_name) as client:
        history = client.history(execution)
    if as_json:
        print_json(history.model_dump(exclude_unset=True))
        return
    from lodol.cli.watching import lines_of

    for line in lines_of(history):
        say_line(line)


@app.command("input")
@command
def show_input(execution: ExecutionId, profile_name: ProfileName = None) -> None:
    """Print the whole input of an execution as JSON, to be changed and given to `rerun --input @FILE`."""
    import json

    with connect(profile_name) as client:
        say(json.dumps(client.history(execution).input, ensure_ascii=False, indent=2))


@app.command("watch")
@command
def watch_execution(execution: ExecutionId, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Follow an execution to its end; exits with 1 unless it succeeds."""
    with connect(profile_name) as client:
        _follow(client, execution, {}, is_watched=True, as_json=as_json)


@app.command("stop")
@command
def stop_executions(
    execution: Annotated[str | None, typer.Argument(help="Its id; without it, --all.")] = None,
    stop_all: Annotated[bool, typer.Option("--all", help="Every running execution that matches.")] = False,
    workflow: OfWorkflow = None,
    since: Since = None,
    before: Before = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
    key: Key = None,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Stop an execution, or all that match."""
    if execution is None and not stop_all:
        raise Misused("Name one execution, or say --all with what narrows it.")
    if execution is not None and (stop_all or workflow or since or before or dry_run):
        raise Misused(
            "--all, --workflow, --since, --before and --dry-run are for many; leave them out to stop one by its id."
        )
    with connect(profile_name) as client:
        if execution is not None:
            show(client.stop(execution, key=key).model_dump(), as_json=as_json)
            return
        which: dict[str, Any] = {
            "workflow_id": workflow and _workflow_id(client, workflow),
            **_between(since, before),
        }
        if dry_run:
            show({"running": client.count_running(**which)}, as_json=as_json)
        else:
            stopped = client.stop_all(**which)
            show({"stopped": len(stopped), "execution_ids": stopped}, as_json=as_json)


@app.command("rerun")
@command
def rerun(
    execution: ExecutionId,
    program_input: Input = None,
    from_step: Annotated[
        int | None, typer.Option(min=0, help="Take over what the steps before this one gave, and begin there.")
    ] = None,
    from_failed: Annotated[bool, typer.Option("--from-failed", help="Begin at the step that failed.")] = False,
    key: Key = None,
    watch: Watch = False,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Repeat an execution that has ended: the same version, the same input or another one."""
    if from_failed and from_step is not None:
        raise Misused("--from-failed and --from-step say two different things.")
    given: dict[str, Any] = {} if program_input is None else {"input": read_input(program_input)}
    with connect(profile_name) as client:
        if from_failed:
            from_step = _failed_step(client, execution)
        started = client.rerun(execution, from_step=from_step, key=key, **given)
        _follow(client, started.execution_id, started.model_dump(), is_watched=watch, as_json=as_json)


@app.command("open")
@command
def open_execution(
    execution: ExecutionId,
    html: Annotated[Path | None, typer.Option(help="Write the page there, and open nothing.")] = None,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Make a picture of an execution, one page that needs no network, and open it."""
    import tempfile
    import webbrowser

    from domain.moments import utc_now
    from lodol.page import render

    with connect(profile_name) as client:
        page = render(client.history(execution, program=True), utc_now())
    file = html or Path(tempfile.gettempdir()) / f"lodol-{execution}.html"
    try:
        file.write_text(page, "utf-8")
    except OSError as error:
        raise CannotDo(f"{file} cannot be written: {error.strerror}") from None
    opened = {} if html else {"opened": webbrowser.open(file.resolve().as_uri())}
    show({"file": str(file), **opened}, as_json=as_json)


def _follow(client: "Client", execution_id: str, started: dict[str, Any], *, is_watched: bool, as_json: bool) -> None:
    """Show what was started; or follow it, and exit as it ended."""
    if not is_watched:
        show(started, as_json=as_json)
        return
    history = _watched(client, execution_id, as_json=as_json)
    if history.status != "success":
        raise typer.Exit(1)


def _watched(client: "Client", execution_id: str, *, as_json: bool) -> "History":
    from lodol.cli import watching

    try:
        if not as_json:
            return watching.watch(client, execution_id)
        *_, history = client.watch(execution_id)
    except KeyboardInterrupt:
        follow, stop = f"lodol executions watch {execution_id}", f"lodol executions stop {execution_id}"
        fail(Told(f"It goes on. Follow it: {follow}\nStop it: {stop}", "interrupted"), as_json=as_json)
        raise typer.Exit(130) from None
    print_json(history.model_dump(exclude_unset=True))
    return history


def _workflow_id(client: "Client", workflow: str) -> str:
    """The id of a workflow that is named by its id or its name."""
    if _ID.fullmatch(workflow):
        return workflow
    from lodol.errors import ScopeMissing

    names: list[str] = []
    try:
        for found in client.workflows():
            if found.name == workflow:
                return found.workflow_id
            names.append(found.name)
    except ScopeMissing:
        raise CannotDo(
            f"The API key has not the scope workflows:read, and cannot find {workflow!r} by its name; its id will do."
        ) from None
    raise CannotDo(f"There is no workflow named {workflow!r}; there are: {', '.join(names) or 'none'}.")


def _failed_step(client: "Client", execution_id: str) -> int:
    for entry in client.history(execution_id).entries:
        if entry.type == "step" and entry.status != "completed":
            return entry.step
    raise CannotDo(f"No step of execution {execution_id} has failed.")


def _between(since: str | None, before: str | None) -> dict[str, Any]:
    """The moments between which executions have started."""
    after, until = (
        None if text is None else read_moment(text, option)
        for text, option in ((since, "--since"), (before, "--before"))
    )
    if after and until and after >= until:
        raise Misused(f"--since must be earlier than --before; {since} is not earlier than {before}.")
    return {"started_after": after, "started_before": until}
