"""`lodol doctor`: what is wrong in a stack."""

import dataclasses

import typer

from domain.moments import utc_now
from domain.operations.audits import examine
from lodol.cli import stack
from lodol.cli.console import AsJson, StackName, command, show


@command
def doctor(stack_name: StackName = None, as_json: AsJson = False) -> None:
    """List what is wrong: overdue executions, leaked slots, and more; exits with 1 if anything is.

    Reads the whole table.
    """
    found = stack.find(stack_name)
    findings = {name: list(ids) for name, ids in dataclasses.asdict(examine(found, utc_now())).items()}
    dead_letters = found.count_dead_letters()
    show({**findings, "dead_letters": dead_letters}, as_json=as_json)
    if dead_letters or any(findings.values()):
        raise typer.Exit(1)
