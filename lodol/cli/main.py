"""`lodol`: the command line of those who use the API, and of operators."""

import sys
from typing import Any

import typer

from lodol.cli import (
    cost,
    doctor,
    events,
    executions,
    key,
    migrating,
    profile,
    releasing,
    restoring,
    review,
    top,
    trying,
    webhook,
    workflow,
    workspace,
)
from lodol.cli import credits as credits_commands
from lodol.cli.console import Told, fail

_USE = "With an API key"
_WRITE = "Workflows: their files on this machine, and those of a stack"
_OPERATE = "On a stack, for operators"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Runs workflows, looks into executions, operates a stack.",
    epilog="Exits with 0; with 1 for what cannot be done, has failed, or is wrong; with 2 for what is not understood.",
)
app.command("run", rich_help_panel=_USE)(executions.run)
app.add_typer(executions.app, name="executions", rich_help_panel=_USE)
app.command("cost", rich_help_panel=_USE)(cost.cost)
app.add_typer(review.app, name="review", rich_help_panel=_USE)
app.add_typer(webhook.app, name="webhook", rich_help_panel=_USE)
app.add_typer(profile.app, name="profile", rich_help_panel=_USE)
workflow.app.command("try", rich_help_panel=workflow.ON_THIS_MACHINE)(trying.try_workflow)
workflow.app.command("test", rich_help_panel=workflow.ON_THIS_MACHINE)(trying.run_cases)
app.add_typer(workflow.app, name="workflow", rich_help_panel=_WRITE)
app.add_typer(workspace.app, name="workspace", rich_help_panel=_OPERATE)
app.add_typer(key.app, name="key", rich_help_panel=_OPERATE)
app.add_typer(credits_commands.app, name="credits", rich_help_panel=_OPERATE)
app.add_typer(events.app, name="events", rich_help_panel=_OPERATE)
app.command("doctor", rich_help_panel=_OPERATE)(doctor.doctor)
app.command("top", rich_help_panel=_OPERATE)(top.top)
app.command("migrate", rich_help_panel=_OPERATE)(migrating.migrate)
app.command("rollback", rich_help_panel=_OPERATE)(releasing.rollback)
app.add_typer(restoring.app, name="restore", rich_help_panel=_OPERATE)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; answers with the exit status. Rule: commands "Errors"."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        status: Any = app(given, prog_name="lodol", standalone_mode=False)
    except typer.TyperException as wrong:
        context = getattr(wrong, "ctx", None)
        hint = f" Look: {context.command_path} --help" if context else ""
        said = " ".join(getattr(wrong, "format_message", wrong.__str__)().split())
        if not said:
            return 2  # a group without a command has shown its help
        end = "" if said.endswith((".", "?")) else "."
        fail(Told(f"{said}{end}{hint}", "usage"), as_json="--json" in given)
        return 2
    except typer.Abort:
        return 130
    return status if isinstance(status, int) else 0
