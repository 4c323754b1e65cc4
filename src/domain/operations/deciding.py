"""Deciding: a person answers a review, and the execution that waits for it goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, override

from domain.aws.keys import Key
from domain.aws.stack import Stack
from domain.aws.writes import ConditionNotMet
from domain.entities import reviews
from domain.entities.receipts import Owner, Receipt
from domain.entities.reviews import Review
from domain.moments import is_past, to_text
from domain.operations.idempotency import Found, Operation, Plan
from domain.program.values import Value
from domain.refusals import InvalidRequest, ReviewAlreadyDecided, ReviewNotFound

_COMMENT_CHARACTERS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide(Operation):
    """Decide a review, and wake its execution if that waits for nothing else.

    Refuses with `ReviewNotFound`, `ReviewAlreadyDecided`, `ReviewClosed` when its execution has ended, or
    `InvalidRequest` for a decision that it does not offer or a comment that is too long.
    Model step: Decide.
    """

    name: ClassVar[str] = "decide"

    workspace_id: str
    review_id: str
    decision: str
    comment: str | None = None

    @property
    @override
    def asks(self) -> tuple[str, Value]:
        return self.review_id, {"decision": self.decision, "comment": self.comment}

    @override
    def reads(self) -> tuple[Key, ...]:
        return (reviews.key(self.workspace_id, self.review_id),)

    @override
    def plan(self, found: Found) -> Plan:
        if self.comment is not None and len(self.comment) > _COMMENT_CHARACTERS:
            raise InvalidRequest(f"comment must have at most {_COMMENT_CHARACTERS} characters.")
        review = self._review(found)
        if review is None:
            raise ReviewNotFound
        if review.decision is not None:
            raise ReviewAlreadyDecided(review.decision)
        if self.decision not in review.decisions:
            raise InvalidRequest(f"decision must be one of: {', '.join(review.decisions)}.")
        decided = replace(review, decision=self.decision, comment=self.comment, decided_at=to_text(self.now))
        writes = (*reviews.decide(decided), reviews.hasten_execution(review, self.now))
        body: Value = {"review_id": self.review_id, "status": "decided", "decision": self.decision}
        return Plan(writes, Owner("execution", review.execution_id), body)

    @override
    def follow(self, stack: Stack, found: Found, owner: Owner) -> None:
        wake_if_due(stack, self.now, owner.id)

    @override
    def repair(self, stack: Stack, found: Found, receipt: Receipt | None) -> None:
        """Wake the execution of a review that is decided: the request that decided it may have died before that."""
        review = self._review(found)
        if review is not None and not review.is_pending:
            wake_if_due(stack, self.now, review.execution_id)

    def _review(self, found: Found) -> Review | None:
        [at] = self.reads()
        review = reviews.from_item(found[at]).at(self.now) if at in found else None
        return None if review is None or is_past(review.expires_at, self.now) else review


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reviews of an execution that nobody has decided, and whether it was woken because there are none."""

    pending: tuple[Review, ...]
    is_woken: bool


def await_decisions(stack: Stack, now: datetime, execution_id: str, generation: int, task_token: str) -> None:
    """Keep the token by which a waiting execution is woken; where all is decided by now, wake it at once.

    Who decides writes first and then looks for a token; this keeps the token first and then looks for decisions.
    So at least one of the two sees the other. A generation that another has followed waits for nothing.
    Model step: Keep.
    """
    try:
        stack.table.commit(reviews.keep_token(execution_id, generation, task_token))
    except ConditionNotMet:
        return
    wake_if_due(stack, now, execution_id)


def wake_if_due(stack: Stack, now: datetime, execution_id: str) -> Waiting:
    """Wake an execution that waits for decisions if none is missing; answers what it waits for.

    Model step: Wake.
    """
    asked = reviews.of_execution(stack.table, execution_id)
    pending = tuple(review for review in asked if review.at(now).is_pending)
    # Who has asked nobody waits for nobody, and has left no token.
    token = None if pending or not asked else reviews.read_token(stack.table, execution_id)
    return Waiting(pending, is_woken=token is not None and stack.state_machine.try_wake(token))
