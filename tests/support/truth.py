"""What must have been told, by what the table says."""

from collections.abc import Iterable

from domain.aws.table import Table
from domain.entities import reviews
from domain.entities.executions import Execution, Status

type Told = tuple[str, str, str]
"""An execution, the type of an event, and the review that it is about, if it is about one."""


def events_of(table: Table, runs: Iterable[Execution]) -> set[Told]:
    """The events of executions."""
    told = set()
    for run in runs:
        for review in reviews.of_execution(table, run.id):
            told.add((run.id, "review.asked", review.id))
            if review.decision is not None:
                told.add((run.id, "review.decided", review.id))
        if run.status is not Status.RUNNING:
            kind = "succeeded" if run.status is Status.SUCCESS else run.status.value
            told.add((run.id, f"execution.{kind}", ""))
    return told
