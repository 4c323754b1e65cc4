"""The rules of `make day`: what is planned follows from the seed, and whatever is not as promised is found."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.operations.outcomes import PLATFORM_FAILED
from scripts.day import plan
from scripts.day.facts import Answer, Ended, Facts, Heard, Team
from scripts.day.figures import figures
from scripts.day.judgement import judge
from scripts.day.plan import Incident, Kind, Order, Trouble
from scripts.day.receiver import Receiver
from scripts.day.workflows import POSTS, REASON, workflows
from scripts.marked import write_between
from tests.support.site import Said, Seen

PURE, FAILED, STOPPED, BROKEN, REVIEWED, CALLED = (f"{number:024x}" for number in range(6))
WORKSPACE, REVIEW = "a" * 24, "b" * 24
DAY = 600.0


def heard(
    execution_id: str, sequence: int, kind: str, at: float = 1768473000, answered: int = 204, **more: str
) -> Heard:
    event = {
        "id": f"{execution_id}-{sequence}",
        "type": kind,
        "timestamp": "2026-01-15T10:30:00+00:00",
        "workspace_id": WORKSPACE,
        "sequence": sequence,
        "data": {"execution_id": execution_id, **more},
    }
    return Heard(at, answered, json.dumps(event), event)


def answer(execution_id: str, kind: Kind) -> Answer:
    return Answer(f"key of {execution_id}", kind, 202, "", execution_id, f"body of {execution_id}")


def call(execution_id: str, nth: int) -> str:
    return f"{execution_id}:0:{nth}"


def team() -> Team:
    """Of each kind one that went as it should, one that was refused, and an event that came twice."""
    return Team(
        name="Large",
        workspace_id=WORKSPACE,
        granted=10,
        answers=(
            answer(PURE, Kind.PURE),
            answer(PURE, Kind.PURE),
            answer(FAILED, Kind.FAILS),
            answer(STOPPED, Kind.STOPPED),
            answer(BROKEN, Kind.BROKEN),
            answer(REVIEWED, Kind.REVIEWED),
            answer(CALLED, Kind.CALLS),
            Answer("too many", Kind.PURE, 429, "concurrency_limit_reached"),
        ),
        executions=(
            Ended(PURE, "success"),
            Ended(FAILED, "failed", f"Step 2 failed: {REASON}", calls=(call(FAILED, 1),)),
            Ended(STOPPED, "stopped", is_stopped=True),
            Ended(BROKEN, "failed", PLATFORM_FAILED, 3),
            Ended(REVIEWED, "success"),
            Ended(CALLED, "success", None, 2, (call(CALLED, 0), *(call(CALLED, nth) for nth in range(POSTS)))),
        ),
        told=frozenset(
            {
                (PURE, "execution.succeeded", ""),
                (FAILED, "execution.failed", ""),
                (STOPPED, "execution.stopped", ""),
                (BROKEN, "execution.failed", ""),
                (REVIEWED, "review.asked", REVIEW),
                (REVIEWED, "review.decided", REVIEW),
                (REVIEWED, "execution.succeeded", ""),
                (CALLED, "execution.succeeded", ""),
            }
        ),
        heard=(
            heard(PURE, 1, "execution.succeeded", answered=503),
            heard(PURE, 1, "execution.succeeded", at=1768473060),
            heard(PURE, 1, "execution.succeeded", at=1768473070),
            heard(FAILED, 1, "execution.failed", at=1768473004),
            heard(STOPPED, 1, "execution.stopped"),
            heard(BROKEN, 1, "execution.failed"),
            heard(REVIEWED, 3, "execution.succeeded"),
            heard(REVIEWED, 1, "review.asked", review_id=REVIEW),
            heard(REVIEWED, 2, "review.decided", review_id=REVIEW),
            heard(CALLED, 1, "execution.succeeded"),
        ),
        audit={"differences": (), "balance": 5, "slots_taken": 0},
        decided={REVIEW: "approved"},
        decisions={REVIEW: "approved"},
    )


def facts(of: Team) -> Facts:
    live = {"run": "1"}, {"run": "2"}, {"run": "1"}
    return Facts(
        (of,), {"overdue_executions": [], "dead_letters": 0, "not_live": ["run"]}, open_deliveries=0, live=live
    )


def without(some: tuple[Any, ...], nth: int) -> tuple[Any, ...]:
    return (*some[:nth], *some[nth + 1 :])


def instead(some: tuple[Any, ...], nth: int, **changed: Any) -> tuple[Any, ...]:
    return (*some[:nth], replace(some[nth], **changed), *some[nth + 1 :])


def test_a_day_on_which_all_went_as_promised_is_found_to_be_so() -> None:
    assert judge(facts(team())) == []


STRANGER = f"{9:024x}"
FORGED = replace(heard(PURE, 1, "execution.succeeded"), event=None)
MISNAMED = json.loads(heard(STOPPED, 1, "execution.stopped").body) | {"id": f"{STOPPED}-7"}
OF_OTHERS = json.loads(heard(PURE, 1, "execution.succeeded").body) | {"workspace_id": "c" * 24}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda t: {"heard": without(t.heard, 4)},
            f"the event ('{STOPPED}', 'execution.stopped', '') has never arrived",
        ),
        (lambda t: {"heard": t.heard[:1] + t.heard[3:]}, f"'{PURE}', 'execution.succeeded', '') has never arrived"),
        (lambda t: {"heard": without(t.heard, 7)}, f"'review.asked', '{REVIEW}') has never arrived"),
        (lambda t: {"heard": (*t.heard, FORGED)}, "1 messages were not signed"),
        (
            lambda t: {"heard": (*t.heard, heard(STRANGER, 1, "execution.stopped"))},
            f"('{STRANGER}', 'execution.stopped', '') was told, and has not happened",
        ),
        (
            lambda t: {"heard": (*t.heard, heard(PURE, 2, "execution.failed"))},
            f"the execution {PURE} has its ends at [1, 2] of 2 events",
        ),
        (
            lambda t: {"heard": (*t.heard, replace(t.heard[1], body=t.heard[1].body + " "))},
            f"the event {PURE}-1 was told in more than one way",
        ),
        (
            lambda t: {"heard": (*t.heard, replace(t.heard[1], event=OF_OTHERS, body=json.dumps(OF_OTHERS)))},
            f"the event {PURE}-1 is of another workspace",
        ),
        (
            lambda t: {"heard": (*without(t.heard, 4), heard(STOPPED, 2, "execution.stopped"))},
            f"the events of {STOPPED} are counted [2]",
        ),
        (
            lambda t: {"heard": instead(t.heard, 4, event=MISNAMED, body=json.dumps(MISNAMED))},
            f"the events of {STOPPED} are named ['{STOPPED}-7']",
        ),
        (
            lambda t: {"heard": (*without(t.heard, 8), heard(REVIEWED, 4, "review.decided", review_id=REVIEW))},
            f"the execution {REVIEWED} has its ends at [3] of 3 events",
        ),
        (lambda t: {"executions": instead(t.executions, 0, status="running")}, f"{PURE} (pure steps) is running"),
        (lambda t: {"executions": instead(t.executions, 1, status="success")}, f"{FAILED} (fails by its program) is"),
        (lambda t: {"executions": instead(t.executions, 1, error="Step 0 failed")}, "has failed for another reason"),
        (lambda t: {"executions": instead(t.executions, 2, status="success")}, "was stopped, and is success"),
        (
            lambda t: {"executions": instead(t.executions, 3, error=REASON)},
            f"{BROKEN} (computes, and is lost before it is through, again and again) is",
        ),
        (lambda t: {"executions": instead(t.executions, 5, calls=(call(CALLED, 1),))}, "made 1 calls, and should have"),
        (lambda t: {"executions": instead(t.executions, 0, calls=("x:0:1",))}, "made 1 calls, and should have made 0"),
        (lambda t: {"executions": without(t.executions, 0)}, f"{PURE} was admitted and is not there"),
        (lambda t: {"executions": (*t.executions, Ended(STRANGER, "success"))}, f"{STRANGER} is there, and nobody was"),
        (
            lambda t: {"answers": instead(t.answers, 1, execution_id=FAILED, body="other")},
            f"the key key of {PURE} was answered in more than one way",
        ),
        (
            lambda t: {"answers": (*t.answers, Answer("x", Kind.PURE, 404, "route_not_found"))},
            "x was answered 404 route",
        ),
        (lambda t: {"answers": (*t.answers, Answer("x", Kind.PURE, 401, "invalid_key"))}, "x was answered 401 invalid"),
        (
            lambda t: {"audit": {**t.audit, "balance": 4}},
            "the balance is 4, and grants, executions and refunds make it 5",
        ),
        (lambda t: {"unanswered": ("POST /x",)}, "nobody knows what came of POST /x"),
        (lambda t: {"audit": {**t.audit, "slots_taken": 1}}, "1 slots are taken, and nothing runs"),
        (lambda t: {"audit": {**t.audit, "differences": ("it is odd",)}}, "the audit finds that it is odd"),
        (lambda t: {"decisions": {REVIEW: "rejected"}}, f"the review {REVIEW} was decided approved, and is rejected"),
        (lambda t: {"decisions": {}}, f"the review {REVIEW} was decided approved, and is None"),
    ],
)
def test_whatever_is_not_as_promised_is_found(change: Callable[[Team], dict[str, Any]], sentence: str) -> None:
    found = judge(facts(replace(team(), **change(team()))))

    assert any(sentence in one for one in found), found


def test_an_execution_that_nobody_asked_for_is_found_once() -> None:
    strange = replace(
        team(), executions=(*team().executions, Ended(STRANGER, "failed", "?", 1, ("x:0:1",))), granted=11
    )

    assert judge(facts(strange)) == [f"Large: the execution {STRANGER} is there, and nobody was told so"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"doctor": {"dead_letters": 1, "not_live": ["run"]}}, "doctor finds dead_letters: 1"),
        ({"doctor": {"dead_letters": 0, "not_live": []}}, "doctor takes for live what was deployed last: ['run']"),
        ({"open_deliveries": 2}, "2 deliveries are still open"),
        ({"live": ({"run": "1"}, {"run": "1"}, {"run": "1"})}, "run was not upgraded"),
        ({"live": ({"run": "1"}, {"run": "2"}, {"run": "2"})}, "run was not rolled back"),
        ({"live": ({"run": "1"},)}, "there were 0 deployments, and should have been an upgrade and a rollback"),
    ],
)
def test_what_is_wrong_with_the_stack_is_found(change: dict[str, Any], sentence: str) -> None:
    assert judge(replace(facts(team()), **change)) == [sentence]


def test_a_day_follows_from_its_seed() -> None:
    assert plan.orders(7, DAY) == plan.orders(7, DAY) != plan.orders(8, DAY)
    assert plan.incidents(7, DAY) == plan.incidents(7, DAY) != plan.incidents(8, DAY)


@pytest.mark.parametrize("seed", range(20))
def test_every_day_has_something_of_everything_in_it(seed: int) -> None:
    orders, incidents = plan.orders(seed, DAY), plan.incidents(seed, DAY)

    assert {one.kind for one in orders} == set(Kind)
    assert {one.team for one in orders} == {plan.LARGE, plan.SMALL}
    assert {one.times for one in orders} == {1, 2, 3}
    assert {one.trouble for one in incidents} == set(Trouble)
    assert [one.at for one in orders] == sorted(one.at for one in orders)
    assert all(0 < moment < DAY for moment in (*(one.at for one in orders), *(one.at for one in incidents)))
    assert [one.number for one in orders] == list(range(len(orders)))
    of = {one.number: one for one in orders}
    assert all(is_rerun_of(one, of[one.of or 0]) for one in orders if one.kind is Kind.RERUN)
    upgrade, rollback = (at(incidents, trouble) for trouble in (Trouble.UPGRADE, Trouble.ROLL_BACK))
    assert DAY / 4 < upgrade < rollback < 3 * DAY / 4


def is_rerun_of(order: Order, original: Order) -> bool:
    return original.kind is Kind.FAILS and original.team == order.team and original.at < order.at


def at(incidents: list[Incident], trouble: Trouble) -> float:
    [one] = [one for one in incidents if one.trouble is trouble]
    return one.at


def test_the_small_workspace_has_too_few_credits_before_the_grant_and_after_it() -> None:
    orders = plan.orders(1, DAY)
    wanted = Counter(one.team for one in orders)

    assert sum(plan.credits_of(orders, plan.LARGE)) == wanted[plan.LARGE]
    first, granted = plan.credits_of(orders, plan.SMALL)
    assert 0 < first + granted < wanted[plan.SMALL]


def test_there_is_a_workflow_for_each_kind_of_run_that_is_not_a_rerun() -> None:
    assert set(workflows("http://steady", "http://flaky")) == set(Kind) - {Kind.RERUN}


def test_a_receiver_fails_half_of_all_messages_and_no_event_more_than_three_times() -> None:
    receiver = Receiver("seed")
    failures: Counter[str] = Counter()
    arrived, number = set[str](), 0
    while len(arrived) < 1000:
        # As they come: what fails comes again.
        event_id = f"event-{number % 1000}"
        number += 1
        if event_id in arrived:
            continue
        said = receiver.choose(event_id)
        if isinstance(said, Said) and said.status == 204:
            arrived.add(event_id)
        else:
            failures[event_id] += 1

    assert set(failures.values()) == {1, 2, 3}
    assert 0.47 < failures.total() / (failures.total() + 1000) < 0.53


def test_what_nobody_has_signed_is_heard_as_such() -> None:
    receiver, of_another = Receiver("seed"), "whsec_" + "A" * 32
    receiver.secret = of_another

    receiver.answer(
        Seen("POST", "/1", {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}, b"{}")
    )

    assert [(one.body, one.event) for one in receiver.heard] == [("{}", None)]


def test_the_figures_count_what_the_facts_say() -> None:
    forged = replace(team(), heard=(*team().heard, FORGED))
    suffered = {"killed: run-steps": 3, "killed: reconcile": 2, "lost": 7}

    shown = dict(
        line.strip("| ").split(" | ")
        for line in figures(facts(forged), suffered, {"200": 9, "502": 2, "503": 1, "409": 4}, 725).splitlines()
    )

    assert shown["Executions admitted, each charged once"] == "6"
    assert shown["as they ended"] == "3 success, 1 failed, 1 stopped, 1 given up, and refunded"
    assert shown["Runs refused"] == "1 concurrency_limit_reached"
    assert shown["Requests repeated after a 5xx, after a conflict, after no answer at all"] == "3, 4, 0"
    assert shown["Repeats under one key, one execution each"] == "1"
    assert shown["Workers killed"] == "5: 3 run-steps, 2 reconcile"
    assert shown["Step Functions executions ended from outside"] == "7"
    assert shown["Generations beyond the first"] == "3"
    assert shown["Effects: keys, and requests under them"] == "5, 6"
    assert shown["Events that followed from the table, and arrived"] == "8"
    assert shown["Attempts to deliver them, and those of them that failed"] == "11, 1"
    assert shown["Messages of what had arrived before"] == "1"
    assert shown["Seconds from an end to the first attempt to tell it, at the median and for 95 of 100"] == "0, 4"
    assert shown["Seconds from an end until it has arrived, likewise"] == "0, 60"
    assert shown["Minutes until the last delivery"] == "12"


def test_what_is_written_into_a_document_replaces_what_stood_between_its_marks(tmp_path: Path) -> None:
    document = tmp_path / "document.md"
    document.write_text("before\n<!-- a -->\nold\n<!-- b -->\nafter\n")

    write_between(document, "<!-- a -->\n", "<!-- b -->", "new")

    assert document.read_text() == "before\n<!-- a -->\n\nnew\n\n<!-- b -->\nafter\n"
