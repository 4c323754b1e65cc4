"""`lodol credits`: what workspaces pay with."""

import dataclasses
import json
from typing import Annotated

import typer

from lodol.cli.console import AsJson, StackName, command, show, show_list

app = typer.Typer(no_args_is_help=True, help="Credits: grants, and the ledger of them.")


# A number below zero is no option: the refusal says what is wrong with it.
@app.command("grant", context_settings={"ignore_unknown_options": True})
@command
def grant_credits(
    workspace: str,
    amount: int,
    reason: Annotated[str, typer.Option(help="Why; it goes into the ledger.")],
    idempotency_key: Annotated[
        str | None, typer.Option("--key", help="An idempotency key: repeated with it, a grant is made once.")
    ] = None,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Grant credits to a workspace."""
    from domain.entities import workspaces
    from domain.moments import utc_now
    from domain.operations.granting import Grant
    from domain.operations.idempotency import carry_out
    from lodol.cli import stack

    found = stack.find(stack_name)
    grant = Grant(now=utc_now(), idempotency_key=idempotency_key, workspace_id=workspace, amount=amount, reason=reason)
    made = json.loads(carry_out(found, grant).body)
    show({**made, "credits": workspaces.read(found.table, workspace).credits}, as_json=as_json)


@app.command("list")
@command
def list_ledger(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List the grants and refunds of a workspace, the grants first, oldest first."""
    from domain.entities import ledger, workspaces
    from lodol.cli import stack

    table = stack.find(stack_name).table
    workspaces.read(table, workspace)
    entries = [
        {
            "created_at": entry.created_at,
            "amount": entry.amount,
            "reason": entry.reason,
            "execution_id": entry.refunded_execution,
        }
        for entry in ledger.read_all(table, workspace)
    ]
    show_list("credits", entries, ("created_at", "amount", "reason", "execution_id"), as_json=as_json)


@app.command()
@command
def audit(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Recompute the balance from grants, executions and refunds; exits with 1 if anything differs."""
    from domain.moments import utc_now
    from domain.operations.audits import audit_credits
    from lodol.cli import stack

    audited = audit_credits(stack.find(stack_name).table, utc_now(), workspace)
    fields = dataclasses.asdict(audited)
    show({**fields, "differences": list(audited.differences)}, as_json=as_json)
    if audited.differences:
        raise typer.Exit(1)
