"""`lodol doctor`: what is wrong in a stack."""

import dataclasses

import typer

from lodol.cli.console import AsJson, StackName, command, print_json, say, show


@command
def doctor(stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List what is wrong: overdue executions, leaked slots, and more; exits with 1 if anything is.

    Reads the whole table.
    """
    from domain.moments import utc_now
    from domain.operations.audits import examine
    from lodol.cli import stack

    found = stack.find(stack_name)
    findings = {name: list(ids) for name, ids in dataclasses.asdict(examine(found, utc_now())).items()}
    dead = {"dead_letters": found.count_dead_letters()}
    shown = {**findings, **dead, "event_dead_letters": found.count_dead_letters("EventDeadLettersUrl")}
    if as_json:
        print_json(shown)
    elif not any(shown.values()):
        say("All is well.")
    else:
        show({name: what for name, what in shown.items() if what}, as_json=False)
    if any(shown.values()):
        raise typer.Exit(1)
