"""Reviews: what an execution asks of a person, the marks by which reviews are found, and the token that wakes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import batched, islice
from typing import TYPE_CHECKING

from domain.aws import keys
from domain.aws.keys import Key, Page
from domain.aws.writes import READ_AT_ONCE, TTL, ConditionNotMet, Item, Write
from domain.entities import executions
from domain.entities.executions import ReviewEvent, Status
from domain.moments import epoch_seconds, is_past, to_text
from domain.program.values import Value, dumps, loads
from domain.refusals import ReviewAlreadyDecided, ReviewClosed, ReviewNotFound

if TYPE_CHECKING:
    from domain.aws.table import Table

REVIEWS = 100
"""The most reviews of one execution: all of them are read together."""

_PREFIX = "REVIEW#"
_PENDING_PREFIX = "PENDING#"
_ASKED_PREFIX = "ASKED#"


@dataclass(frozen=True, slots=True)
class Review:
    """A review as it stands at a moment; past `times_out_at`, in epoch seconds, it is decided by its default."""

    id: str
    workspace_id: str
    workflow_id: str
    execution_id: str
    created_at: str
    content: Value
    action_id: str | None
    steps: Value
    decisions: tuple[str, ...]
    times_out_at: int | None = None
    default_decision: str | None = None
    decision: str | None = None
    comment: str | None = None
    decided_at: str | None = None
    expires_at: int | None = None
    """The second in which it expires, `None` being never."""
    is_closed: bool = False
    """Whether its execution ended before anybody decided it; known only of those that were read for a reader."""

    def at(self, now: datetime) -> Review:
        """The same review at a moment: its time may be over."""
        if self.decision is not None or self.times_out_at is None or epoch_seconds(now) < self.times_out_at:
            return self
        moment = to_text(datetime.fromtimestamp(self.times_out_at, now.tzinfo))
        return replace(self, decision=self.default_decision, decided_at=moment)

    def as_asked(self) -> Review:
        """The same review as it was when it was asked."""
        return replace(self, decision=None, comment=None, decided_at=None)

    @property
    def is_decided_by_default(self) -> bool:
        """Whether it was decided by its time, and by no person: a person decides before that."""
        over = self.times_out_at
        return self.decided_at is not None and over is not None and _epoch(self.decided_at) == over

    @property
    def is_pending(self) -> bool:
        """Whether it can still be decided."""
        return self.decision is None and not self.is_closed


def _epoch(text: str) -> int:
    return epoch_seconds(datetime.fromisoformat(text))


def key(workspace_id: str, review_id: str) -> Key:
    """Where a review stands."""
    return Key(keys.workspace_partition(workspace_id), _PREFIX + review_id)


def _pending_key(workspace_id: str, review_id: str) -> Key:
    """The mark of a review that nobody has decided, so that pending ones are found among many."""
    return Key(keys.workspace_partition(workspace_id), _PENDING_PREFIX + review_id)


def _asked_key(execution_id: str, review_id: str) -> Key:
    """Where an execution finds a review that it created."""
    return Key(keys.execution_partition(execution_id), _ASKED_PREFIX + review_id)


def from_item(item: Item) -> Review:
    """Read a stored review."""
    return Review(
        id=item["id"],
        workspace_id=keys.workspace_of(item["pk"]),
        workflow_id=item["workflow_id"],
        execution_id=item["execution_id"],
        created_at=item["created_at"],
        content=loads(item["content"]),
        action_id=item.get("action_id"),
        steps=loads(item["steps"]),
        decisions=tuple(json.loads(item["decisions"])),
        times_out_at=item.get("times_out_at"),
        default_decision=item.get("default_decision"),
        decision=item.get("decision"),
        comment=item.get("comment"),
        decided_at=item.get("decided_at"),
        expires_at=item.get(TTL),
    )


def read(table: Table, now: datetime, workspace_id: str, review_id: str) -> Review:
    """Read a review of a workspace, or raise `ReviewNotFound`."""
    item = table.get(key(workspace_id, review_id))
    for review in _as_they_stand(table, now, [from_item(item)] if item else []):
        return review
    raise ReviewNotFound


def _as_they_stand(table: Table, now: datetime, found: Iterable[Review]) -> Iterator[Review]:
    """Reviews at a moment, but for those that have expired.

    One that is stored as undecided, of an execution that has ended, is closed: the default of a review whose time is
    over is recorded before its execution goes on with it.
    """
    kept = (review for review in found if not is_past(review.expires_at, now))
    for some in batched(kept, READ_AT_ONCE, strict=False):
        undecided = {executions.key(one.workspace_id, one.execution_id) for one in some if one.decision is None}
        states = table.get_many(*undecided)
        ended = {at for at, item in states.items() if executions.from_item(item).status is not Status.RUNNING}
        for one in some:
            is_closed = one.decision is None and executions.key(one.workspace_id, one.execution_id) in ended
            yield replace(one, is_closed=True) if is_closed else one.at(now)


def of_execution(table: Table, execution_id: str) -> list[Review]:
    """Read every review that an execution has created as it is stored, oldest first."""
    asked = [
        key(mark["workspace_id"], mark["sk"].removeprefix(_ASKED_PREFIX))
        for mark in table.query(keys.execution_partition(execution_id), Page.whole(_ASKED_PREFIX))
    ]
    found = table.get_many(*asked)
    # DynamoDB deletes what has expired in no order: a mark may outlive its review.
    return [from_item(found[at]) for at in asked if at in found]


def count_of(table: Table, execution_id: str) -> int:
    """How many reviews an execution has created, of which none is read."""
    return sum(1 for _ in table.query(keys.execution_partition(execution_id), Page.whole(_ASKED_PREFIX), ("sk",)))


def list_page(
    table: Table, now: datetime, workspace_id: str, limit: int, after: str | None, *, only_pending: bool
) -> list[Review]:
    """Read up to `limit` reviews, newest first, from the position `after` on.

    Pending are those that a person can still decide: undecided, in time, and of a running execution.
    """
    partition = keys.workspace_partition(workspace_id)
    if not only_pending:
        rows = table.query(partition, Page.newest(_PREFIX, after, limit))
        return list(_as_they_stand(table, now, map(from_item, rows)))
    marks = table.query(partition, Page.newest(_PENDING_PREFIX, after))
    stand = _as_they_stand(table, now, _marked(table, workspace_id, marks))
    return list(islice((review for review in stand if review.is_pending), limit))


def _marked(table: Table, workspace_id: str, marks: Iterator[Item]) -> Iterator[Review]:
    at_reviews = (key(workspace_id, mark["sk"].removeprefix(_PENDING_PREFIX)) for mark in marks)
    return map(from_item, table.walk_items(at_reviews))


def create(review: Review) -> tuple[Write, ...]:
    """Store a new review: itself, its mark among the pending, and where its execution finds it."""
    kept_elsewhere = {"workspace_id", "is_closed", "expires_at"}
    fields = {name: value for name, value in asdict(review).items() if value is not None and name not in kept_elsewhere}
    item: Item = {
        **fields,
        "content": dumps(review.content),
        "steps": dumps(review.steps),
        "decisions": json.dumps(review.decisions),
    }
    return (
        Write.put(key(review.workspace_id, review.id), item),
        Write.put(_pending_key(review.workspace_id, review.id), {"execution_id": review.execution_id}),
        Write.put(_asked_key(review.execution_id, review.id), {"workspace_id": review.workspace_id}),
    )


def decide(decided: Review) -> tuple[Write, Write]:
    """Store how a review is decided, once, or refuse with `ReviewAlreadyDecided`; it is not among the pending then."""
    return (
        Write.update(
            key(decided.workspace_id, decided.id),
            "SET decision = :decision, #comment = :comment, decided_at = :decided_at",
            condition="attribute_not_exists(decision)",
            values={
                ":decision": decided.decision,
                ":comment": decided.comment,
                ":decided_at": decided.decided_at,
            },
            names={"#comment": "comment"},
            refusal=lambda seen: ReviewAlreadyDecided((seen or {})["decision"]),
        ),
        Write.delete(_pending_key(decided.workspace_id, decided.id)),
    )


def hasten_execution(review: Review, now: datetime) -> Write:
    """Let the execution of a decided review be due soon, or refuse with `ReviewClosed` if it does not run any more."""
    return executions.hasten(
        review.workspace_id,
        review.execution_id,
        now,
        ReviewEvent("decided", review.id),
        refusal=lambda seen: ReviewClosed(seen["status"]) if seen else ReviewNotFound(),
    )


def take_defaults(table: Table, now: datetime, execution_id: str) -> list[Review]:
    """Read every review of an execution that goes on with them; what is decided by default by now is recorded first.

    From then on nobody else decides it, so a person and the execution never see different decisions. Of an execution
    that has ended meanwhile nothing is recorded, as whatever its slice would do next.
    """
    found = []
    for stored in of_execution(table, execution_id):
        review = stored.at(now)
        if review is not stored:
            try:
                decided = executions.note_event(review.workspace_id, execution_id, ReviewEvent("decided", review.id))
                table.commit(*decide(review), decided)
            except ReviewAlreadyDecided:
                review = read(table, now, review.workspace_id, review.id)
            except ConditionNotMet:
                pass
        found.append(review)
    return found


def _token_key(execution_id: str) -> Key:
    return Key(keys.execution_partition(execution_id), "TASK")


def keep_token(execution_id: str, generation: int, task_token: str) -> Write:
    """Store the token by which a generation that waits for decisions is woken; nobody is shown it.

    The token of a later generation stays (`ConditionNotMet`).
    """
    kept = Write.put(
        _token_key(execution_id),
        {"token": task_token, "generation": generation},
        condition="attribute_not_exists(generation) OR generation <= :generation",
        values={":generation": generation},
    )
    return kept.expiring(executions.latest_end(execution_id))


def read_token(table: Table, execution_id: str) -> str | None:
    """Read the token of an execution that waits, or has waited, for decisions."""
    item = table.get(_token_key(execution_id))
    return item["token"] if item else None
