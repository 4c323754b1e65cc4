"""`lodol rollback`: what was deployed last is taken back at once, by letting the versions before be live."""

from typing import Annotated

import typer

from lodol.cli.console import AsJson, CannotDo, StackName, command, print_json, show_list


@command
def rollback(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which versions would be live.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Let what was deployed last be live again.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Let the code before what was deployed last be live, in every function; done again, it changes nothing.

    Executions go on, and the next deployment takes over from it. A function that is new has nothing before, and stays.
    """
    from lodol.cli import stack

    found = stack.find(stack_name)
    found.must_be_at_rest()
    functions = list(found.functions())
    targets = [function.deployed if undo else function.before for function in functions]
    if not any(targets):
        raise CannotDo("No function has a version of other code before the one that was deployed last.")
    rows = []
    for function, target in zip(functions, targets, strict=True):
        to = target if target and function.is_elsewhere(target) else None
        if to and not dry_run:
            found.let_be_live(function, to)
        rows.append({"function": function.name, "live": function.live, "to": to})
    rows.sort(key=lambda row: (row["to"] is None, row["function"]))
    if as_json:
        print_json({"dry_run": dry_run, "functions": rows})
        return
    show_list("functions", rows, ["live", "to", "function"], as_json=False)
