"""`lodol doctor`: what is wrong in a stack."""

import dataclasses

import typer

from lodol.cli.console import AsJson, StackName, command, print_json, say, show


@command
def doctor(stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List what is wrong: overdue executions, leaked slots, and more; exits with 1 if anything is.

    Looks by indexes; before `lodol migrate` has run once it reads the whole table to find the workspaces.
    """
    from domain.entities import shapes
    from domain.moments import utc_now
    from domain.operations.audits import examine
    from lodol.cli import stack
    from lodol.cli.progress import progress

    found = stack.find(stack_name)
    if not shapes.read_progress(found.table).is_complete:
        about = f"about {found.table.count_items()} items"
        say(f"Not migrated: all of the table, {about}, is read; after lodol migrate it need not be.", to_errors=True)
    with progress("workspaces looked at") as advance:
        examination = examine(found, utc_now(), advance)
    findings = {name: list(ids) for name, ids in dataclasses.asdict(examination).items()}
    dead = {"dead_letters": found.count_dead_letters()}
    shown = {
        **findings,
        **dead,
        "event_dead_letters": found.count_dead_letters("EventDeadLettersUrl"),
        "not_live": found.list_not_live(),
    }
    if as_json:
        print_json(shown)
    elif not any(shown.values()):
        say("All is well.")
    else:
        show({name: what for name, what in shown.items() if what}, as_json=False)
    if any(shown.values()):
        raise typer.Exit(1)
