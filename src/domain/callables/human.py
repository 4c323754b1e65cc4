"""`human.*`: reviews for people, who never see what their execution waits with."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.callables.arguments import parsed
from domain.callables.effect import AwaitDecisions, CallContext, Outcome, Recorded, effect
from domain.entities import reviews
from domain.entities.executions import ReviewEvent
from domain.entities.reviews import REVIEWS, Review
from domain.ids import new_id
from domain.moments import epoch_seconds, to_text
from domain.program.calls import CallFailed
from domain.program.limits import EXECUTION_SECONDS
from domain.program.values import Value, ensure_storable, kind_of, text_of

type Decision = Annotated[str, Field(min_length=1, max_length=64)]


class DecisionConfig(BaseModel):
    """Which decisions a review offers, and which one is taken when its time is over."""

    model_config = ConfigDict(extra="forbid", strict=True)

    decisions: Annotated[list[Decision], Field(min_length=1, max_length=20)] = Field(
        default_factory=lambda: ["approved", "rejected"]
    )
    timeoutSeconds: Annotated[int, Field(ge=1, le=EXECUTION_SECONDS)] | None = None  # noqa: N815 - the field's own name
    defaultDecision: Decision | None = None  # noqa: N815 - the field's own name

    @model_validator(mode="after")
    def _belongs_together(self) -> Any:
        if (self.timeoutSeconds is None) != (self.defaultDecision is None):
            raise ValueError("must have both timeoutSeconds and defaultDecision, or neither")
        if self.defaultDecision is not None and self.defaultDecision not in self.decisions:
            raise ValueError("must have a defaultDecision that is one of its decisions")
        return self


def _action(action_id: Value) -> str | None:
    if action_id is not None and not isinstance(action_id, str):
        raise ValueError(f"actionId must be a string, not {kind_of(action_id)}")
    return action_id


@effect(
    "human.create",
    "content, actionId?, steps?, decisionConfig?",
    "Asks a person for a review; `decisionConfig` is `{decisions?, timeoutSeconds?, defaultDecision?}`, and offers "
    "`approved` and `rejected` without it.",
    gives="the review's id",
    reaches_out=True,
    reads={"decisionConfig": DecisionConfig},
    checks={"actionId": _action},
)
def create(
    context: CallContext,
    content: Value,
    action_id: Value = None,
    steps: Value = None,
    decision_config: Value = None,
) -> Outcome:
    """Create a review, in the same write as the journal's entry of it: once, whatever crashes."""
    config = parsed(DecisionConfig, decision_config, "decisionConfig")
    action = _action(action_id)
    ensure_storable([content, action_id, steps], "the review")
    if reviews.count_of(context.table, context.execution_id) >= REVIEWS:
        raise CallFailed(f"the execution reached its limit of {REVIEWS} reviews")
    now = context.now()
    times_out = None if config.timeoutSeconds is None else now + timedelta(seconds=config.timeoutSeconds)
    review = Review(
        id=new_id(now),
        workspace_id=context.workspace_id,
        workflow_id=context.workflow_id,
        execution_id=context.execution_id,
        created_at=to_text(now),
        content=content,
        action_id=action,
        steps=steps,
        decisions=tuple(config.decisions),
        times_out_at=None if times_out is None else epoch_seconds(times_out),
        default_decision=config.defaultDecision,
    )
    return recorded(review)


def recorded(review: Review) -> Recorded:
    """The result of a call that has asked for a review, with all that becomes true by it."""
    return Recorded(review.id, reviews.create(review), (ReviewEvent("asked", review.id),))


@effect(
    "human.wait",
    "",
    "Waits until every review that this execution created is decided.",
    gives="list of `{id, status, decision, comment, decided_at}`, oldest first",
    reaches_out=True,
)
def wait(context: CallContext) -> Outcome:
    """Wait for people, with no Lambda running meanwhile."""
    asked = reviews.take_defaults(context.table, context.now(), context.execution_id)
    pending = [review for review in asked if review.is_pending]
    if not pending:
        return [_result(review) for review in asked]
    timeouts = [review.times_out_at for review in pending if review.times_out_at is not None]
    if len(timeouts) < len(pending):
        return AwaitDecisions(None)
    return AwaitDecisions(datetime.fromtimestamp(max(timeouts), context.now().tzinfo))


@effect(
    "human.result",
    "id",
    "The decision of a review that this execution created.",
    gives="`{id, status, decision, comment, decided_at}`; status is `pending` or `decided`",
    reaches_out=True,
)
def result(context: CallContext, review_id: Value) -> Outcome:
    """Read a review as it stands."""
    for review in reviews.take_defaults(context.table, context.now(), context.execution_id):
        if review.id == review_id:
            return _result(review)
    raise CallFailed(f"this execution created no review {text_of(review_id)[:60]}")


def _result(review: Review) -> Value:
    return {
        "id": review.id,
        "status": "pending" if review.is_pending else "decided",
        "decision": review.decision,
        "comment": review.comment,
        "decided_at": review.decided_at,
    }
