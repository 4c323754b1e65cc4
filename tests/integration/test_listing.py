"""Lists by workflow, status and time: the right rows in pages that are full, and what a page reads."""

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from domain.aws.table import Table
from domain.aws.writes import Item
from domain.entities import executions
from domain.entities.executions import End, Execution, Filter, State, Status
from domain.entities.workspaces import Workspace
from domain.moments import to_text
from handlers.parameters import STARTED_AFTER
from handlers.worker import Worker
from tests.support.given import NOW
from tests.support.operations import end
from tests.support.shop import Shop

EXECUTIONS = int(os.environ.get("LODOL_EXECUTIONS", "400"))
ONE_IN = EXECUTIONS // 4 if EXECUTIONS < 4000 else 1000
WORKFLOWS = ("a" * 24, "b" * 24)
STATUSES = (Status.RUNNING, Status.SUCCESS, Status.FAILED, Status.STOPPED)


def store(table: Table, workspace_id: str, number: int, workflow_id: str, status: Status) -> Execution:
    """An execution that was started so many seconds after the first, and has ended if it is so."""
    started = NOW + timedelta(seconds=number)
    seconds = int(started.timestamp())
    execution = Execution(
        id=f"{seconds:08x}{number:016x}",
        workspace_id=workspace_id,
        workflow_id=workflow_id,
        workflow_name="A",
        version=1,
        status=Status.RUNNING,
        started_at=to_text(started),
    )
    table.commit(executions.create(execution))
    if status is not Status.RUNNING:
        table.commit(executions.end(State(execution), End(status, started)))
    return execution


@pytest.fixture
def many(table: Table, workspace: Workspace) -> list[tuple[Execution, Status]]:
    """Executions of every workflow in every status, newest first."""
    kinds = list(product(WORKFLOWS, STATUSES)) * 3
    found = [
        (store(table, workspace.id, number, workflow_id, status), status)
        for number, (workflow_id, status) in enumerate(kinds)
    ]
    return found[::-1]


FILTERS = [
    Filter(workflow_id, frozenset(statuses), after, before)
    for workflow_id in (None, WORKFLOWS[1])
    for statuses in ((), (Status.FAILED,), (Status.RUNNING, Status.STOPPED), STATUSES)
    for after in (None, NOW + timedelta(seconds=5))
    for before in (None, NOW + timedelta(seconds=19))
]


@pytest.mark.parametrize("which", FILTERS, ids=range(len(FILTERS)))
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_pages_are_full_and_together_what_matches(
    table: Table, workspace: Workspace, many: list[tuple[Execution, Status]], which: Filter, limit: int
) -> None:
    wanted = [
        execution.id
        for execution, status in many
        if which.workflow_id in {None, execution.workflow_id}
        and (not which.statuses or status in which.statuses)
        and (which.started_after is None or execution.started > which.started_after)
        and (which.started_before is None or execution.started < which.started_before)
    ]
    seen: list[str] = []
    while page := executions.list_page(table, workspace.id, limit, seen[-1] if seen else None, which):
        seen += [execution.id for execution in page]
        assert len(page) == min(limit, len(wanted) - len(seen) + len(page))

    assert seen == wanted


@pytest.mark.parametrize(
    ("after", "before", "numbers"),
    [
        (timedelta(seconds=22), None, [23]),
        (timedelta(seconds=22, microseconds=-1), None, [23, 22]),
        (timedelta(seconds=22, microseconds=1), None, [23]),
        (None, timedelta(seconds=1), [0]),
        (None, timedelta(microseconds=1), [0]),
        (None, timedelta(0), []),
        (timedelta(days=365 * 200), None, []),
        (None, timedelta(days=-365 * 100), []),
    ],
)
def test_a_moment_leaves_out_what_started_at_its_second(
    table: Table,
    workspace: Workspace,
    many: list[tuple[Execution, Status]],
    after: timedelta | None,
    before: timedelta | None,
    numbers: list[int],
) -> None:
    which = Filter(
        started_after=None if after is None else NOW + after, started_before=None if before is None else NOW + before
    )

    assert [int(one.id[8:], 16) for one in executions.list_page(table, workspace.id, 9, None, which)] == numbers


def test_a_row_that_stands_in_two_partitions_counts_once(
    table: Table, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index lags: the row of an execution that has just ended may be in both."""
    shown = store(table, workspace.id, 1, WORKFLOWS[0], Status.RUNNING)
    row = table.get(executions.key(workspace.id, shown.id))
    assert row is not None
    monkeypatch.setattr(table, "query_index", lambda *_: iter([row]))

    both = Filter(statuses=frozenset({Status.RUNNING, Status.FAILED}))

    assert [one.id for one in executions.list_page(table, workspace.id, 5, None, both)] == [shown.id]


@pytest.fixture
def shop(worker: Worker) -> Shop:
    return Shop(worker, concurrent_executions=50, credits=50, requests_per_minute=1000)


def test_the_link_carries_the_filters_and_leads_to_the_end(shop: Shop) -> None:
    ids = [shop.run()[2]["execution_id"] for _ in range(5)]
    for stopped in ids[:4]:
        shop.stop(stopped)
    since = to_text(shop.worker.clock() - timedelta(hours=1))
    query: dict[str, Any] = {"status": "stopped,failed", "started_after": since, "limit": "3"}
    query["workflow_id"] = shop.workflow

    first = shop.list(**query)
    found = re.fullmatch(r'<\?(.*)>; rel="next"', first[1]["link"])
    assert found is not None
    assert found[1] == (
        f"workflow_id={shop.workflow}&started_after={since.replace('+', '%2B')}&status=stopped,failed"
        f"&limit=3&after={first[2]['executions'][-1]['execution_id']}"
    )
    second = shop.list(**query, after=first[2]["executions"][-1]["execution_id"])

    shown = [row["execution_id"] for page in (first, second) for row in page[2]["executions"]]
    assert sorted(shown) == sorted(ids[:4])
    assert "link" not in second[1]


@pytest.mark.parametrize("moment", ["2020-01-15T10:30:00+00:00", "2020-01-15T10:30:00 00:00", "2020-01-15T10:30:00Z"])
def test_a_moment_is_read_as_it_is_commonly_written(shop: Shop, moment: str) -> None:
    shop.run()

    assert len(shop.list(started_after=moment)[2]["executions"]) == 1
    assert shop.list(started_before=moment)[2]["executions"] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("limit", "+5"),
        ("limit", "1_0"),
        ("limit", " 5"),
        ("status", ""),
        ("status", "done"),
        ("status", "failed,"),
        ("status", "FAILED"),
        ("started_after", "yesterday"),
        ("started_before", ""),
        ("started_after", "2026-13-01"),
        ("started_after", "2026-01-15T10:30:00+99:00"),
    ],
)
def test_a_filter_that_says_nothing_is_400_and_never_ignored(shop: Shop, name: str, text: str) -> None:
    status, _, body = shop.list(**{name: text})

    assert status == 400
    assert body["error"].startswith(f"{name} must be ")


@pytest.mark.parametrize("before", ["2026-01-15T10:30:00Z", "2026-01-15T10:29:59Z", "2026-01-15T11:30:00+01:00"])
def test_a_time_that_ends_before_it_begins_is_400(shop: Shop, before: str) -> None:
    """Nothing can match it, and an empty list would look as if nothing had run."""
    status, _, body = shop.list(started_after="2026-01-15T10:30:00Z", started_before=before)

    assert (status, body["error"]) == (400, "started_after must be earlier than started_before.")


@pytest.mark.parametrize("query", [{}, {"status": "failed,running"}, {"status": "failed,running", "limit": "2"}])
def test_errors_are_there_only_when_asked_for(shop: Shop, table: Table, query: dict[str, str]) -> None:
    """Wherever the rows come from: no index has the errors."""
    ids = [shop.run()[2]["execution_id"] for _ in range(3)]
    for failed in ids[:2]:
        end(table, shop.workspace.id, failed, End(Status.FAILED, shop.worker.clock(), f"Step 0 failed: {failed}"))

    _, headers, body = shop.list(include_errors="true", **query)
    errors = {row["execution_id"]: row["error"] for row in body["executions"]}
    expected = {ids[2]: None} | {failed: f"Step 0 failed: {failed}" for failed in ids[:2]}
    assert errors == {shown: expected[shown] for shown in errors}
    assert len(errors) == (2 if "limit" in query else 3)
    assert ("include_errors=true" in headers.get("link", "")) is ("limit" in query)
    for plain in (shop.list(**query), shop.list(include_errors="false", **query)):
        assert all("error" not in row for row in plain[2]["executions"])


@pytest.mark.parametrize(
    "query",
    [{}, {"workflow_id": "the workflow"}, {"status": "stopped,running"}, {"include_errors": "true"}],
    ids=lambda query: ",".join(query) or "all",
)
def test_a_row_says_of_an_execution_what_reading_it_says(shop: Shop, query: dict[str, str]) -> None:
    """Wherever the rows come from: a list reads a part of each only."""
    ids = [shop.run()[2]["execution_id"] for _ in range(2)]
    shop.stop(ids[0])
    asked = {name: shop.workflow if name == "workflow_id" else value for name, value in query.items()}

    rows = {row["execution_id"]: row for row in shop.list(**asked)[2]["executions"]}

    assert rows.keys() == set(ids)
    for execution_id, row in rows.items():
        shown = shop.get(execution_id)[2]
        del shown["error"]
        assert {name: row[name] for name in shown} == shown
    assert rows[ids[0]]["completed_at"] is not None


def _cheaply(table: Table, workspace_id: str, count: int, status_of: Callable[[int], Status]) -> None:
    for number in range(count):
        store(table, workspace_id, number, WORKFLOWS[number % 2], status_of(number))


@pytest.mark.parametrize("workflow_id", [None, WORKFLOWS[0]])
@pytest.mark.parametrize("time", [None, timedelta(0)])
def test_what_a_page_reads_does_not_grow_with_what_it_leaves_out(
    table: Table, workspace: Workspace, workflow_id: str | None, time: timedelta | None
) -> None:
    """Few match; the items that DynamoDB answers with, and looks at for that, are those of the page."""
    read: list[Item] = []
    looked: list[int] = []

    def note(parsed: Any, **_: Any) -> None:
        read.extend(parsed.get("Items", []))
        looked.append(parsed.get("ScannedCount", 0))

    _cheaply(table, workspace.id, EXECUTIONS, lambda number: Status.FAILED if number % ONE_IN == 0 else Status.SUCCESS)
    table._client.meta.events.register("after-call.dynamodb.Query", note)
    which = Filter(workflow_id, frozenset({Status.FAILED}), NOW + time if time is not None else None)

    page = executions.list_page(table, workspace.id, 100, None, which)

    assert len(page) == EXECUTIONS // ONE_IN - (time is not None)
    assert len(read) == len(page)
    assert looked == [len(page)]


def test_a_position_behind_the_time_asked_for_shows_nothing_of_it(
    table: Table, workspace: Workspace, many: list[tuple[Execution, Status]]
) -> None:
    which = Filter(started_before=NOW + timedelta(seconds=2))

    found = executions.list_page(table, workspace.id, 9, "f" * 24, which)

    assert [int(one.id[8:], 16) for one in found] == [1, 0]


def test_a_moment_without_an_offset_is_in_utc_wherever_the_function_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        moments = [STARTED_AFTER.read(text) for text in ("2026-01-15T10:30:00", "2026-01-15T10:30:00+02:00")]
    finally:
        monkeypatch.undo()
        time.tzset()

    assert moments == [datetime(2026, 1, 15, 10, 30, tzinfo=UTC), datetime(2026, 1, 15, 8, 30, tzinfo=UTC)]
    assert all(moment and moment.tzinfo for moment in moments)
