"""Reviews: what an execution asks of a person, and how a person answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched

from domain import keys, receipts
from domain.executions import Status
from domain.moments import epoch_seconds, to_text
from domain.program.values import Value, dumps, loads
from domain.receipts import Answer
from domain.refusals import InvalidRequest, ReviewAlreadyDecided, ReviewClosed, ReviewNotFound
from domain.state_machine import StateMachine
from domain.table import Page, Table
from domain.writes import Item, Write

REVIEWS = 100
"""The most reviews of one execution: all of them are read together."""

_COMMENT_CHARACTERS = 4000


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

    def at(self, now: datetime) -> Review:
        """The same review at a moment: its time may be over."""
        if self.decision is not None or self.times_out_at is None or epoch_seconds(now) < self.times_out_at:
            return self
        moment = to_text(datetime.fromtimestamp(self.times_out_at, now.tzinfo))
        return replace(self, decision=self.default_decision, decided_at=moment)

    @property
    def is_pending(self) -> bool:
        """Whether nobody has decided it."""
        return self.decision is None

    def writes(self) -> tuple[Write, ...]:
        """Store a new review: itself, its mark among the pending, and where its execution finds it."""
        item: Item = {
            **{name: value for name, value in _fields(self).items() if value is not None and name != "workspace_id"},
            "content": dumps(self.content),
            "steps": dumps(self.steps),
            "decisions": json.dumps(self.decisions),
        }
        return (
            Write.put(keys.review(self.workspace_id, self.id), item),
            Write.put(keys.pending_review(self.workspace_id, self.id), {"execution_id": self.execution_id}),
            Write.put(keys.asked_review(self.execution_id, self.id), {"workspace_id": self.workspace_id}),
        )


def _fields(review: Review) -> dict[str, object]:
    return {name: getattr(review, name) for name in Review.__slots__}


def from_item(item: Item) -> Review:
    """Read a stored review."""
    return Review(
        id=item["id"],
        workspace_id=item["pk"].removeprefix("WS#"),
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
    )


def read(table: Table, now: datetime, workspace_id: str, review_id: str) -> Review:
    """Read a review of a workspace, or raise `ReviewNotFound`."""
    item = table.get(keys.review(workspace_id, review_id))
    if item is None:
        raise ReviewNotFound
    return from_item(item).at(now)


def of_execution(table: Table, execution_id: str) -> list[Review]:
    """Read every review that an execution has created as it is stored, oldest first."""
    page = Page(keys.ASKED_PREFIX, keys.ASKED_PREFIX + "~")
    asked = [
        keys.review(item["workspace_id"], item["sk"].removeprefix(keys.ASKED_PREFIX))
        for item in table.query(keys.execution_partition(execution_id), page)
    ]
    found = table.get_many(*asked) if asked else {}
    return [from_item(found[key]) for key in asked]


def settle(table: Table, now: datetime, execution_id: str) -> list[Review]:
    """Read every review of an execution as it goes on with them: what is decided by default by now is recorded first.

    From then on nobody decides it any more, so that who is told of a decision and the execution never differ.
    """
    settled = []
    for stored in of_execution(table, execution_id):
        review = stored.at(now)
        if stored.is_pending and review.decision is not None:
            try:
                table.commit(*_decision(review, review.decision, None, review.decided_at or to_text(now)))
            except ReviewAlreadyDecided:
                review = read(table, now, review.workspace_id, review.id)
        settled.append(review)
    return settled


def list_page(
    table: Table, now: datetime, workspace_id: str, limit: int, after: str | None, *, only_pending: bool
) -> list[Review]:
    """Read up to `limit` reviews, newest first, from the position `after` on.

    Pending are those that a person can still decide: undecided, in time, and of a running execution.
    """
    partition = keys.workspace_partition(workspace_id)
    if not only_pending:
        page = Page(keys.REVIEW_PREFIX, keys.last_before(keys.REVIEW_PREFIX, after), newest_first=True, limit=limit)
        return [from_item(item).at(now) for item in table.query(partition, page)]
    prefix = keys.PENDING_PREFIX
    marks = table.query(partition, Page(prefix, keys.last_before(prefix, after), newest_first=True))
    found: list[Review] = []
    for review in _decidable(table, now, workspace_id, marks):
        found.append(review)
        if len(found) == limit:
            break
    return found


def _decidable(table: Table, now: datetime, workspace_id: str, marks: Iterator[Item]) -> Iterator[Review]:
    for some in batched(marks, 50, strict=False):
        at_reviews = [keys.review(workspace_id, mark["sk"].removeprefix(keys.PENDING_PREFIX)) for mark in some]
        at_executions = {keys.execution(workspace_id, mark["execution_id"]) for mark in some}
        found = table.get_many(*at_reviews, *at_executions)
        for key in at_reviews:
            review = from_item(found[key]).at(now)
            status = found[keys.execution(workspace_id, review.execution_id)]["status"]
            if review.is_pending and status == Status.RUNNING.value:
                yield review


def decide(
    table: Table,
    machine: StateMachine,
    now: datetime,
    workspace_id: str,
    review_id: str,
    decision: str,
    comment: str | None,
    idempotency_key: str | None,
) -> Answer:
    """Decide a review, wake its execution if that waited for nothing else, and answer with the body of the 200.

    Raises `ReviewNotFound`, `ReviewAlreadyDecided`, `ReviewClosed` when its execution has ended, `InvalidRequest`
    for a decision that it does not offer, and what an idempotency key may raise.
    """
    if comment is not None and len(comment) > _COMMENT_CHARACTERS:
        raise InvalidRequest(f"comment must have at most {_COMMENT_CHARACTERS} characters.")
    asked: Value = {"decision": decision, "comment": comment}
    claim = receipts.claim(workspace_id, "decide", idempotency_key, review_id, asked)
    at_review = keys.review(workspace_id, review_id)
    found = table.get_many(at_review, *([claim.at] if claim else []))
    if at_review not in found:
        raise ReviewNotFound
    review = from_item(found[at_review]).at(now)
    if review.decision is not None:
        # Whoever decided it may not have lived to wake the execution.
        wake_if_due(table, machine, now, review.execution_id)
    if claim and (answer := claim.replay(found.get(claim.at), now)):
        return answer
    if review.decision is not None:
        raise ReviewAlreadyDecided(review.decision)
    if decision not in review.decisions:
        raise InvalidRequest(f"decision must be one of: {', '.join(review.decisions)}.")
    body = dumps({"review_id": review_id, "status": "decided", "decision": decision})

    def commit() -> Answer:
        table.commit(
            *([claim.receipt(review.execution_id, body, now)] if claim else []),
            *_decision(review, decision, comment, to_text(now)),
            _still_running(review),
        )
        wake_if_due(table, machine, now, review.execution_id)
        return Answer(body)

    return receipts.settle(claim, now, commit)


def _decision(review: Review, decision: str, comment: str | None, decided_at: str) -> tuple[Write, Write]:
    """Decide once; a review that is decided is not among the pending."""
    return (
        Write.update(
            keys.review(review.workspace_id, review.id),
            "SET decision = :decision, #comment = :comment, decided_at = :decided_at",
            condition="attribute_not_exists(decision)",
            values={":decision": decision, ":comment": comment, ":decided_at": decided_at},
            names={"#comment": "comment"},
            refusal=lambda seen: ReviewAlreadyDecided((seen or {})["decision"]),
        ),
        Write.delete(keys.pending_review(review.workspace_id, review.id)),
    )


def _still_running(review: Review) -> Write:
    return Write.check(
        keys.execution(review.workspace_id, review.execution_id),
        "#status = :running",
        values={":running": Status.RUNNING.value},
        names={"#status": "status"},
        refusal=lambda seen: ReviewClosed(seen["status"]) if seen else ReviewNotFound(),
    )


def await_decisions(table: Table, machine: StateMachine, now: datetime, execution_id: str, task_token: str) -> None:
    """Keep the token by which a waiting execution is woken; where all is decided by now, wake it at once.

    Who decides writes first and then looks for a token; this keeps the token first and then looks for decisions.
    So at least one of the two sees the other.
    """
    table.commit(Write.put(keys.task(execution_id), {"token": task_token}))
    wake_if_due(table, machine, now, execution_id)


def wake_if_due(table: Table, machine: StateMachine, now: datetime, execution_id: str) -> bool:
    """Wake an execution that waits for decisions if none is missing; answers whether it was woken."""
    if any(review.at(now).is_pending for review in of_execution(table, execution_id)):
        return False
    waiting = table.get(keys.task(execution_id))
    return waiting is not None and machine.wake_soon(waiting["token"])
