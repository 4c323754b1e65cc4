"""`lodol key`: the API keys of a workspace."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from domain.entities.api_keys import ApiKey, Scope
from lodol.cli.console import AsJson, Misused, StackName, command, show, show_list
from lodol.durations import is_duration, read_duration

Named = Annotated[str, typer.Argument(help="The key's id or prefix, as `key list` shows them.")]

app = typer.Typer(no_args_is_help=True, help="API keys: made, shown once, rotated, revoked.")


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
    show_list("keys", rows, ("key_id", "prefix", "scopes", "created_at", "expires_at", "last_used_at"), as_json=as_json)


@app.command()
@command
def rotate(
    workspace: str,
    key: Named,
    overlap: Annotated[
        str, typer.Option(help="How long the old key is let in beside the new one, from 1m to 30d.")
    ] = "24h",
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Make a key that takes the place of another, with its scopes; it is shown this once."""
    from domain.entities import workspaces
    from domain.moments import utc_now
    from domain.operations import accounts
    from lodol.cli import stack

    lasts = _duration(overlap)
    table = stack.find(stack_name).table
    new, stored, old = accounts.rotate_key(table, utc_now(), workspaces.read(table, workspace), key, lasts)
    replaced = {"replaces": old.id, "replaced_until": _view(old)["expires_at"]}
    show({"key": new, **_view(stored), **replaced}, as_json=as_json)


@app.command()
@command
def revoke(
    workspace: str,
    key: Named,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key: no request that comes after this is let in."""
    from domain.moments import utc_now
    from domain.operations import accounts
    from lodol.cli import stack

    accounts.revoke_key(stack.find(stack_name).table, utc_now(), workspace, key)
    show({"revoked": key}, as_json=as_json)


def _duration(text: str) -> timedelta:
    if is_duration(text):
        try:
            return read_duration(text)
        except OverflowError:
            raise Misused(f"--overlap is too long: {text}.") from None
    raise Misused(f"--overlap must be a duration, as 30m, 12h, 3d or 1d12h; not {text!r}.")


def _view(key: ApiKey) -> dict[str, Any]:
    from domain.moments import to_text

    expires_at = None if key.expires_at is None else to_text(datetime.fromtimestamp(key.expires_at, UTC))
    return {
        "key_id": key.id,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at,
        "expires_at": expires_at,
        "last_used_at": key.last_used_at,
        "replaced_by": key.replaced_by,
    }
