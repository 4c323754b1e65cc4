"""`lodol`: the operator's command line."""

import typer

from lodol.cli import credits as credits_commands
from lodol.cli import doctor, key, review, trying, workflow, workspace

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Operates a stack of Lodol Executions.")
app.add_typer(workspace.app, name="workspace")
app.add_typer(credits_commands.app, name="credits")
app.add_typer(key.app, name="key")
workflow.app.command("try")(trying.try_workflow)
workflow.app.command("test")(trying.run_cases)
app.add_typer(workflow.app, name="workflow")
app.add_typer(review.app, name="review")
app.command("doctor")(doctor.doctor)
