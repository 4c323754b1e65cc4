"""`lodol review`: what executions ask of people."""

from typing import Annotated

import typer

from domain.entities import reviews, workspaces
from domain.entities.reviews import Review
from domain.moments import utc_now
from domain.operations.deciding import Decide
from domain.operations.idempotency import carry_out
from lodol.cli import stack
from lodol.cli.console import AsJson, StackName, command, show, show_list
from views.reviews import view_of

app = typer.Typer(no_args_is_help=True, help="Reviews: what executions ask of people.")
_PAGE = 100


@app.command("list")
@command
def list_reviews(
    workspace: str,
    pending: Annotated[bool, typer.Option("--pending", help="Only those to be decided.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """List the reviews of a workspace, newest first."""
    table, now = stack.find(stack_name).table, utc_now()
    workspaces.read(table, workspace)
    found: list[Review] = []
    after: str | None = None
    while page := reviews.list_page(table, now, workspace, _PAGE, after, only_pending=pending):
        found += page
        after = page[-1].id
    columns = ("review_id", "execution_id", "status", "decision", "content", "created_at")
    show_list("reviews", [view_of(review).model_dump() for review in found], columns, as_json=as_json)


@app.command("show")
@command
def show_review(workspace: str, review: str, stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Show a review."""
    found = reviews.read(stack.find(stack_name).table, utc_now(), workspace, review)
    show(view_of(found).model_dump(), as_json=as_json)


@app.command()
@command
def decide(
    workspace: str,
    review: str,
    decision: str,
    comment: Annotated[str | None, typer.Option(help="Why.")] = None,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Decide a review, on which its execution goes on."""
    found = stack.find(stack_name)
    carry_out(
        found,
        Decide(now=utc_now(), workspace_id=workspace, review_id=review, decision=decision, comment=comment),
    )
    show(view_of(reviews.read(found.table, utc_now(), workspace, review)).model_dump(), as_json=as_json)
