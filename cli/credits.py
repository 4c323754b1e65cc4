"""`lodol credits`: what workspaces pay with."""

import dataclasses
from typing import Annotated

import typer

from cli import stack
from cli.console import AsJson, StackName, command, show, show_list
from domain import audits, workspaces
from domain.moments import utc_now

app = typer.Typer(no_args_is_help=True, help="Credits: grants, and the ledger of them.")


@app.command()
@command
def grant(
    workspace: str,
    amount: int,
    reason: Annotated[str, typer.Option(help="Why; it goes into the ledger.")],
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Grant credits to a workspace."""
    granted = workspaces.grant(stack.find(stack_name).table, utc_now(), workspace, amount, reason)
    show({"workspace_id": granted.id, "credits": granted.credits}, as_json=as_json)


@app.command("list")
@command
def list_ledger(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List the grants and refunds of a workspace, oldest first."""
    table = stack.find(stack_name).table
    workspaces.read(table, workspace)
    columns = ("created_at", "amount", "reason")
    entries = [{column: entry[column] for column in columns} for entry in workspaces.ledger(table, workspace)]
    show_list("credits", entries, columns, as_json=as_json)


@app.command()
@command
def audit(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Recompute the balance from grants, executions and refunds; exits with 1 if anything differs."""
    audited = audits.audit_credits(stack.find(stack_name).table, workspace)
    fields = dataclasses.asdict(audited)
    show({**fields, "differences": list(audited.differences)}, as_json=as_json)
    if audited.differences:
        raise typer.Exit(1)
