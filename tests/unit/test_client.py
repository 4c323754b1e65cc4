"""The client of the API: what it sends, how it reads answers, when it sends again, and what it raises."""

import asyncio
import inspect
import json
import math
import pickle
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

import lodol
from lodol import errors, models
from lodol.calls import NETWORK_SECONDS, Nature
from lodol.client import AsyncClient, Client
from tests.support.documents import ROOT
from views.answers import ANSWERS, NEUTRAL, code_of

URL = "https://lodol.test/api"
KEY = "sk_live_0123456789abcdef"
NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
NOW_IN_QUERY = "2026-01-15T10%3A30%3A00%2B00%3A00"
BETWEEN = f"started_after=2026-01-15T12%3A30%3A00%2B02%3A00&started_before={NOW_IN_QUERY}"
WORKFLOW, EXECUTION, REVIEW, OTHER = (f"{number:024x}" for number in range(1, 5))

STARTED = {"execution_id": EXECUTION, "workflow_id": WORKFLOW, "status": "running", "created_at": NOW.isoformat()}
REPEATED = {**STARTED, "rerun_of": OTHER}
RUNNING: dict[str, Any] = {
    "execution_id": EXECUTION,
    "workflow_id": WORKFLOW,
    "status": "running",
    "started_at": NOW.isoformat(),
    "completed_at": None,
    "error": None,
}
ENDED = {**RUNNING, "status": "success", "completed_at": NOW.isoformat()}
ROW = {**{name: value for name, value in ENDED.items() if name != "error"}, "workflow_name": "Welcome"}
WORKFLOW_ROW = {
    "workflow_id": WORKFLOW,
    "name": "Welcome",
    "description": "",
    "version": 3,
    "created_at": NOW.isoformat(),
    "updated_at": NOW.isoformat(),
    "last_run_at": None,
    "archived_at": None,
}
A_REVIEW = {
    "review_id": REVIEW,
    "execution_id": EXECUTION,
    "workflow_id": WORKFLOW,
    "status": "pending",
    "content": None,
    "action_id": None,
    "steps": None,
    "decisions": ["approved", "rejected"],
    "decision": None,
    "comment": None,
    "created_at": NOW.isoformat(),
    "decided_at": None,
    "times_out_at": None,
}
A_HISTORY = {
    **RUNNING,
    "workflow_name": "Welcome",
    "version": 3,
    "input": None,
    "output": None,
    "waiting_for": None,
    "rerun_of": None,
    "reruns": [],
    "entries": [],
}
A_WORKSPACE = {
    "workspace_id": OTHER,
    "name": "Acme",
    "plan": "team",
    "credits": 7,
    "requests_per_minute": 25,
    "concurrent_executions": 10,
    "api_keys": 10,
    "running": 1,
    "created_at": NOW.isoformat(),
}
STOPPED = {"execution_id": EXECUTION, "status": "stopped"}
DECIDED = {"review_id": REVIEW, "status": "decided", "decision": "approved"}
NONE_STOPPED: dict[str, Any] = {"matching": 0, "stopped": [], "has_more": False}


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def ok(body: Any, **headers: str) -> httpx.Response:
    return answer(200, body, **headers)


def refusal(status: int, code: str = "any", **headers: str) -> httpx.Response:
    return answer(status, {"error": "It is not done."}, Error_Code=code, **headers)


def page_with_next(body: Any, link: str) -> httpx.Response:
    return ok(body, Link=f'<{link}>; rel="next"')


class Api:
    """An API that answers by a script, in a world whose time passes only by sleeping; an error is a lost connection."""

    def __init__(self, *script: httpx.Response | Exception, chance: float = 0.0) -> None:
        self.script = list(script)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.seconds = 1000.0
        self.nature = Nature(lambda: self.seconds, lambda: NOW + timedelta(seconds=self.seconds - 1000), lambda: chance)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        outcome = self.script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        # A response that was sent belongs to its client.
        return httpx.Response(outcome.status_code, headers=outcome.headers, content=outcome.content)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def client(self, **options: Any) -> Client:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return Client(URL, KEY, http=http, sleep=self.sleep, nature=self.nature, **options)

    def carry_out(self, use: Callable[[Any], Any]) -> Any:
        result = use(self.client())
        return list(result) if isinstance(result, Iterator) else result

    def carry_out_async(self, use: Callable[[Any], Any]) -> Any:
        async def in_loop() -> Any:
            async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as http:
                result = use(AsyncClient(URL, KEY, http=http, sleep=self.sleep_async, nature=self.nature))
                return [row async for row in result] if isinstance(result, AsyncIterator) else await result

        return asyncio.run(in_loop())


CALLS: list[tuple[Callable[[Any], Any], Any, str, Any]] = [
    (lambda c: c.run(WORKFLOW), STARTED, f"POST /workflows/{WORKFLOW}/run-async", {"input": None}),
    (
        lambda c: c.run(WORKFLOW, {"a": [1.5]}),
        STARTED,
        f"POST /workflows/{WORKFLOW}/run-async",
        {"input": {"a": [1.5]}},
    ),
    (lambda c: c.execution(EXECUTION), ENDED, f"GET /executions/{EXECUTION}", None),
    (
        lambda c: c.execution(EXECUTION, steps=True),
        ENDED,
        f"GET /executions/{EXECUTION}?include_step_results=true",
        None,
    ),
    (lambda c: c.wait(EXECUTION), ENDED, f"GET /executions/{EXECUTION}", None),
    (lambda c: c.history(EXECUTION), A_HISTORY, f"GET /executions/{EXECUTION}/history?limit=100", None),
    (
        lambda c: c.history(EXECUTION, program=True),
        A_HISTORY,
        f"GET /executions/{EXECUTION}/history?limit=100&include_program=true",
        None,
    ),
    (lambda c: c.stop(EXECUTION), STOPPED, f"POST /executions/{EXECUTION}/stop", None),
    (lambda c: c.rerun(EXECUTION), REPEATED, f"POST /executions/{EXECUTION}/rerun", {}),
    (lambda c: c.rerun(EXECUTION, input=None), REPEATED, f"POST /executions/{EXECUTION}/rerun", {"input": None}),
    (lambda c: c.rerun(EXECUTION, from_step=0), REPEATED, f"POST /executions/{EXECUTION}/rerun", {"from_step": 0}),
    (lambda c: c.stop_all(), NONE_STOPPED, "POST /executions/stop?status=running", None),
    (
        lambda c: c.stop_all(workflow_id=WORKFLOW, started_after=NOW, started_before="2026"),
        NONE_STOPPED,
        f"POST /executions/stop?status=running&workflow_id={WORKFLOW}&started_after={NOW_IN_QUERY}&started_before=2026",
        None,
    ),
    (lambda c: c.count_running(), NONE_STOPPED, "POST /executions/stop?status=running&dry_run=true", None),
    (
        lambda c: c.count_running(workflow_id=WORKFLOW, started_after="26", started_before="27"),
        NONE_STOPPED,
        f"POST /executions/stop?status=running&workflow_id={WORKFLOW}&started_after=26&started_before=27&dry_run=true",
        None,
    ),
    (lambda c: c.executions(), {"executions": [ROW]}, "GET /executions?limit=100", None),
    (
        lambda c: c.executions(
            status=["failed", "stopped"],
            workflow_id=WORKFLOW,
            started_after=NOW.astimezone(timezone(timedelta(hours=2))),
            started_before=NOW.isoformat(),
            after=OTHER,
            page_size=7,
        ),
        {"executions": [ROW]},
        f"GET /executions?limit=7&after={OTHER}&workflow_id={WORKFLOW}&status=failed%2Cstopped&{BETWEEN}",
        None,
    ),
    (lambda c: c.executions(status="failed"), {"executions": []}, "GET /executions?limit=100&status=failed", None),
    (
        lambda c: c.workflow(WORKFLOW),
        {**WORKFLOW_ROW, "program": {}, "source": None},
        f"GET /workflows/{WORKFLOW}",
        None,
    ),
    (
        lambda c: c.workflows(after=OTHER, page_size=3),
        {"workflows": [WORKFLOW_ROW]},
        f"GET /workflows?limit=3&after={OTHER}",
        None,
    ),
    (lambda c: c.review(REVIEW), A_REVIEW, f"GET /reviews/{REVIEW}", None),
    (lambda c: c.reviews(), {"reviews": [A_REVIEW]}, "GET /reviews?limit=100", None),
    (
        lambda c: c.reviews(pending=True, after=OTHER, page_size=3),
        {"reviews": [A_REVIEW]},
        f"GET /reviews?limit=3&after={OTHER}&status=pending",
        None,
    ),
    (
        lambda c: c.decide(REVIEW, "approved"),
        DECIDED,
        f"POST /reviews/{REVIEW}/decision",
        {"decision": "approved"},
    ),
    (
        lambda c: c.decide(REVIEW, "approved", "good"),
        DECIDED,
        f"POST /reviews/{REVIEW}/decision",
        {"decision": "approved", "comment": "good"},
    ),
    (lambda c: c.workspace(), A_WORKSPACE, "GET /workspace", None),
]


@pytest.mark.parametrize(("use", "body", "sent", "content"), CALLS)
def test_both_clients_send_what_the_contract_says_and_read_the_answer(
    use: Callable[[Any], Any], body: Any, sent: str, content: Any
) -> None:
    api, async_api = Api(ok(body)), Api(ok(body))

    assert api.carry_out(use) == async_api.carry_out_async(use)

    for request in api.requests + async_api.requests:
        assert f"{request.method} {request.url}".replace(f"{URL}/v1", "") == sent
        assert (json.loads(request.content) if request.content else None) == content
        assert request.headers["Authorization"] == f"Bearer {KEY}"
        assert request.headers["User-Agent"].startswith("lodol/")
        has_key = request.method == "POST" and "/executions/stop" not in request.url.path
        assert (len(request.headers.get("Idempotency-Key", "")) == 32) is has_key
        assert ("Content-Type" in request.headers) is (content is not None)
    assert len(api.requests) == len(async_api.requests) == 1


def test_answers_are_the_models_of_the_api() -> None:
    api = Api(ok({**ENDED, "steps": [{"index": 0, "status": "completed", "result": 9007199254740993}]}))

    execution = api.client().execution(EXECUTION, steps=True)

    assert isinstance(execution, models.Execution)
    assert execution.status == "success"
    assert execution.steps[0].result == 9007199254740993


def test_both_clients_have_the_same_methods_with_the_same_parameters() -> None:
    def methods(kind: type) -> dict[str, list[inspect.Parameter]]:
        public = {name: value for name, value in vars(kind).items() if not name.startswith("_")}
        parameters = {name: list(inspect.signature(value).parameters.values()) for name, value in public.items()}
        parameters["close"] = parameters.pop("aclose", parameters.get("close", []))
        return parameters

    assert methods(Client) == methods(AsyncClient)
    assert list(inspect.signature(Client).parameters) == list(inspect.signature(AsyncClient).parameters)


# Lists.


def test_a_list_reads_its_pages_one_after_the_other_as_they_are_needed() -> None:
    rows = [{**ROW, "execution_id": f"{number:024x}"} for number in range(3)]
    api = Api(
        page_with_next({"executions": rows[:2]}, f"?status=failed&limit=2&after={OTHER}"),
        page_with_next({"executions": []}, "?limit=2&after=" + "f" * 24),
        ok({"executions": rows[2:]}),
    )

    listed = api.client().executions(status=["failed"], page_size=2)

    assert api.requests == []
    assert [next(listed).execution_id, next(listed).execution_id] == [rows[0]["execution_id"], rows[1]["execution_id"]]
    assert len(api.requests) == 1
    assert [row.execution_id for row in listed] == [rows[2]["execution_id"]]
    assert [str(request.url) for request in api.requests[1:]] == [
        f"{URL}/v1/executions?status=failed&limit=2&after={OTHER}",
        f"{URL}/v1/executions?limit=2&after={'f' * 24}",
    ]
    assert {request.headers["Authorization"] for request in api.requests} == {f"Bearer {KEY}"}


def test_an_asynchronous_list_reads_its_pages_too() -> None:
    api = Api(page_with_next({"executions": [ROW]}, "?after=" + OTHER), ok({"executions": [ROW]}))

    assert len(api.carry_out_async(lambda client: client.executions())) == 2


@pytest.mark.parametrize(
    "link", ["https://evil.test/api/v1/executions?after=a", "http://lodol.test/api/v1/executions", "/"]
)
def test_a_next_page_at_another_address_is_not_asked_for(link: str) -> None:
    api = Api(page_with_next({"executions": [ROW]}, link))

    with pytest.raises(errors.AnswerNotUnderstood, match="another address"):
        list(api.client().executions())


def test_a_history_has_the_entries_of_all_pages_and_what_the_last_page_says() -> None:
    def log(call: int) -> dict[str, Any]:
        where = {"type": "log", "step": 0, "call": call, "at": None, "line": None}
        return {**where, "level": "info", "message": "m", "logged_at": NOW.isoformat()}

    program = {"program": [{"at": "body[0]", "depth": 0, "text": "t", "line": None}]}
    api = Api(
        page_with_next({**A_HISTORY, **program, "entries": [log(1), log(2)]}, "?limit=100&after=0.2"),
        ok({**A_HISTORY, **program, "status": "success", "output": 5, "entries": [log(3)]}),
    )

    history = api.client().history(EXECUTION, program=True)

    assert [entry.call for entry in history.entries if isinstance(entry, models.LogEntry)] == [1, 2, 3]
    assert (history.status, history.output, len(history.program)) == ("success", 5, 1)


def test_stop_all_goes_on_until_nothing_is_left_and_gives_all_ids() -> None:
    api = Api(
        ok({"matching": 100, "stopped": [EXECUTION], "has_more": True}),
        ok({"matching": 1, "stopped": [OTHER], "has_more": False}),
    )

    assert api.client().stop_all(workflow_id=WORKFLOW) == [EXECUTION, OTHER]
    assert api.requests[0].url == api.requests[1].url


def test_running_executions_are_counted_by_one_request_though_more_are_left() -> None:
    assert Api(ok({"matching": 250, "stopped": [], "has_more": True})).client().count_running() == 250


# What is sent again, and when.


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_request_is_sent_again_after_what_may_pass_under_the_same_key(status: int) -> None:
    api = Api(refusal(status), answer(202, STARTED))

    assert api.client().run(WORKFLOW, 7).execution_id == EXECUTION

    first, second = api.requests
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.content == second.content


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 405, 422, 501, 505])
def test_a_request_is_not_sent_again_after_what_does_not_pass(status: int) -> None:
    api = Api(refusal(status, Retry_After="1", Location=URL))

    with pytest.raises(errors.LodolError) as raised:
        api.client().workspace()

    assert raised.value.status == status
    assert api.slept == []


@pytest.mark.parametrize(
    "lost", [httpx.ReadTimeout("slow"), httpx.ConnectError("no route"), httpx.DecodingError("gzip")]
)
def test_a_request_is_sent_again_when_no_answer_came(lost: Exception) -> None:
    api, async_api = Api(lost, ok(STOPPED)), Api(lost, ok(STOPPED))

    assert api.client().stop(EXECUTION).status == "stopped"
    assert async_api.carry_out_async(lambda client: client.stop(EXECUTION)).status == "stopped"
    assert api.slept == async_api.slept == [0.25]


def test_a_stop_of_many_is_sent_again_without_a_key() -> None:
    api = Api(httpx.ReadError("lost"), ok(NONE_STOPPED))

    assert api.client().stop_all() == []


@pytest.mark.parametrize(("why", "told"), [("no route", "no route"), ("", "ConnectError")])
def test_the_last_lost_connection_is_told_with_its_cause(why: str, told: str) -> None:
    lost = [httpx.ConnectError(why) for _ in range(5)]
    api = Api(*lost)

    with pytest.raises(
        errors.ConnectionFailed, match=f"^The API cannot be reached at https://lodol.test/api: {told}.$"
    ) as raised:
        api.client().workspace()

    assert raised.value.__cause__ is lost[-1]
    assert (raised.value.code, raised.value.url) == ("connection_failed", "https://lodol.test/api")
    assert raised.value.status is None
    assert len(api.requests) == 5


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_request_is_sent_as_many_times_as_the_client_was_told(attempts: int) -> None:
    api = Api(*[refusal(503, "unavailable", Retry_After="5")] * attempts)

    with pytest.raises(errors.Unavailable):
        api.client(attempts=attempts).workspace()

    assert api.slept == [5] * (attempts - 1)


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        ("5", 5),
        (" 0 ", 0),
        ("Thu, 15 Jan 2026 10:30:20 GMT", 20),
        ("Thu, 15 Jan 2026 10:30:20 -0000", 20),
        ("Thu, 15 Jan 2026 10:29:00 GMT", 0),
        ("soon", 0.25),
        ("²", 0.25),
        ("1 Jan 99999999999 00:00:00 GMT", 0.25),
    ],
)
def test_the_pause_is_what_the_answer_asks_for(retry_after: str, pause: float) -> None:
    refused = httpx.Response(429, headers=[(b"Retry-After", retry_after.encode())])
    api = Api(refused, ok(A_WORKSPACE))

    api.client().workspace()

    assert api.slept == ([pause] if pause else [])


def test_pauses_grow_where_the_answer_asks_for_none_and_chance_parts_clients() -> None:
    api = Api(*[refusal(500)] * 6, ok(A_WORKSPACE))
    api.client(attempts=7).workspace()
    assert api.slept == [0.25, 0.5, 1, 2, 4, 4]

    lucky = Api(*[refusal(500)] * 2, ok(A_WORKSPACE), chance=1)
    lucky.client().workspace()
    assert lucky.slept == [0.5, 1]


def test_patience_ends_at_once_when_the_asked_pause_is_longer_than_what_is_left_of_it() -> None:
    api = Api(*[refusal(429, "concurrency_limit_reached", Retry_After="5")] * 3)

    with pytest.raises(errors.ConcurrencyLimitReached) as raised:
        api.client(timeout=15).run(WORKFLOW)

    assert api.slept == [5, 5]
    assert raised.value.retry_after == 5


def test_no_request_waits_for_the_network_past_the_end_of_patience_or_longer_than_its_client() -> None:
    api = Api(refusal(503, Retry_After="57"), ok(A_WORKSPACE))
    http = httpx.Client(transport=httpx.MockTransport(api), timeout=httpx.Timeout(30, connect=2, pool=None))
    Client(URL, KEY, http=http, sleep=api.sleep, nature=api.nature).workspace()

    first, second = (request.extensions["timeout"] for request in api.requests)
    assert first == {"connect": 2, "read": 30, "write": 30, "pool": 60}
    assert second == {"connect": 2, "read": 3, "write": 3, "pool": 3}


# Waiting.


def test_waiting_asks_as_often_as_the_answers_say_and_gives_what_has_ended_in_any_way() -> None:
    script = [
        ok(RUNNING, Retry_After="3"),
        ok(RUNNING),
        ok(RUNNING, Retry_After="0"),
        ok({**ENDED, "status": "failed", "error": "no"}),
    ]
    api, async_api = Api(*script), Api(*script)

    assert api.client().wait(EXECUTION).error == "no"
    assert async_api.carry_out_async(lambda client: client.wait(EXECUTION)).status == "failed"
    assert api.slept == async_api.slept == [3, 0.5, 0.5]


def test_waiting_without_an_end_takes_longer_than_the_patience_of_a_request() -> None:
    api = Api(ok(RUNNING, Retry_After="3600"), refusal(503, Retry_After="50"), ok(ENDED))

    assert api.client().wait(EXECUTION).status == "success"
    assert api.slept == [3600, 50]


def test_waiting_asks_for_the_last_time_when_its_time_is_over() -> None:
    for last_but_one in (ok(RUNNING, Retry_After="7"), refusal(503, Retry_After="3")):
        api = Api(ok(RUNNING, Retry_After="7"), last_but_one, ok(ENDED))
        assert api.client().wait(EXECUTION, 10).status == "success"
        assert api.slept == [7, 3]

    late = Api(*[ok(RUNNING, Retry_After="7")] * 3)
    with pytest.raises(errors.WaitTimedOut, match=f"Execution {EXECUTION} has not ended within 10 seconds") as raised:
        late.client().wait(EXECUTION, timeout=10)
    assert raised.value.execution_id == EXECUTION
    assert isinstance(raised.value, TimeoutError)


def test_waiting_no_time_asks_once() -> None:
    with pytest.raises(errors.WaitTimedOut):
        Api(ok(RUNNING)).client().wait(EXECUTION, timeout=0)


def test_a_failure_that_may_pass_too_late_is_the_end_of_waiting_and_its_cause() -> None:
    api = Api(ok(RUNNING, Retry_After="7"), refusal(503, "unavailable", Retry_After="5"))

    with pytest.raises(errors.WaitTimedOut) as raised:
        api.client().wait(EXECUTION, timeout=10)

    assert isinstance(raised.value.__cause__, errors.Unavailable)
    assert api.slept == [7]


def test_a_failure_for_good_ends_waiting() -> None:
    api = Api(ok(RUNNING), refusal(404, "execution_not_found"))

    with pytest.raises(errors.ExecutionNotFound):
        api.client().wait(EXECUTION, timeout=0.5)


def test_run_and_wait_waits_from_the_admission_on() -> None:
    script = [refusal(429, Retry_After="20"), answer(202, STARTED), ok(RUNNING, Retry_After="4"), ok(ENDED)]
    api, async_api = Api(*script), Api(*script)

    execution = api.client().run_and_wait(WORKFLOW, [1], key="mine", timeout=5)

    assert execution.status == "success"
    assert async_api.carry_out_async(lambda client: client.run_and_wait(WORKFLOW, timeout=5)) == execution
    assert api.slept == [20, 4]
    assert api.requests[1].headers["Idempotency-Key"] == "mine"
    assert json.loads(api.requests[1].content) == {"input": [1]}


def test_run_and_wait_names_the_execution_that_goes_on() -> None:
    api = Api(answer(202, STARTED), ok(RUNNING, Retry_After="4"), ok(RUNNING))

    with pytest.raises(errors.WaitTimedOut) as raised:
        api.client().run_and_wait(WORKFLOW, timeout=3)

    assert raised.value.execution_id == EXECUTION
    assert [request.method for request in api.requests] == ["POST", "GET", "GET"]


# Errors.


def test_every_code_of_the_api_has_a_class_of_its_name() -> None:
    codes = {code_of(kind) for kind in ANSWERS} | {NEUTRAL.headers["Error-Code"]}

    assert set(errors.BY_CODE) == codes
    assert {code: kind.__name__ for code, kind in errors.BY_CODE.items()} == {
        code: "".join(map(str.capitalize, code.split("_"))) for code in codes
    }


@pytest.mark.parametrize(("code", "kind"), [*errors.BY_CODE.items(), ("of_tomorrow", errors.LodolError)])
def test_an_error_is_of_the_class_of_its_code_and_tells_all_of_the_answer(
    code: str, kind: type[errors.LodolError]
) -> None:
    refused = refusal(418, code, Retry_After="9", X_Request_Id="abc")

    with pytest.raises(errors.LodolError) as raised:
        Api(refused).client().workspace()

    error = raised.value
    assert type(error) is kind
    assert (error.status, error.code, error.request_id, error.retry_after) == (418, code, "abc", 9)
    assert error.sentence == "It is not done."
    assert str(error) == f"It is not done. (418 {code}, request abc)"


@pytest.mark.parametrize("header", ["WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"])
def test_a_missing_scope_is_named(header: str) -> None:
    challenge = 'Bearer realm="lodol", error="insufficient_scope", scope="workflows:execute"'
    refused = httpx.Response(403, json={"error": "no"}, headers={header: challenge, "Error-Code": "scope_missing"})

    with pytest.raises(errors.ScopeMissing) as raised:
        Api(refused).client().run(WORKFLOW)

    assert raised.value.scope == "workflows:execute"


def test_a_missing_scope_that_nobody_names_is_none() -> None:
    with pytest.raises(errors.ScopeMissing) as raised:
        Api(refusal(403, "scope_missing")).client().run(WORKFLOW)

    assert raised.value.scope is None


@pytest.mark.parametrize(
    "body", [b"<html>secret</html>", b'["secret"]', b'{"message": "secret"}', b'{"error": 5}', b"\xff"]
)
def test_an_error_that_is_not_the_apis_is_told_legibly_without_its_body(body: bytes) -> None:
    refused = httpx.Response(403, content=body, headers={"Content-Type": "text/html"})

    with pytest.raises(errors.LodolError) as raised:
        Api(refused).client().workspace()

    assert type(raised.value) is errors.LodolError
    assert str(raised.value) == "The answer does not come from the API: HTTP 403 Forbidden, text/html. (403)"


def test_errors_travel_between_processes() -> None:
    error: errors.LodolError = errors.InsufficientCredits("no", status=402, code="c", request_id="r", retry_after=1)
    late = errors.WaitTimedOut("late", execution_id=EXECUTION)

    copy, late_copy = pickle.loads(pickle.dumps([error, late]))

    assert (type(copy), str(copy), copy.retry_after) == (errors.InsufficientCredits, str(error), 1)
    assert (type(late_copy), str(late_copy), late_copy.execution_id) == (errors.WaitTimedOut, "late", EXECUTION)


def test_fields_of_a_newer_api_are_ignored() -> None:
    steps = [{"index": 0, "status": "completed", "result": 1, "new": 1}]
    execution = Api(ok({**ENDED, "new": 1, "steps": steps})).client().execution(EXECUTION, steps=True)

    assert "new" not in execution.model_dump()
    assert execution.steps[0].result == 1


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (ok({**RUNNING, "status": "paused"}), "status: Input should be .*'stopped', and is 'paused'"),
        (ok({"status": "running"}), "execution_id: Field required"),
        (httpx.Response(200, text="<html>"), "body: Invalid JSON"),
        (httpx.Response(204), "body: Invalid JSON"),
    ],
)
def test_an_answer_that_is_not_understood_is_told_as_that(answered: httpx.Response, told: str) -> None:
    answered.headers["X-Request-Id"] = "abc"

    with pytest.raises(errors.AnswerNotUnderstood, match=f"that lodol/.* understands: {told}") as raised:
        Api(answered).client().execution(EXECUTION)

    assert (raised.value.status, raised.value.request_id) == (answered.status_code, "abc")


# What cannot be sent.


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://example.com/api", "https://"),
        ("http://localhost.example.com/api", "https://"),
        ("http://127.0.0.1.example.com", "https://"),
        ("ftp://example.com/api", "must look like"),
        ("example.com/api", "must look like"),
        ("localhost:8080/api", "must look like"),
        ("https:///api", "must look like"),
        ("https://user@example.com/api", "must have no"),
        ("https://example.com/api?", "must have no"),
        ("https://example.com/api#", "must have no"),
        ("https://example.com:port/api", "cannot be used"),
    ],
)
def test_an_address_that_would_give_the_key_away_or_is_none_is_refused(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Client(url, KEY, http=Api().client()._http)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://localhost:8080/api", "http://localhost:8080/api/v1/workspace"),
        ("http://127.0.0.1/api/", "http://127.0.0.1/api/v1/workspace"),
        ("http://[::1]:80/api", "http://[::1]/api/v1/workspace"),
        ("HTTPS://Example.com", "https://example.com/v1/workspace"),
    ],
)
def test_paths_follow_the_address_and_this_machine_may_be_asked_in_the_clear(url: str, asked: str) -> None:
    api = Api(ok(A_WORKSPACE))

    Client(url, KEY, http=httpx.Client(transport=httpx.MockTransport(api))).workspace()

    assert str(api.requests[0].url) == asked


@pytest.mark.parametrize("key", ["", f"{KEY}\n", f"{KEY} ", "ключ"])
def test_an_api_key_that_no_header_can_carry_is_refused_without_being_told(key: str) -> None:
    with pytest.raises(ValueError, match="API key must be") as raised:
        Client(URL, key)

    assert not key or key.strip() not in repr(raised.value)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"attempts": 0}])
def test_a_client_without_patience_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above 0 seconds, and at least 1 attempt"):
        Client(URL, KEY, **options)


@pytest.mark.parametrize("key", ["", " a", "a ", "a\n", "é", "a" * 257])
def test_an_idempotency_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        Api().client().stop(EXECUTION, key=key)


@pytest.mark.parametrize("key", ["a", "order 17", "a" * 256])
def test_an_idempotency_key_is_sent_as_it_is_given(key: str) -> None:
    script = [ok(STOPPED), answer(202, STARTED), answer(202, REPEATED), ok(DECIDED)]
    api = Api(*script)
    client = api.client()

    client.stop(EXECUTION, key=key)
    client.run(WORKFLOW, key=key)
    client.rerun(EXECUTION, key=key)
    client.decide(REVIEW, "approved", key=key)

    assert [request.headers["Idempotency-Key"] for request in api.requests] == [key] * 4


def test_every_call_has_a_key_of_its_own() -> None:
    api = Api(ok(STOPPED), ok(STOPPED))
    client = api.client()

    client.stop(EXECUTION)
    client.stop(EXECUTION)

    assert len({request.headers["Idempotency-Key"] for request in api.requests}) == 2


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_an_id_that_would_name_another_endpoint_is_refused(text: str) -> None:
    client = Api().client()

    for use in (client.stop, client.execution, client.run, client.review, client.workflow, client.history, client.wait):
        with pytest.raises(ValueError, match="An id must be"):
            use(text)


@pytest.mark.parametrize("text", ["", ".", "..", "a/../b?c", f"{EXECUTION}/history", "ABCDEF" * 4, f" {EXECUTION}"])
def test_what_is_no_id_is_never_part_of_a_path(text: str) -> None:
    api = Api()

    with pytest.raises(errors.InvalidArgument, match="An id must be 24 lower-case hex digits"):
        api.client().execution(text)

    assert api.requests == []


@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [math.nan]}])
def test_an_input_that_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Api().client().run(WORKFLOW, value)


def test_an_input_arrives_exactly() -> None:
    value = {"é": [1.0, 1, 2**200, 5e-324, "\u2028", None, True]}
    api = Api(answer(202, STARTED))

    api.client().run(WORKFLOW, value)

    assert repr(json.loads(api.requests[0].content)["input"]) == repr(value)


def test_a_moment_without_a_time_zone_is_refused_before_the_list_is_read() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Api().client().executions(started_after=NOW.replace(tzinfo=None))


# The key, and what belongs to whom.


def test_nothing_that_is_shown_has_the_api_key() -> None:
    client = Api(*[httpx.ConnectError("lost")] * 5).client()
    with pytest.raises(errors.ConnectionFailed) as raised:
        client.run(WORKFLOW)
    with_locals = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    shown = [*with_locals.format(), repr(client), repr(AsyncClient(URL, KEY)), repr(raised.value)]

    assert any("[secure]" in text for text in shown)
    assert not [text for text in shown if KEY in text]
    assert repr(client) == f"Client('{URL}')"


def test_no_login_and_no_redirect_of_a_given_client_leads_the_api_key_elsewhere() -> None:
    script = [answer(308, None, Location="https://evil.test/")]
    api, async_api = Api(*script), Api(*script)
    options: dict[str, Any] = {"auth": ("me", "secret"), "follow_redirects": True}

    with pytest.raises(errors.LodolError, match="308"):
        Client(URL, KEY, http=httpx.Client(transport=httpx.MockTransport(api), **options)).workspace()

    async def in_loop() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(async_api), **options) as http:
            await AsyncClient(URL, KEY, http=http).workspace()

    with pytest.raises(errors.LodolError, match="308"):
        asyncio.run(in_loop())
    for [request] in (api.requests, async_api.requests):
        assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_a_client_closes_its_own_connections_only() -> None:
    given = httpx.Client()
    with Client(URL, KEY, http=given), Client(URL, KEY) as own:
        assert not own._http.is_closed
        assert own._http.timeout == NETWORK_SECONDS
    assert own._http.is_closed
    assert not given.is_closed
    given.close()

    async def in_loop() -> None:
        async with httpx.AsyncClient() as given:
            async with AsyncClient(URL, KEY, http=given), AsyncClient(URL, KEY) as own:
                assert not own._http.is_closed
                assert own._http.timeout == NETWORK_SECONDS
            assert own._http.is_closed
            assert not given.is_closed

    asyncio.run(in_loop())


def test_the_package_has_what_it_names_and_imports_the_client_only_when_asked() -> None:
    assert {name: getattr(lodol, name) for name in lodol.__all__} == {
        "AsyncClient": AsyncClient,
        "Client": Client,
        "LodolError": errors.LodolError,
        "WaitTimedOut": errors.WaitTimedOut,
        "errors": errors,
        "models": models,
    }
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        lodol.nothing  # noqa: B018
    looks = (
        "import sys, lodol; before = 'httpx' in sys.modules or 'pydantic' in sys.modules;"
        "lodol.errors, lodol.models; sys.exit(before or 'httpx' in sys.modules)"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    assert subprocess.run([sys.executable, "-c", looks], env=environment, check=False).returncode == 0
