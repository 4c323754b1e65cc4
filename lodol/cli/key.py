"""`lodol key`: the API keys of a workspace."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from domain.entities.api_keys import ApiKey, Scope
from lodol.cli.console import AsJson, StackName, command, show, show_list

app = typer.Typer(no_args_is_help=True, help="API keys: made, shown once, revoked.")


@app.command()
@command
def create(
    workspace: str,
    scope: Annotated[list[Scope], typer.Option(help="What it may be used for; more than one is possible.")],
    expires_in_days: Annotated[int | None, typer.Option(help="Without it, it does not expire.")] = None,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key; it is shown this once."""
    from domain.entities import workspaces
    from domain.moments import utc_now
    from domain.operations import accounts
    from lodol.cli import stack

    table = stack.find(stack_name).table
    owner = workspaces.read(table, workspace)
    key, stored = accounts.create_key(table, utc_now(), owner, frozenset(scope), expires_in_days)
    show({"key": key, **_view(stored)}, as_json=as_json)


@app.command("list")
@command
def list_keys(workspace: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List the API keys of a workspace, oldest first."""
    from domain.entities import api_keys, workspaces
    from lodol.cli import stack

    table = stack.find(stack_name).table
    workspaces.read(table, workspace)
    rows = [_view(key) for key in api_keys.read_all(table, workspace)]
    show_list("keys", rows, ("key_id", "prefix", "scopes", "created_at", "expires_at"), as_json=as_json)


@app.command()
@command
def revoke(
    workspace: str,
    key: Annotated[str, typer.Argument(help="The key's id or prefix, as `key list` shows them.")],
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key: no request that comes after this is let in."""
    from domain.moments import utc_now
    from domain.operations import accounts
    from lodol.cli import stack

    accounts.revoke_key(stack.find(stack_name).table, utc_now(), workspace, key)
    show({"revoked": key}, as_json=as_json)


def _view(key: ApiKey) -> dict[str, Any]:
    from domain.moments import to_text

    expires_at = None if key.expires_at is None else to_text(datetime.fromtimestamp(key.expires_at, UTC))
    return {
        "key_id": key.id,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": expires_at,
    }
