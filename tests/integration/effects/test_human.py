"""`human.*`: reviews that a program asks for, waits for and reads, and what is refused of them."""

from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import Any

import pytest

from domain.aws.table import Table
from domain.callables import EFFECTS
from domain.callables.effect import AwaitDecisions, CallContext, Outcome, Recorded
from domain.entities import reviews
from domain.entities.reviews import Review
from domain.program.calls import CallFailed
from domain.program.limits import VALUE_BYTES
from domain.program.values import Value
from tests.integration.effects.conftest import Run
from tests.support.conformance import START
from tests.support.programs import call, let, literal, var

YES_OR_NO: dict[str, Any] = {"decisions": ["yes", "no"], "timeoutSeconds": 60, "defaultDecision": "no"}


@pytest.fixture
def asking(context: CallContext, table: Table) -> CallContext:
    """The context of an execution that has asked nobody yet."""
    return replace(context, table=table)


def at(context: CallContext, seconds: int) -> CallContext:
    return replace(context, now=lambda: START + timedelta(seconds=seconds))


def create(context: CallContext, *arguments: Value) -> Review:
    """Create a review as a slice does: what it gives and its writes together."""
    outcome = EFFECTS["human.create"].perform(context, *arguments)
    assert isinstance(outcome, Recorded)
    context.table.commit(*outcome.writes)
    [review] = [one for one in reviews.of_execution(context.table, context.execution_id) if one.id == outcome.result]
    return review


def wait(context: CallContext) -> Outcome:
    return EFFECTS["human.wait"].perform(context)


def result(context: CallContext, review_id: Value) -> Outcome:
    return EFFECTS["human.result"].perform(context, review_id)


def told(review: Review, decision: str | None = None, decided_at: str | None = None) -> Value:
    """What a program is told of a review."""
    status = "pending" if decision is None else "decided"
    return {"id": review.id, "status": status, "decision": decision, "comment": None, "decided_at": decided_at}


def test_a_program_asks_waits_and_reads_the_decision(run: Run) -> None:
    ran = run(
        let("id", call("human.create", literal("Go?"), literal(None), literal(None), literal(YES_OR_NO))),
        let("all", call("human.wait")),
        let("one", call("human.result", var("id"))),
    )

    review_id, all_of_them, one = ran.outcome[2]
    assert all_of_them == [one]
    assert one == {
        "id": review_id,
        "status": "decided",
        "decision": "no",
        "comment": None,
        "decided_at": "2026-01-15T10:31:00+00:00",
    }


def test_a_review_is_what_was_asked(asking: CallContext) -> None:
    review = create(asking, {"question": "Go?"}, "action", [1], YES_OR_NO)

    assert (review.workspace_id, review.workflow_id) == (asking.workspace_id, asking.workflow_id)
    assert (review.content, review.action_id, review.steps) == ({"question": "Go?"}, "action", [1])
    assert (review.decisions, review.default_decision) == (("yes", "no"), "no")
    assert review.times_out_at == int(START.timestamp()) + 60
    assert review.created_at == "2026-01-15T10:30:00+00:00"


@pytest.mark.parametrize("config", [None, {}, {"timeoutSeconds": None}])
def test_without_a_configuration_it_is_approved_or_rejected_at_any_time(asking: CallContext, config: Value) -> None:
    review = create(asking, None, None, None, config)

    assert (review.decisions, review.times_out_at, review.default_decision) == (("approved", "rejected"), None, None)


def test_a_configuration_may_go_up_to_its_limits(asking: CallContext) -> None:
    decisions: list[Value] = [f"{number:064}" for number in range(20)]

    review = create(
        asking, "?", None, None, {"decisions": decisions, "timeoutSeconds": 5184000, "defaultDecision": decisions[19]}
    )

    assert list(review.decisions) == decisions


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (5, "decisionConfig must be an object"),
        (0, "decisionConfig must be an object"),
        ([], "decisionConfig must be an object"),
        ({"x": 1}, "decisionConfig.x is unknown; decisionConfig has decisions, timeoutSeconds, defaultDecision"),
        ({"decisions": "yes"}, "decisionConfig.decisions must be a list"),
        ({"decisions": []}, "decisionConfig.decisions must not be empty"),
        ({"decisions": ["a"] * 21}, "decisionConfig.decisions must have at most 20 items"),
        ({"decisions": ["a", 1]}, "decisionConfig.decisions.1 must be a string"),
        ({"decisions": [""]}, "decisionConfig.decisions.0 must not be empty"),
        ({"decisions": ["a" * 65]}, "decisionConfig.decisions.0 must have at most 64 characters"),
        ({"timeoutSeconds": "1"}, "decisionConfig.timeoutSeconds must be a whole number"),
        ({"timeoutSeconds": True}, "decisionConfig.timeoutSeconds must be a whole number"),
        ({"timeoutSeconds": 1.5}, "decisionConfig.timeoutSeconds must be a whole number"),
        ({"timeoutSeconds": 0, "defaultDecision": "rejected"}, "decisionConfig.timeoutSeconds must be at least 1"),
        ({"timeoutSeconds": 5184001}, "decisionConfig.timeoutSeconds must be at most 5184000"),
        ({"timeoutSeconds": 1}, "decisionConfig must have both timeoutSeconds and defaultDecision, or neither"),
        ({"defaultDecision": "rejected"}, "decisionConfig must have both timeoutSeconds and defaultDecision, or"),
        (
            {"timeoutSeconds": 1, "defaultDecision": "maybe"},
            "decisionConfig must have a defaultDecision that is one of its decisions",
        ),
        (
            {"decisions": ["yes"], "timeoutSeconds": 1, "defaultDecision": "approved"},
            "decisionConfig must have a defaultDecision that is one of its decisions",
        ),
        ({"defaultDecision": 5}, "decisionConfig.defaultDecision must be a string"),
        ({"defaultDecision": ""}, "decisionConfig.defaultDecision must not be empty"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused(context: CallContext, config: Value, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is compared as a whole
        create(context, "?", None, None, config)

    assert str(refused.value).startswith(sentence)


def test_an_action_is_named_by_a_string(context: CallContext) -> None:
    with pytest.raises(ValueError, match="actionId must be a string, not number"):
        create(context, "?", 5)


@pytest.mark.parametrize(
    "arguments", [["x" * VALUE_BYTES], ["x" * 200_000, "x" * 100_000], ["x" * 200_000, None, "x" * 100_000]]
)
def test_a_review_is_no_larger_than_a_value(context: CallContext, arguments: list[Value]) -> None:
    with pytest.raises(ValueError, match=r"the review takes .* bytes as JSON, over the limit of 262144 for a value"):
        create(context, *arguments)


def test_an_execution_asks_at_most_a_hundred_times(asking: CallContext) -> None:
    first = create(asking, "?")
    others = [replace(first, id=f"{number:024x}") for number in range(98)]
    for some in batched(others, 33, strict=False):
        asking.table.commit(*(write for review in some for write in reviews.create(review)))

    create(asking, "?")
    with pytest.raises(CallFailed, match="the execution reached its limit of 100 reviews"):
        create(asking, "?")


def test_without_reviews_there_is_nothing_to_wait_for(asking: CallContext) -> None:
    assert wait(asking) == []


@pytest.mark.parametrize(
    ("timeouts", "until"), [([60, 90], 90), ([90, 60], 90), ([60, None], None), ([None, 60], None), ([None], None)]
)
def test_it_waits_for_the_last_of_them(asking: CallContext, timeouts: list[int | None], until: int | None) -> None:
    for seconds in timeouts:
        create(asking, "?", None, None, {**YES_OR_NO, "timeoutSeconds": seconds} if seconds else None)

    assert wait(asking) == AwaitDecisions(None if until is None else START + timedelta(seconds=until))


def test_what_is_decided_is_not_waited_for_any_more(asking: CallContext) -> None:
    create(asking, "?", None, None, YES_OR_NO)
    create(asking, "?", None, None, {**YES_OR_NO, "timeoutSeconds": 30})

    assert wait(at(asking, 30)) == AwaitDecisions(START + timedelta(seconds=60))


def test_all_decisions_come_in_the_order_in_which_they_were_asked_for(asking: CallContext) -> None:
    first = create(asking, "?", None, None, YES_OR_NO)
    second = create(at(asking, 1), "?", None, None, {**YES_OR_NO, "timeoutSeconds": 1})

    assert wait(at(asking, 60)) == [
        told(first, "no", "2026-01-15T10:31:00+00:00"),
        told(second, "no", "2026-01-15T10:30:02+00:00"),
    ]


def test_a_result_is_of_the_review_as_it_stands(asking: CallContext) -> None:
    create(asking, "?")
    review = create(asking, "?", None, None, YES_OR_NO)

    assert result(asking, review.id) == told(review)
    assert result(at(asking, 60), review.id) == told(review, "no", "2026-01-15T10:31:00+00:00")


@pytest.mark.parametrize("review_id", ["68d12af3b5f0c1d2e3f4a5b9", None, {"a": 1}])
def test_there_are_no_results_of_what_was_not_asked(asking: CallContext, review_id: Value) -> None:
    create(asking, "?")

    with pytest.raises(CallFailed, match="this execution created no review "):
        result(asking, review_id)


def test_there_are_no_results_of_what_another_execution_asked(asking: CallContext) -> None:
    review = create(asking, "?")

    with pytest.raises(CallFailed, match=f"this execution created no review {review.id}"):
        result(replace(asking, execution_id="68d12af3b5f0c1d2e3f4a5b9"), review.id)
