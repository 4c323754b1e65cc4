"""`lodol events`: what could not be told to others, told after all."""

from typing import Any

import typer

from lodol.cli.console import AsJson, CannotDo, StackName, command, say, show

app = typer.Typer(no_args_is_help=True, help="Events: those that could not be published.")


@app.callback()
def _events() -> None:
    """Keep `replay` a command of its own."""


@app.command()
@command
def replay(stack_name: StackName = None, as_json: AsJson = False) -> None:
    """Publish what could not be published, under the ids it would have had; exits with 1 if anything is left."""
    from domain.moments import utc_now
    from domain.operations.publication import publish
    from lodol.cli import stack
    from views import telling

    found = stack.find(stack_name)
    published, left = 0, 0
    for letter, remove in found.take_event_letters():
        unread: list[Any] = []
        try:
            batch = letter.get("DDBStreamBatchInfo")
            records = found.stream_records(batch) if batch else [letter]
            published += len(publish(found, utc_now(), records, telling.event, unread.append))
        except CannotDo as lost:
            say(lost, to_errors=True)
            unread.append(letter)
        if unread:
            left += 1
        else:
            remove()
    show({"published": published, "left": left}, as_json=as_json)
    if left:
        raise typer.Exit(1)
