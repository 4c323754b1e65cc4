"""`lodol review`: what executions ask of people."""

from typing import Annotated

import typer

from lodol.cli.connection import connect
from lodol.cli.console import AsJson, command, show, show_list
from lodol.cli.profile import ProfileName

app = typer.Typer(no_args_is_help=True, help="Reviews: what executions ask of people.")


@app.command("list")
@command
def list_reviews(
    pending: Annotated[bool, typer.Option("--pending", help="Only those to be decided.")] = False,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List the reviews of the workspace, newest first."""
    with connect(profile_name) as client:
        rows = [review.model_dump() for review in client.reviews(pending=pending)]
    columns = ("review_id", "execution_id", "status", "decisions", "decision", "created_at", "content")
    show_list("reviews", rows, columns, as_json=as_json)


@app.command("show")
@command
def show_review(review: str, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Show a review."""
    with connect(profile_name) as client:
        show(client.review(review).model_dump(), as_json=as_json)


@app.command()
@command
def decide(
    review: str,
    decision: str,
    comment: Annotated[str | None, typer.Option(help="Why.")] = None,
    key: Annotated[str | None, typer.Option("--key", help="An idempotency key.")] = None,
    profile_name: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Decide a review, on which its execution goes on."""
    with connect(profile_name) as client:
        client.decide(review, decision, comment, key=key)
        show(client.review(review).model_dump(), as_json=as_json)
