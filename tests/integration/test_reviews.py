"""Reviews: decided once, in time, by people of the workspace, while the execution runs."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.aws.stack import Stack
from domain.aws.table import Table
from domain.engine.slices import run_slice
from domain.entities import executions, reviews, steps, workspaces
from domain.entities.api_keys import Scope
from domain.entities.executions import End, Status
from domain.entities.reviews import Review
from domain.entities.workspaces import Workspace
from domain.moments import to_text
from domain.operations import accounts, deciding
from domain.operations.deciding import Decide
from domain.operations.idempotency import carry_out
from domain.refusals import InvalidRequest, ReviewAlreadyDecided, ReviewClosed, ReviewNotFound
from handlers import get_execution, get_history, get_review, list_executions, list_reviews
from handlers.worker import Worker
from tests.support.conformance import START, World, slices_of, start
from tests.support.given import AtCommit
from tests.support.operations import end
from tests.support.programs import call, let, literal, program
from tests.support.requests import send
from views import bodies

LIMITED = {"decisions": ["yes", "no"], "timeoutSeconds": 60, "defaultDecision": "no"}
OVER = START + timedelta(seconds=60)


@dataclass
class Waiting:
    """An execution that waits for the decision of its only review."""

    stack: Stack
    workspace_id: str
    execution_id: str
    world: World

    @property
    def table(self) -> Table:
        return self.stack.table

    @property
    def review(self) -> Review:
        [review] = reviews.of_execution(self.table, self.execution_id)
        return review

    def decide(self, decision: str, now: datetime = START, *, key: str | None = None, workspace: str = "") -> str:
        whose = workspace or self.workspace_id
        decide = Decide(now=now, idempotency_key=key, workspace_id=whose, review_id=self.review.id, decision=decision)
        return carry_out(self.stack, decide).body

    def go_on(self, now: datetime) -> Any:
        """Run its next slice; answers with what the review has given, if it ended."""
        self.world.now = now
        assert run_slice(slices_of(self.stack, self.world), self.workspace_id, self.execution_id).action == "done"
        state = executions.read_state(self.table, self.workspace_id, self.execution_id)
        return steps.read_all(self.table, state)[1].result

    def pending(self, now: datetime = START) -> list[str]:
        found = reviews.list_page(self.table, now, self.workspace_id, 10, None, only_pending=True)
        return [review.id for review in found]


@pytest.fixture
def waiting(stack: Stack) -> Waiting:
    body = [
        let("id", call("human.create", literal("Go?"), literal(None), literal(None), literal(LIMITED))),
        let("all", call("human.wait")),
    ]
    workspace_id, execution_id = start(stack, program(*body))
    world = World()
    following = run_slice(slices_of(stack, world), workspace_id, execution_id)
    assert following.output(START) == {"action": "await", "seconds": 60}
    return Waiting(stack, workspace_id, execution_id, world)


def test_a_decision_is_what_the_execution_goes_on_with(waiting: Waiting) -> None:
    assert waiting.pending() == [waiting.review.id]

    waiting.decide("yes")

    assert waiting.pending() == []
    [result] = waiting.go_on(START)
    assert (result["status"], result["decision"]) == ("decided", "yes")


def test_without_a_decision_it_goes_on_with_the_default(waiting: Waiting) -> None:
    assert waiting.pending(OVER) == []

    assert waiting.go_on(OVER) == [
        {
            "id": waiting.review.id,
            "status": "decided",
            "decision": "no",
            "comment": None,
            "decided_at": "2026-01-15T10:31:00+00:00",
        }
    ]
    with pytest.raises(ReviewAlreadyDecided, match="no"):
        waiting.decide("yes", OVER)


def test_the_token_of_a_waiting_execution_is_in_no_answer(waiting: Waiting) -> None:
    key, _ = accounts.create_key(waiting.table, START, _workspace(waiting), frozenset(Scope))
    deciding.await_decisions(waiting.stack, START, waiting.execution_id, 1, "the-token")
    assert reviews.read_token(waiting.table, waiting.execution_id) == "the-token"
    worker = Worker(waiting.stack, waiting.world.clock)
    asked = [
        (get_execution.handler, f"/v1/executions/{waiting.execution_id}", {"include_step_results": "true"}),
        (get_history.handler, f"/v1/executions/{waiting.execution_id}/history", {"include_program": "true"}),
        (list_executions.handler, "/v1/executions", None),
        (get_review.handler, f"/v1/reviews/{waiting.review.id}", None),
        (list_reviews.handler, "/v1/reviews", None),
    ]

    for endpoint, path, query in asked:
        status, headers, body = send(worker, endpoint, "GET", path, key, query)
        assert status == 200
        assert "the-token" not in f"{headers}{body}"


def _workspace(waiting: Waiting) -> Workspace:
    return workspaces.read(waiting.table, waiting.workspace_id)


def test_an_execution_is_woken_only_when_nothing_is_pending(waiting: Waiting) -> None:
    waiting.table.commit(reviews.keep_token(waiting.execution_id, 1, "the-token"))

    assert deciding.wake_if_due(waiting.stack, START, waiting.execution_id) == deciding.Waiting(
        (waiting.review,), is_woken=False
    )


def test_a_decision_is_refused_by_those_it_is_not_for_and_for_what_is_not_offered(waiting: Waiting) -> None:
    with pytest.raises(ReviewNotFound):
        waiting.decide("yes", workspace="68d12af3b5f0c1d2e3f4a5b6")
    with pytest.raises(InvalidRequest, match="decision must be one of: yes, no"):
        waiting.decide("maybe")
    assert waiting.review.is_pending


def test_a_review_is_decided_once(waiting: Waiting) -> None:
    first = waiting.decide("yes", key="k")

    with pytest.raises(ReviewAlreadyDecided, match="yes"):
        waiting.decide("no")
    assert waiting.decide("yes", key="k") == first
    assert waiting.review.decision == "yes"


def test_of_two_decisions_at_once_the_second_is_refused(waiting: Waiting, at_commit: AtCommit) -> None:
    at_commit(lambda: waiting.decide("yes"))

    with pytest.raises(ReviewAlreadyDecided, match="yes"):
        waiting.decide("no")
    assert waiting.review.decision == "yes"


def test_of_two_equal_decisions_at_once_the_second_is_a_repeat(waiting: Waiting, at_commit: AtCommit) -> None:
    at_commit(lambda: waiting.decide("yes", key="k"))

    assert '"decision": "yes"' in waiting.decide("yes", key="k").replace('":"', '": "')


def test_a_decision_that_comes_while_the_default_is_taken_is_refused(waiting: Waiting, at_commit: AtCommit) -> None:
    """The request began in time; the execution has gone on with the default before it was carried out."""
    gave: list[Any] = []
    at_commit(lambda: gave.extend(waiting.go_on(OVER)))

    with pytest.raises(ReviewAlreadyDecided, match="no"):
        waiting.decide("yes", OVER - timedelta(seconds=1))
    assert [result["decision"] for result in gave] == ["no"]


def test_a_decision_in_time_wins_over_a_default_that_is_not_yet_taken(waiting: Waiting, at_commit: AtCommit) -> None:
    """The execution has read the review as undecided and its time as over, and takes the default too late."""

    at_commit(lambda: waiting.decide("yes", OVER - timedelta(seconds=1)), nth=2)

    [result] = waiting.go_on(OVER)
    assert result["decision"] == "yes"


def test_a_review_of_what_has_ended_is_not_pending_and_cannot_be_decided(waiting: Waiting) -> None:
    end(waiting.table, waiting.workspace_id, waiting.execution_id, End(Status.STOPPED, START))

    assert waiting.pending() == []
    with pytest.raises(ReviewClosed, match="stopped"):
        waiting.decide("yes")
    closed = reviews.read(waiting.table, OVER, waiting.workspace_id, waiting.review.id)
    assert (bodies.review(closed)["status"], bodies.review(closed)["decision"]) == ("closed", None)
    assert reviews.list_page(waiting.table, OVER, waiting.workspace_id, 9, None, only_pending=False) == [closed]


def test_a_review_whose_execution_is_gone_is_not_found(waiting: Waiting) -> None:
    at = executions.key(waiting.workspace_id, waiting.execution_id)
    gone = {name: {"S": value} for name, value in at._asdict().items()}
    waiting.table._client.delete_item(TableName="table", Key=gone)

    with pytest.raises(ReviewNotFound):
        waiting.decide("yes")


def test_a_list_tells_decided_reviews_of_an_ended_execution_from_closed_ones(waiting: Waiting, dynamodb: Any) -> None:
    first = waiting.review
    other = replace(first, id="f" * 24)
    waiting.decide("yes")
    waiting.table.commit(*reviews.create(other))
    end(waiting.table, waiting.workspace_id, waiting.execution_id, End(Status.STOPPED, START))

    found = reviews.list_page(waiting.table, OVER, waiting.workspace_id, 9, None, only_pending=False)

    assert [(review.id, review.decision, review.is_closed) for review in found] == [
        (other.id, None, True),
        (first.id, "yes", False),
    ]


def test_a_list_of_decided_reviews_asks_for_no_execution(waiting: Waiting, dynamodb: Any) -> None:
    waiting.decide("yes")
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    reviews.list_page(waiting.table, START, waiting.workspace_id, 9, None, only_pending=False)

    assert calls == ["Query"]


def test_a_review_whose_time_is_over_is_decided_before_its_execution_goes_on(waiting: Waiting) -> None:
    with pytest.raises(ReviewAlreadyDecided, match="no"):
        waiting.decide("yes", OVER)


def test_a_review_shows_when_its_time_is_over_if_it_ever_is(waiting: Waiting) -> None:
    assert bodies.review(waiting.review)["times_out_at"] == to_text(OVER)
    assert bodies.review(replace(waiting.review, times_out_at=None))["times_out_at"] is None
