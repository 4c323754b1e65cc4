"""`lodol restore`: a table as it was at a moment, and the executions of a stack that has been given such a table."""

import time
from collections import Counter
from typing import Annotated, Any

import typer

from lodol.cli.console import AsJson, CannotDo, StackName, command, say, show
from lodol.cli.moments import read_moment

app = typer.Typer(no_args_is_help=True, help="Restores: an older state of the table, and what is right with it.")

_SECONDS_BETWEEN_LOOKS = 5.0


@app.command()
@command
def table(
    moment: Annotated[str, typer.Argument(help="A moment in ISO 8601 of the last 35 days, or how long ago: 90m, 2d.")],
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Make a table of its own as the stack's table was at a moment, with all that a stack needs of it, and wait for it.

    Changes nothing in the stack; killed, it goes on with the same moment. Says which parameters let the stack use it.
    """
    from lodol.cli import stack
    from lodol.cli.progress import progress

    at = read_moment(moment, "MOMENT")
    found = stack.find(stack_name)
    name = found.begin_restore(at)
    with progress("seconds waited") as advance:
        while (described := found.describe_restored(name))["TableStatus"] != "ACTIVE":
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            advance(round(_SECONDS_BETWEEN_LOOKS))
    stream = found.equip_restored(name, described)
    use = f"TableStreamArn={stream} SettingsVersion={name.rpartition('-')[2]}"
    show({"table": name, "stream_arn": stream, "parameters": use}, as_json=as_json)


@app.command()
@command
def executions(
    before: Annotated[
        str | None, typer.Option(help="Only those that Step Functions began before; without it, all until now.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Let running executions go on from what the stack's table knows, and stop what it knows nothing of.

    For a stack that has got an older table. Killed, it goes on with the moment that it has shown first.
    """
    from domain.moments import to_text, utc_now
    from domain.operations import restoring
    from lodol.cli import stack
    from lodol.cli.progress import progress

    found = stack.find(stack_name)
    until = read_moment(before, "--before") if before else utc_now()
    if until > utc_now():
        raise CannotDo("That moment is to come: whatever is right by now would be begun again.")
    say(f"Begun before: {to_text(until)}", to_errors=True)
    done, slots, differing = Counter[str](), list[str](), list[str]()
    with progress("looked at") as advance:
        for what in restoring.continue_executions(found, utc_now(), until, is_dry=dry_run):
            done[what] += 1
            advance(1)
        strays = list(restoring.stop_strays(found, until, is_dry=dry_run))
        for audit, is_wrong in restoring.count_slots(found, utc_now(), is_dry=dry_run):
            slots += [audit.workspace_id] if is_wrong else []
            differing += [audit.workspace_id] if audit.differences else []
            advance(1)
    shown: dict[str, Any] = {
        "dry_run": dry_run,
        "before": to_text(until),
        "continued": done["continued"],
        "stopped": done["stopped"],
        "left": done["left"] + done["moved on"],
        "strays_stopped": strays,
        "slots_counted_anew": slots,
        "to_audit": differing,
    }
    show(shown, as_json=as_json)
