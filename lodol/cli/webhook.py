"""`lodol webhook`: who is told of what happens in a workspace."""

from typing import Annotated, Any

import typer

from lodol.cli.connection import connect
from lodol.cli.console import AsJson, command, show, show_list
from lodol.cli.profile import ProfileName

app = typer.Typer(no_args_is_help=True, help="Webhooks: addresses that are told of what happens.")

Webhook = Annotated[str, typer.Argument(help="Its id, as `webhook list` shows it.")]
_COLUMNS = ("webhook_id", "status", "failing_since", "event_types", "url")


@app.command()
@command
def create(
    url: Annotated[str, typer.Argument(help="Where events are sent to: an https address.")],
    event: Annotated[
        list[str] | None,
        typer.Option(help="Only events of this type, as execution.failed; may be said more than once."),
    ] = None,
    workflow: Annotated[
        list[str] | None, typer.Option(help="Only about the workflow of this id; may be said more than once.")
    ] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    key: Annotated[str | None, typer.Option("--key", help="An idempotency key.")] = None,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Create a webhook; its secret is shown this once."""
    with connect(profile_name) as client:
        created = client.create_webhook(
            url, event_types=event or (), workflow_ids=workflow or (), description=description, key=key
        )
    show(created.model_dump(), as_json=as_json)


@app.command("list")
@command
def list_webhooks(profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """List the webhooks of the workspace, oldest first."""
    with connect(profile_name) as client:
        rows = [one.model_dump() for one in client.webhooks()]
    show_list("webhooks", rows, _COLUMNS, as_json=as_json)


@app.command("show")
@command
def show_webhook(webhook: Webhook, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Show a webhook: of what it is told, and whether that works."""
    with connect(profile_name) as client:
        show(client.webhook(webhook).model_dump(), as_json=as_json)


@app.command()
@command
def pause(webhook: Webhook, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Deliver nothing to a webhook from now on; what is on its way is given up."""
    with connect(profile_name) as client:
        show(client.pause_webhook(webhook).model_dump(), as_json=as_json)


@app.command()
@command
def resume(webhook: Webhook, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Deliver to a webhook what happens from now on."""
    with connect(profile_name) as client:
        show(client.resume_webhook(webhook).model_dump(), as_json=as_json)


@app.command()
@command
def delete(webhook: Webhook, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Remove a webhook; what is on its way is given up."""
    with connect(profile_name) as client:
        show(client.delete_webhook(webhook).model_dump(), as_json=as_json)


@app.command()
@command
def rotate(webhook: Webhook, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Make a new secret, shown this once; the one before is valid for another day."""
    with connect(profile_name) as client:
        show(client.rotate_webhook_secret(webhook).model_dump(), as_json=as_json)


@app.command("test")
@command
def try_out(webhook: Webhook, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Send a webhook an event of the type webhook.test; `webhook deliveries` shows what came of it."""
    with connect(profile_name) as client:
        show(client.test_webhook(webhook).model_dump(), as_json=as_json)


@app.command()
@command
def deliveries(
    webhook: Webhook,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List what was delivered to a webhook, or is to be, newest first, with what was answered last."""
    from itertools import islice

    with connect(profile_name) as client:
        rows = [one.model_dump() for one in islice(client.deliveries(webhook, page_size=min(limit, 100)), limit)]
    columns = ("delivery_id", "event_type", "status", "created_at", "next_attempt_at", "tried", "answered")
    show_list("deliveries", rows if as_json else list(map(_short, rows)), columns, as_json=as_json)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A delivery on one line: how often it was tried, and what came of the last attempt."""
    last = row["attempts"][-1] if row["attempts"] else {"error": None, "status": None, "answer": None}
    answered = row["error"] or last["error"] or last["status"]
    return {**row, "tried": len(row["attempts"]), "answered": answered}


@app.command()
@command
def redeliver(
    webhook: Webhook,
    delivery: Annotated[str, typer.Argument(help="Its id, as `webhook deliveries` shows it.")],
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Deliver an event once more, under the id that it has."""
    with connect(profile_name) as client:
        show(client.redeliver(webhook, delivery).model_dump(), as_json=as_json)
