"""Events: what others are told, each following from the write that made it true, as the table's stream shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from domain.entities import executions, reviews, webhooks
from domain.entities.executions import Execution, Status
from domain.entities.reviews import Review
from domain.entities.webhooks import Webhook
from domain.ids import new_id

if TYPE_CHECKING:
    from domain.aws.stream import Change
    from domain.aws.table import Table
    from domain.aws.writes import Item


class EventType(StrEnum):
    """What has happened."""

    EXECUTION_SUCCEEDED = "execution.succeeded"
    EXECUTION_FAILED = "execution.failed"
    EXECUTION_STOPPED = "execution.stopped"
    REVIEW_ASKED = "review.asked"
    REVIEW_DECIDED = "review.decided"
    WEBHOOK_PAUSED = "webhook.paused"
    WEBHOOK_TEST = "webhook.test"


_ENDS = {
    Status.SUCCESS: EventType.EXECUTION_SUCCEEDED,
    Status.FAILED: EventType.EXECUTION_FAILED,
    Status.STOPPED: EventType.EXECUTION_STOPPED,
}
_REVIEWS = {"asked": EventType.REVIEW_ASKED, "decided": EventType.REVIEW_DECIDED}


class AboutReview(NamedTuple):
    """A review as it was told of, and the execution that has asked for it."""

    execution: Execution
    review: Review


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened at a moment.

    The `sequence` counts the events of what it is `about`, an execution or a webhook, from 1, in the order in which
    they became true; together they are its id, the same however often it is told.
    """

    type: EventType
    about: str
    sequence: int
    at: datetime
    workspace_id: str
    subject: Execution | AboutReview | Webhook

    @property
    def id(self) -> str:
        """Its id."""
        return f"{self.about}-{self.sequence}"

    @property
    def workflow_id(self) -> str | None:
        """The workflow that it is about, if it is about one."""
        match self.subject:
            case AboutReview(execution) | (Execution() as execution):
                return execution.workflow_id
        return None


def read_of(table: Table, change: Change) -> Iterator[Event]:
    """Read the events that a change of the table has made true, in their order; of most changes there are none."""
    before, after = change.before, change.after
    if before is None or after is None:
        return
    if executions.is_execution(after):
        yield from _of_execution(table, before, after)
    elif webhooks.is_webhook(after):
        webhook = webhooks.from_item(after)
        if webhook.pauses > webhooks.from_item(before).pauses:
            yield _event(EventType.WEBHOOK_PAUSED, webhook.pauses, webhook.paused_at, webhook)


def _of_execution(table: Table, before: Item, after: Item) -> Iterator[Event]:
    execution = executions.from_item(after)
    told = executions.review_events_of(before, after)
    at = {event.review_id: reviews.key(execution.workspace_id, event.review_id) for _, event in told}
    found = table.get_many(*at.values()) if at else {}
    for number, event in told:
        if at[event.review_id] not in found:
            continue  # deleted with its workspace, or not of this table, which was restored: nobody asks it any more
        review = reviews.from_item(found[at[event.review_id]])
        if event.kind == "asked":
            # What was decided since is told by an event of its own.
            review = review.as_asked()
        at_moment = review.decided_at or review.created_at
        yield _event(_REVIEWS[event.kind], number, at_moment, AboutReview(execution, review))
    ended = executions.end_of(before, after)
    if ended is not None:
        yield _event(_ENDS[execution.status], ended, execution.completed_at, execution)


def _event(kind: EventType, sequence: int, at: str | None, subject: Execution | AboutReview | Webhook) -> Event:
    of = subject.execution if isinstance(subject, AboutReview) else subject
    return Event(kind, of.id, sequence, datetime.fromisoformat(at or ""), of.workspace_id, subject)


def test_of(webhook: Webhook, now: datetime) -> Event:
    """An event that nothing has made true, for one webhook alone."""
    return Event(EventType.WEBHOOK_TEST, new_id(now), 0, now, webhook.workspace_id, webhook)
