"""Events: what others are told of, each following from the write that made it true, as the table's stream shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.entities import executions, reviews
from domain.entities.executions import Execution, Status
from domain.entities.reviews import Review

if TYPE_CHECKING:
    from domain.aws.stream import Change
    from domain.aws.table import Table


class EventType(StrEnum):
    """What has happened."""

    EXECUTION_SUCCEEDED = "execution.succeeded"
    EXECUTION_FAILED = "execution.failed"
    EXECUTION_STOPPED = "execution.stopped"
    REVIEW_ASKED = "review.asked"
    REVIEW_DECIDED = "review.decided"


_ENDS = {
    Status.SUCCESS: EventType.EXECUTION_SUCCEEDED,
    Status.FAILED: EventType.EXECUTION_FAILED,
    Status.STOPPED: EventType.EXECUTION_STOPPED,
}
_REVIEWS = {"asked": EventType.REVIEW_ASKED, "decided": EventType.REVIEW_DECIDED}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened, to an execution or to a review of it, at a moment.

    The `sequence` counts the events of the execution from 1, in the order in which they became true; with the
    execution's id it is the event's own id, the same however often it is told.
    """

    type: EventType
    sequence: int
    execution: Execution
    review: Review | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return f"{self.execution.id}-{self.sequence}"

    @property
    def at(self) -> datetime:
        """When it happened."""
        ended, review = self.execution.completed_at, self.review
        at = ended if review is None else review.decided_at or review.created_at
        return datetime.fromisoformat(at or "")


def read_of(table: Table, change: Change) -> Iterator[Event]:
    """Read the events that a change of the table has made true, in their order; of most changes there are none."""
    before, after = change.before, change.after
    if before is None or after is None or not executions.is_execution(after):
        return
    execution = executions.from_item(after)
    told = executions.review_events_of(before, after)
    workspace_id = keys.workspace_of(change.key.pk)
    at = {event.review_id: reviews.key(workspace_id, event.review_id) for _, event in told}
    found = table.get_many(*at.values()) if at else {}
    for number, event in told:
        review = reviews.from_item(found[at[event.review_id]])
        # What was decided since is told by an event of its own.
        shown = review.as_asked() if event.kind == "asked" else review
        yield Event(_REVIEWS[event.kind], number, execution, shown)
    ended = executions.end_of(before, after)
    if ended is not None:
        yield Event(_ENDS[execution.status], ended, execution)
