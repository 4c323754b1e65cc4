"""Histories of executions, as the API tells them: one asleep in a loop, one failed, one that waits for a person."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tests.support.given import NOW
from views.histories import CallEntry, History, LogEntry, OutlineLine, Retry, StepEntry, WaitingFor

EXECUTION = "6968c1a88f3c5e0b7a9d2c41"
WORKFLOW = "665f1a2b3c4d5e6f7a8b9c11"
REVIEW = "6968c2f08f3c5e0b7a9d2c55"


def after(seconds: float) -> str:
    """A moment of the execution, to the millisecond."""
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def now(seconds: float) -> datetime:
    """A moment of the execution, for who looks at it."""
    return NOW + timedelta(seconds=seconds)


def step(index: int, label: str, start: float, seconds: float | None = None, **changed: Any) -> StepEntry:
    """A step: completed after some seconds, or running."""
    fields: dict[str, Any] = {
        "type": "step",
        "step": index,
        "kind": "LetStmt",
        "label": label,
        "line": None,
        "status": "running" if seconds is None else "completed",
        "started_at": after(start),
        "completed_at": None if seconds is None else after(start + seconds),
        "seconds": seconds,
        "result": None,
        "error": None,
        "taken_from": None,
    }
    return StepEntry(**fields | changed)


def call(
    index: int, nth: int, at: str | None, callee: str, start: float, seconds: float | None = None, **changed: Any
) -> CallEntry:
    """A call: completed after some seconds, or of another status."""
    fields: dict[str, Any] = {
        "type": "call",
        "step": index,
        "call": nth,
        "at": at,
        "line": None,
        "callee": callee,
        "status": "completed",
        "attempt": 1,
        "retries": [],
        "started_at": after(start),
        "completed_at": None if seconds is None else after(start + seconds),
        "seconds": seconds,
        "until": None,
        "result": None,
        "error": None,
        "review_id": None,
    }
    return CallEntry(**fields | changed)


def log(index: int, nth: int, at: str | None, message: str, logged: float, level: Any = "info") -> LogEntry:
    """A log line."""
    said = {"level": level, "message": message, "logged_at": after(logged)}
    return LogEntry(type="log", step=index, call=nth, at=at, line=None, **said)


def retry(attempt: int, error: str, failed: float, following: float) -> Retry:
    """A failed attempt."""
    return Retry(attempt=attempt, error=error, failed_at=after(failed), next_attempt_at=after(following))


def outline(*lines: tuple[int, str, str], numbers: Iterable[int | None] | None = None) -> list[OutlineLine]:
    """The lines of a program: how deep, the path, the text; with their numbers, if there is a source."""
    numbered = zip(lines, numbers or [None] * len(lines), strict=True)
    return [OutlineLine(depth=depth, at=at, text=text, line=number) for (depth, at, text), number in numbered]


def history(*entries: StepEntry | CallEntry | LogEntry, **changed: Any) -> History:
    """The history of a running execution."""
    fields: dict[str, Any] = {
        "execution_id": EXECUTION,
        "workflow_id": WORKFLOW,
        "workflow_name": "Order follow-up",
        "version": 7,
        "status": "running",
        "started_at": NOW.isoformat(),
        "completed_at": None,
        "error": None,
        "input": None,
        "output": None,
        "waiting_for": None,
        "rerun_of": None,
        "reruns": [],
        "program": [],
        "entries": list(entries),
    }
    return History(**fields | changed)


def waiting(kind: Any, until: float | None, **changed: Any) -> WaitingFor:
    """What an execution waits for."""
    moment = None if until is None else (NOW + timedelta(seconds=until)).isoformat()
    return WaitingFor(**{"kind": kind, "until": moment, "attempt": None, "error": None, "review_ids": []} | changed)


FOLLOW_UP = outline(
    (0, "body[0]", 'orders = api.request("GET", "orders").orders'),
    (0, "body[1]", "reminded = 0"),
    (0, "body[2]", "for order in orders"),
    (1, "body[2].body.body[0]", 'answer = http.request("GET", order.url, {"timeout": 10})'),
    (1, "body[2].body.body[1]", 'if answer.body.state == "open"'),
    (
        2,
        "body[2].body.body[1].thenBranch.body[0]",
        'email.send({"to": order.email, "subject": "Order {order.id}", "text": "Your order is s…',
    ),
    (2, "body[2].body.body[1].thenBranch.body[1]", "reminded = reminded + 1"),
    (1, "body[2].body.body[1].elseBranch", "else"),
    (2, "body[2].body.body[1].elseBranch", 'log.info("order {order.id} is {answer.body.state}")'),
    (1, "body[2].body.body[2]", "time.sleep(1800)"),
    (0, "body[3]", "if reminded > 100"),
    (1, "body[3].thenBranch", 'fail "too many reminders"'),
    (0, "body[4]", 'return {"reminded": reminded}'),
)


def asleep() -> History:
    """It runs: in the fifth round of a loop it sleeps; one request before was tried again."""
    entries: list[StepEntry | CallEntry | LogEntry] = [
        step(
            0,
            'orders = api.request("GET", "orders").orders',
            0.125,
            0.842,
            result='[{"id":1041,"url":"https://shop.example/orders/1041","email":"ada@example.com"}]',
        ),
        call(0, 1, "body[0].init.object", "api.request", 0.131, 0.83, result='{"orders":[{"id":1041},{"id":1042}]}'),
        step(1, "reminded = 0", 0.97, 0.001, result="0"),
        step(2, "for order in orders", 0.972, kind="ForEachStmt"),
    ]
    at, nth, since = "body[2].body.body", 0, 1.0
    for turn in range(5):
        nth += 1
        took = 0.412 + turn / 10
        retries = [retry(1, "429 Too Many Requests", since + 0.3, since + 420)] if turn == 2 else []
        took += 420 if retries else 0
        entries.append(
            call(
                2,
                nth,
                f"{at}[0].init",
                "http.request",
                since,
                took,
                attempt=1 + len(retries),
                retries=retries,
                result='{"status":200,"headers":{"content-type":"application/json"},"body":{"state":"open"}}',
            )
        )
        since += took
        nth += 1
        if turn == 1:
            entries.append(log(2, nth, f"{at}[1].elseBranch.expr", "order 1042 is shipped", since))
        else:
            entries.append(
                call(
                    2,
                    nth,
                    f"{at}[1].thenBranch.body[0].expr",
                    "email.send",
                    since,
                    0.2,
                    result='{"message_id":"0100018c-4a1b"}',
                )
            )
        since += 0.2
        nth += 1
        ends = 1800 if turn < 4 else None
        entries.append(
            call(
                2,
                nth,
                f"{at}[2].expr",
                "time.sleep",
                since,
                ends,
                until=after(since + 1800),
                status="completed" if ends else "sleeping",
            )
        )
        since += 1800
    return history(
        *entries,
        input={"since": "2026-01-14", "shop": "Lübeck"},
        waiting_for=waiting("time", since),
        program=FOLLOW_UP,
    )


ASLEEP_NOW = now(8112)


def failed() -> History:
    """It failed: a request had four attempts, the last of them an answer that the program cannot use."""
    error = "http.request: no answer: connection to payments.example timed out"
    retries = [
        retry(1, "no connection to payments.example within 10 seconds", 11.4, 13.6),
        retry(2, "503 Service Unavailable", 14.1, 19),
        retry(3, "503 Service Unavailable", 19.3, 28),
    ]
    return history(
        step(0, "order = input.order", 0.2, 0.002, result='{"id":1041,"total":129.9}'),
        step(1, "try", 0.31, 40.2, kind="TryStmt", status="failed", error=f"body[1].handler.body[1].expr: {error}"),
        call(
            1, 1, "body[1].body.expr", "api.request", 0.33, 0.71, status="failed", error="answered 402: card declined"
        ),
        log(1, 2, "body[1].handler.body[0].expr", "charging at the second provider: card declined", 1.05, "error"),
        call(
            1,
            3,
            "body[1].handler.body[1].expr",
            "http.request",
            1.1,
            39.4,
            status="failed",
            attempt=4,
            retries=retries,
            error="no answer: connection to payments.example timed out",
        ),
        workflow_name="Charge an order",
        version=12,
        status="failed",
        completed_at=(NOW + timedelta(seconds=40)).isoformat(),
        error=f"Step 1 failed: body[1].handler.body[1].expr: {error}",
        input={"order": {"id": 1041, "total": 129.9, "currency": "EUR"}},
        reruns=["6968d0008f3c5e0b7a9d2c99"],
        program=outline(
            (0, "body[0]", "order = input.order"),
            (0, "body[1]", "try"),
            (1, "body[1].body", 'api.request("POST", "charges", {"order": order.id, "amount": order.total})'),
            (0, "body[1].handler", "except as problem"),
            (1, "body[1].handler.body[0]", 'log.error("charging at the second provider: {problem.message}")'),
            (1, "body[1].handler.body[1]", 'http.request("POST", "https://payments.example/charges", {"json": order})'),
            (0, "body[2]", 'email.send({"to": order.email, "subject": "Thank you"})'),
            (0, "body[3]", "return order.id"),
        ),
    )


def undecided() -> History:
    """It waits for a person, in a rerun of another execution."""
    origin = "6968b0008f3c5e0b7a9d2c10"
    day = 86400
    return history(
        step(0, "order = input", -day, 0.01, result='{"id":1041}', taken_from=origin),
        step(
            1,
            'review = human.create({"question": "May this order go out?", "order": order}, "ship-…',
            0.4,
            0.05,
            result=f'"{REVIEW}"',
        ),
        call(1, 1, "body[1].init", "human.create", 0.41, 0.03, review_id=REVIEW, result=f'"{REVIEW}"'),
        step(2, "human.wait()", 0.46, kind="ExprStmt"),
        call(2, 1, "body[2].expr", "human.wait", 0.47, status="waiting", until=after(3 * day)),
        workflow_name="Approval",
        version=3,
        input={"id": 1041, "to": "Grace Hopper"},
        waiting_for=waiting("decisions", 3 * day, review_ids=[REVIEW]),
        rerun_of={"execution_id": origin, "from_step": 1},
        program=outline(
            (0, "body[0]", "order = input"),
            (
                0,
                "body[1]",
                'review = human.create({"question": "May this order go out?", "order": order}, "ship-…',
            ),
            (0, "body[2]", "human.wait()"),
            (0, "body[3]", "answer = human.result(review)"),
            (0, "body[4]", 'if answer.decision == "approved"'),
            (1, "body[4].thenBranch", 'api.request("POST", "orders/{order.id}/shipments", {})'),
            (0, "body[5]", "return answer.decision"),
        ),
    )


UNDECIDED_NOW = now(1.2 * 86400)
FAILED_NOW = now(3600)
