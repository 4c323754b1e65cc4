"""Histories: every step, call, wait and line of a run, in order and a page at a time, and what it waits for."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.entities import executions, reviews
from domain.entities.api_keys import Scope
from domain.entities.workspaces import Plan
from domain.operations import accounts, histories
from handlers import get_execution, get_history
from handlers.parameters import AFTER_ENTRY
from tests.support.programs import block, call, do, for_each, let, literal, post, ret, sleep, var
from tests.support.requests import send
from tests.support.system import Fresh, System

START = "2026-01-15T10:30:00"


@pytest.fixture
def system(fresh: Fresh) -> System:
    return fresh()


def history(system: System, execution_id: str, **query: str) -> Any:
    path = f"/v1/executions/{execution_id}/history"
    status, headers, body = send(system.worker, get_history.handler, "GET", path, system.key, query or None)
    assert status == 200, body
    return {**body, "link": headers.get("link")}


def ran(system: System, *body: Any, given: Any = None) -> str:
    execution_id: str = system.run(system.workflow(*body), given=given).body["execution_id"]
    system.drive()
    return execution_id


def test_a_success_shows_what_it_was_given_and_gives(system: System) -> None:
    execution_id = ran(system, let("x", literal(2)), ret(var("input")), let("y", literal(3)), given={"a": [1]})

    shown = history(system, execution_id)

    assert (shown["status"], shown["version"], shown["input"], shown["output"]) == (
        "success",
        1,
        {"a": [1]},
        {"a": [1]},
    )
    assert [(e["type"], e["step"], e["kind"], e["label"], e["result"]) for e in shown["entries"]] == [
        ("step", 0, "LetStmt", "x = 2", "2"),
        ("step", 1, "ReturnStmt", "return input", '{"a":[1]}'),
    ]
    assert "program" not in shown
    assert (shown["waiting_for"], shown["rerun_of"], shown["reruns"], shown["link"]) == (None, None, [], None)


def test_without_a_return_its_output_is_the_result_of_its_last_step(system: System) -> None:
    assert history(system, ran(system, let("x", literal(2)), do(literal([7]))))["output"] == [7]


def test_without_a_step_it_has_no_output(system: System) -> None:
    shown = history(system, ran(system))
    assert (shown["status"], shown["output"], shown["entries"]) == ("success", None, [])


def test_every_round_of_a_loop_is_shown_with_its_calls_and_lines(system: System) -> None:
    execution_id = ran(
        system, for_each("n", literal([1, 2]), do(call("log.info", var("n"))), do(call("time.now")), sleep(5))
    )

    step, *calls = history(system, execution_id)["entries"]

    assert (step["label"], step["status"]) == ("for n in [1, 2]", "completed")
    assert [(c["type"], c["call"], c["at"]) for c in calls] == [
        (kind, number, f"body[0].body.body[{place}].expr")
        for number, (kind, place) in enumerate([("log", 0), ("call", 1), ("call", 2)] * 2, 1)
    ]
    assert [c["message"] for c in calls if c["type"] == "log"] == ["1", "2"]
    sleeps = [c for c in calls if c.get("callee") == "time.sleep"]
    assert [c["started_at"][:19] for c in sleeps] == [f"{START}", "2026-01-15T10:30:05"]
    assert [(c["seconds"], c["completed_at"], c["until"]) for c in sleeps] == [
        (5.0, moment, moment) for moment in ("2026-01-15T10:30:05.000+00:00", "2026-01-15T10:30:10.000+00:00")
    ]
    assert step["seconds"] == 10.0


def test_a_failed_call_shows_its_attempts_and_its_step_why(system: System) -> None:
    execution_id = ran(
        system, do(post("https://down/")), do(call("http.request", literal("GET"), literal("https://fail/")))
    )

    _, down, failing, failed = history(system, execution_id)["entries"]

    assert (down["status"], down["attempt"], down["error"]) == ("completed", 4, None)
    assert json.loads(down["result"])["status"] == 503
    assert [(r["attempt"], r["error"]) for r in down["retries"]] == [(n, "the answer was 503") for n in (1, 2, 3)]
    assert [r["next_attempt_at"] for r in down["retries"]] == [
        f"2026-01-15T10:30:{seconds:02}+00:00" for seconds in (2, 6, 14)
    ]
    assert [r["failed_at"][17:23] for r in down["retries"]] == ["00.000", "02.000", "06.000"]
    assert (down["seconds"], down["until"]) == (14.0, None)
    assert (failing["status"], failing["error"]) == ("failed", "body[1].expr: http.request: refused")
    assert (failed["status"], failed["error"], failed["result"], failed["retries"]) == ("failed", "refused", None, [])


def test_what_waits_for_a_moment_says_until_when(system: System) -> None:
    execution_id = system.run(system.workflow(sleep(90))).body["execution_id"]
    assert history(system, execution_id)["waiting_for"] is None
    system.step(execution_id)
    system.world.now -= timedelta(seconds=60)

    shown = history(system, execution_id)

    until = "2026-01-15T10:31:30+00:00"
    nothing: Any = {"attempt": None, "error": None, "review_ids": []}
    assert shown["waiting_for"] == {"kind": "time", "until": until, **nothing}
    step, call_ = shown["entries"]
    assert (step["status"], step["completed_at"], step["seconds"], step["result"]) == ("running", None, None, None)
    assert (call_["status"], call_["completed_at"], call_["seconds"]) == ("sleeping", None, None)


def test_what_is_tried_again_says_when_which_attempt_it_is_and_why(system: System) -> None:
    execution_id = system.run(system.workflow(do(post("https://down/")))).body["execution_id"]
    system.step(execution_id)

    shown = history(system, execution_id)

    assert shown["waiting_for"] == {
        "kind": "retry",
        "until": f"{START[:17]}02+00:00",
        "attempt": 2,
        "error": "the answer was 503",
        "review_ids": [],
    }
    assert shown["entries"][1]["status"] == "retrying"


def test_what_waits_for_people_names_the_reviews_that_nobody_decided(system: System) -> None:
    asks = do(call("human.create", literal("Go?")))
    execution_id = system.run(system.workflow(asks, asks, do(call("human.wait")))).body["execution_id"]
    system.step(execution_id)
    shown = history(system, execution_id)
    first, second = (entry["review_id"] for entry in shown["entries"] if entry.get("review_id"))
    assert {first, second} == {review.id for review in reviews.of_execution(system.table, execution_id)}

    nothing: Any = {"until": None, "attempt": None, "error": None}
    assert shown["waiting_for"] == {"kind": "decisions", **nothing, "review_ids": sorted([first, second])}
    calls = [entry for entry in shown["entries"] if entry["type"] == "call"]
    assert [(c["callee"], c["status"], c["review_id"]) for c in calls] == [
        ("human.create", "completed", first),
        ("human.create", "completed", second),
        ("human.wait", "waiting", None),
    ]
    system.decide(first)
    assert history(system, execution_id)["waiting_for"]["review_ids"] == [second]
    system.decide(second)
    system.drive()
    assert history(system, execution_id)["waiting_for"] is None


@pytest.mark.parametrize(("is_stopped", "status"), [(True, "stopped"), (False, "failed")])
def test_what_an_ended_execution_left_unfinished_ended_with_it(system: System, is_stopped: bool, status: str) -> None:
    execution_id = system.run(system.workflow(sleep(90))).body["execution_id"]
    system.step(execution_id)
    if is_stopped:
        system.stop(execution_id)
    else:
        system.pass_time(days=61)
        system.step(execution_id)

    shown = history(system, execution_id)

    assert (shown["status"], shown["waiting_for"]) == (status, None)
    assert {entry["status"] for entry in shown["entries"]} == {status}
    assert {entry["completed_at"][:19] for entry in shown["entries"]} == {shown["completed_at"][:19]}


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_neither_repeat_nor_skip(system: System, limit: int) -> None:
    loop = for_each("n", literal([1, 2, 3]), do(call("time.now")))
    execution_id = ran(system, let("a", literal(1)), loop, let("b", literal(1)), loop)
    whole = history(system, execution_id, limit="100")["entries"]
    assert len(whole) == 4 + 6

    seen: list[Any] = []
    query = {"limit": str(limit), "include_program": "true"}
    while True:
        page = history(system, execution_id, **query)
        assert len(page["program"]) == 6
        seen += page["entries"]
        if page["link"] is None:
            break
        assert len(page["entries"]) == limit
        assert page["link"].startswith(f"<?include_program=true&limit={limit}&after=")
        query["after"] = page["link"].partition("after=")[2].partition(">")[0]

    assert seen == whole


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "1.2.3", "a.b", "-1.0", "100000.0", "68d12af3b5f0c1d2e3f4a5b6"])
def test_a_position_that_is_none_is_400(system: System, text: str) -> None:
    path = f"/v1/executions/{'0' * 24}/history"
    status, _, body = send(system.worker, get_history.handler, "GET", path, system.key, {"after": text})

    assert (status, body) == (400, {"error": f"after must be {AFTER_ENTRY.must_be}."})


def test_a_history_of_another_workspace_does_not_exist(system: System) -> None:
    path = f"/v1/executions/{ran(system, let('x', literal(1)))}/history"
    other = accounts.create_workspace(system.table, system.world.now, name="Other", plan=Plan.PRO)
    key, _ = accounts.create_key(system.table, system.world.now, other, frozenset(Scope))

    status, _, body = send(system.worker, get_history.handler, "GET", path, key)

    assert (status, body) == (404, {"error": "Execution not found"})


def test_results_and_lines_are_cut(system: System) -> None:
    long = literal("x" * 3000)
    execution_id = ran(system, let("x", long), do(call("log.error", long)))

    step, _, line = history(system, execution_id)["entries"]

    assert (len(step["result"]), step["result"][-1]) == (2000, "…")
    assert (len(line["message"]), line["level"]) == (1000, "error")


def test_the_outline_shows_every_statement_where_it_stands(system: System) -> None:
    execution_id = ran(system, let("x", literal(1)), for_each("n", literal([]), sleep(1)))

    program = history(system, execution_id, include_program="true")["program"]

    assert program == [
        {"at": "body[0]", "depth": 0, "text": "x = 1", "line": None},
        {"at": "body[1]", "depth": 0, "text": "for n in []", "line": None},
        {"at": "body[1].body.body[0]", "depth": 1, "text": "time.sleep(1)", "line": None},
    ]


def test_a_page_reads_no_more_than_it_shows(system: System) -> None:
    execution_id = ran(system, *[for_each("n", literal(list(range(30))), do(post("https://x/")))] * 3)
    items: list[int] = []
    note = lambda parsed, **_: items.append(len(parsed.get("Items", [])))  # noqa: E731
    histories._outline.cache_clear()
    history(system, execution_id, limit="1")
    system.table._client.meta.events.register("after-call.dynamodb.Query", note)

    history(system, execution_id, limit="10", after="1.5")

    # Reruns, the calls behind the position, and the steps that they belong to.
    assert items == [0, 12, 2]


def test_of_what_stands_together_a_page_reads_few_items(system: System) -> None:
    execution_id = ran(system, for_each("n", literal(list(range(500))), do(call("log.info", literal("hello")))))
    items: list[int] = []
    system.table._client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: items.append(len(parsed["Items"]))
    )

    page = history(system, execution_id, limit="10", after="0.250")

    assert [entry["call"] for entry in page["entries"]] == list(range(251, 261))
    # Reruns, and two items at most of the calls.
    assert items == [0, 2, 1]


def test_polls_read_nothing_of_it(system: System) -> None:
    execution_id = ran(system, do(post("https://x/")))
    system.wire.clear()
    path = f"/v1/executions/{execution_id}"
    send(system.worker, get_execution.handler, "GET", path, system.key)
    assert "Query" not in system.wire.calls


# When it is worth asking again.


def retry_after(system: System, execution_id: str) -> int | None:
    path = f"/v1/executions/{execution_id}"
    _, headers, _ = send(system.worker, get_execution.handler, "GET", path, system.key)
    return int(headers["retry-after"]) if "retry-after" in headers else None


@pytest.mark.parametrize(("age", "seconds"), [(0, 1), (9, 1), (11, 2), (40, 4), (149, 15), (5000, 15)])
def test_while_steps_run_it_is_worth_asking_after_a_tenth_of_the_age(system: System, age: int, seconds: int) -> None:
    execution_id = system.run(system.workflow(sleep(1))).body["execution_id"]
    system.pass_time(seconds=age)

    assert retry_after(system, execution_id) == seconds


@pytest.mark.parametrize(
    ("waits", "age", "seconds"),
    [
        (1, 0, 1),
        (59, 0, 59),
        (90, 0, 60),
        (90, 40, 50),
        (3600, 590, 60),
        (3600, 700, 70),
        (3600, 3590, 10),
        (2_000_000, 6000, 600),
        (2_000_000, 1_000_000, 600),
    ],
)
def test_while_it_sleeps_it_is_worth_asking_at_the_end_or_for_a_stop_before(
    system: System, waits: int, age: int, seconds: int
) -> None:
    execution_id = system.run(system.workflow(sleep(waits))).body["execution_id"]
    at = system.world.now
    system.step(execution_id)
    system.world.now = at + timedelta(seconds=age)

    assert retry_after(system, execution_id) == seconds
    system.pass_time(seconds=waits + 9)
    assert retry_after(system, execution_id) == 1


@pytest.mark.parametrize(
    ("time_out", "age", "seconds"),
    [(None, 0, 1), (None, 50, 5), (None, 9000, 60), (20, 18, 2), (7, 9, 1), (9000, 700, 60)],
)
def test_while_people_decide_it_is_worth_asking_after_a_tenth_of_the_age(
    system: System, time_out: int | None, age: int, seconds: int
) -> None:
    config = {} if time_out is None else {"timeoutSeconds": time_out, "defaultDecision": "approved"}
    ask = do(call("human.create", literal("?"), literal(None), literal(None), literal(config)))
    execution_id = system.run(system.workflow(ask, do(call("human.wait")))).body["execution_id"]
    system.step(execution_id)
    system.pass_time(seconds=age)

    assert retry_after(system, execution_id) == seconds


def test_a_retry_is_worth_waiting_for_and_the_next_slice_waits_for_nothing(system: System) -> None:
    execution_id = system.run(system.workflow(do(post("https://flaky/")), block(sleep(0)), sleep(300))).body[
        "execution_id"
    ]
    at = system.world.now
    system.step(execution_id)
    system.world.now = at
    assert retry_after(system, execution_id) == 2

    system.pass_time(seconds=2)
    system.step(execution_id)
    system.world.now = datetime.fromisoformat(f"{START}+00:00")
    assert retry_after(system, execution_id) == 60


def test_what_has_ended_needs_no_asking(system: System) -> None:
    assert retry_after(system, ran(system, let("x", literal(1)))) is None


def test_a_history_names_the_hundred_latest_reruns(system: System) -> None:
    execution_id = ran(system, let("x", literal(1)))
    reruns = [f"{number:024x}" for number in range(101)]
    for rerun in reruns:
        system.table.commit(executions.note_rerun(execution_id, rerun))

    assert history(system, execution_id)["reruns"] == reruns[:0:-1]


@pytest.mark.parametrize("is_stopped", [True, False])
def test_what_has_ended_is_in_the_index_of_running_ones_no_more_and_waits_for_nothing(
    system: System, is_stopped: bool
) -> None:
    execution_id = system.run(system.workflow(sleep(90))).body["execution_id"]
    system.step(execution_id)
    at = executions.key(system.workspace.id, execution_id)
    assert {"open_shard", "due_at", "wait"} <= set(system.table.get(at) or {})
    if is_stopped:
        system.stop(execution_id)
    else:
        system.drive()

    assert not {"open_shard", "due_at", "wait"} & set(system.table.get(at) or {})
