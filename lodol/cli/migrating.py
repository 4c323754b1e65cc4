"""`lodol migrate`: items of older releases get the shape of this one."""

from collections import Counter
from typing import Annotated

import typer

from lodol.cli.console import AsJson, StackName, command, show


@command
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many items of which kinds.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Look at every item again, though all were migrated.")] = False,
    stack_name: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Bring stored items to the shape of this release; killed, it goes on where it was, and done, it does nothing."""
    from domain.entities.executions import Retention
    from domain.moments import utc_now
    from domain.operations import migrations
    from lodol.cli import stack
    from lodol.cli.progress import progress

    found = stack.find(stack_name)
    retention = Retention(*found.retention_days)
    done, looked_at = Counter[str](), 0
    with progress("looked at", found.table.count_items()) as advance:
        for page in migrations.migrate(found.table, utc_now(), retention, is_dry=dry_run, again=again):
            done += page.migrated
            looked_at += page.looked_at
            advance(page.looked_at)
    show(
        {"dry_run": dry_run, "looked_at": looked_at, "migrated": done.total(), **dict(sorted(done.items()))},
        as_json=as_json,
    )
