"""`lodol top`: what it reads of log, table, queues and AWS, how it adds that up, and how it shows it."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from rich.console import Console
from typer.testing import CliRunner

from domain.aws.stack import Stack
from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.moments import utc_now
from handlers import metrics
from handlers.worker import Worker
from lodol.cli import glance, stack, top
from lodol.cli.glance import Glance, Watcher, measured_on
from lodol.cli.main import app, main
from tests.support.commands import deploy, lodol
from tests.support.given import Lines
from tests.support.log import line, make_log, write
from tests.support.shop import Shop

QUIET = Glance(
    at=datetime(2026, 1, 15, 10, 30, tzinfo=UTC),
    minutes=3,
    running=0,
    overdue=0,
    oldest_overdue_seconds=0,
    deliveries_pending=0,
    dead_letters=0,
    event_dead_letters=0,
    totals=dict.fromkeys((*glance.MINUTELY, *glance.TOTALS), 0),
    minutely={name: [0, 0, 0] for name in glance.MINUTELY},
    start_to_done_ms={},
    refusals={},
    aws={"conflicts": 0, "throttles": 0},
)


@pytest.fixture(autouse=True)
def deployed(table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deploy(machine, monkeypatch, tmp_path)
    make_log()


def test_what_the_functions_have_written_is_what_it_shows(worker: Worker, written: Lines) -> None:
    shop = Shop(worker, credits=2)
    assert [shop.run()[0] for _ in range(3)] == [202, 202, 402]
    assert shop.get("0" * 24)[0] == 404
    write("START RequestId: 1", "no JSON at all", *written(), "END RequestId: 1")

    shown = lodol("top")

    assert (shown["running"], shown["overdue"], shown["minutes"]) == (2, 0, 15)
    assert (shown["totals"]["Runs"], shown["totals"]["Refusals"]) == (2, 2)
    assert shown["refusals"] == {"insufficient_credits": 1, "execution_not_found": 1}
    assert sum(shown["minutely"]["Runs"][-2:]) == 2


def test_what_ended_is_told_by_the_minute_and_by_its_percentiles() -> None:
    now = utc_now()
    write(line(now - timedelta(minutes=40), Succeeded=[5], StartToDone=[9.0] * 5), at=now - timedelta(minutes=40))
    write(line(now - timedelta(minutes=2), Failed=[1], StartToDone=[7000]), at=now - timedelta(minutes=2))
    write(line(now, Succeeded=[19], StartToDone=[float(ms) for ms in range(100, 2000, 100)]), at=now)

    seen = Watcher(stack.find("acme"), 3).glance(now)

    assert (seen.totals["Succeeded"], seen.totals["Failed"]) == (19, 1)
    assert (seen.minutely["Succeeded"], seen.minutely["Failed"]) == ([0, 0, 19], [1, 0, 0])
    assert seen.start_to_done_ms == {"p50": 1000, "p95": 1900, "p99": 7000}


def test_it_reads_on_where_it_was_takes_what_comes_late_and_counts_nothing_twice() -> None:
    now, watcher = utc_now(), Watcher(stack.find("acme"), 3)
    write(line(now, Runs=[1]), at=now)
    assert watcher.glance(now).totals["Runs"] == 1
    assert watcher.glance(now).totals["Runs"] == 1

    write(line(now, Runs=[2]), at=now - timedelta(seconds=5))
    write(line(now, Runs=[4]), at=now + timedelta(seconds=1))
    assert watcher.glance(now).totals["Runs"] == 7
    assert watcher.glance(now + timedelta(minutes=5)).totals["Runs"] == 0


def test_what_is_overdue_and_for_how_long_stands_in_the_table(worker: Worker, unreachable: Stack) -> None:
    shop = Shop(worker)
    for _ in range(2):
        shop.run()
    seen = Watcher(stack.find("acme"), 3).glance(utc_now() + timedelta(minutes=5))

    assert (seen.running, seen.overdue) == (2, 2)
    assert 230 < seen.oldest_overdue_seconds < 250


def test_more_than_it_counts_is_shown_as_more(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "_COUNTED_AT_MOST", 2)
    shop = Shop(worker)
    for _ in range(3):
        shop.run()

    assert Watcher(stack.find("acme"), 3).glance(utc_now()).running == 2
    text = [text for _, text in top.lines_of(replace(QUIET, running=10_000, overdue=9_999))]
    assert {"running          10,000+", "overdue          9,999, the oldest for 0 ms"} <= set(text)


def test_what_aws_counts_is_asked_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now, watcher = utc_now(), Watcher(stack.find("acme"), 15)
    asked: list[datetime] = []
    dimensions = {
        ("AWS/DynamoDB", "TransactionConflict"): {"Name": "TableName", "Value": "table"},
        ("AWS/DynamoDB", "WriteThrottleEvents"): {"Name": "TableName", "Value": "table"},
        ("AWS/Lambda", "Throttles"): {"Name": "FunctionName", "Value": "acme-run-steps"},
    }
    for number, ((namespace, name), dimension) in enumerate(dimensions.items()):
        datum = {"MetricName": name, "Dimensions": [dimension], "Value": 10**number, "Timestamp": now}
        boto3.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[datum])
    counted = watcher.stack.counted_by_aws

    def count(since: datetime, until: datetime) -> dict[str, int]:
        asked.append(until)
        return counted(since, until)

    monkeypatch.setattr(watcher.stack, "counted_by_aws", count)

    later = [watcher.glance(now + timedelta(seconds=seconds)).aws for seconds in (1, 30, 62)]

    assert later == [{"conflicts": 1, "throttles": 110}] * 3
    assert len(asked) == 2


def test_what_needs_a_person_is_red_and_what_may_is_yellow() -> None:
    assert {style for style, _ in top.lines_of(QUIET)} == {"bold", ""}
    totals = {**QUIET.totals, "GivenUp": 1, "BrokenAttempts": 2, "GenerationsLost": 3, "Failed": 4}
    wrong = replace(
        QUIET,
        overdue=5,
        oldest_overdue_seconds=200,
        dead_letters=1,
        refusals={"rate_limit_exceeded": 9, "internal_error": 1},
        totals=totals,
        aws={"conflicts": 0, "throttles": 7},
    )
    by_style: dict[str, list[str]] = {}
    for style, text in top.lines_of(wrong):
        by_style.setdefault(style, []).append(text)

    assert [text.split()[0] for text in by_style["bold red"]] == ["overdue", "1", "given", "attempts", "dead"]
    assert [text.split()[0] for text in by_style["yellow"]] == ["failed", "generations", "throttles"]


def test_a_bar_is_as_high_as_its_minute() -> None:
    shown = replace(QUIET, minutely={**QUIET.minutely, "Runs": [0, 50, 100]}, totals={**QUIET.totals, "Runs": 150})
    [text] = [text for _, text in top.lines_of(shown) if text.startswith("started")]
    assert text == "started          150          50.0 /min  ▁▄█"


def test_without_a_terminal_it_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it went on"))
    done = CliRunner().invoke(app, ["top"])
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].endswith(" UTC, the last 15 min")
    assert "start to done    nothing ended" in done.stdout.splitlines()


def test_on_a_terminal_it_goes_on_until_it_is_told_to_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = iter([None, None, KeyboardInterrupt])

    def sleep(seconds: float) -> None:
        assert seconds == 2
        write(line(utc_now(), Runs=[7]))
        if (ends := next(looks)) is not None:
            raise ends

    monkeypatch.setattr(top, "is_interactive", lambda: True)
    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("rich.console.Console", lambda **how: Console(force_terminal=True, width=100, height=40, **how))

    assert main(["top", "--every", "2"]) == 0

    shown = capsys.readouterr().out
    assert shown.count("UTC, the last 15 min") == 3
    assert "started          14" in shown


def test_a_line_that_does_not_fit_is_cut() -> None:
    text = top.styled(iter([("", "x" * 200), ("red", "y")]))
    console = Console(width=20)
    assert [len(row) for row in text.wrap(console, 20)] == [20, 1]


def test_it_knows_every_metric_that_is_measured_and_no_other() -> None:
    shown = {*glance.MINUTELY, *glance.TOTALS, "StartToDone"}
    assert shown == {metric.name for metric in metrics.METRICS} - {"OldestOverdueSeconds"}
    [refused] = measured_on(json.dumps(line(utc_now(), code="unavailable", Refusals=[1])))
    assert (refused.name, refused.code, refused.values) == ("Refusals", "unavailable", (1,))
