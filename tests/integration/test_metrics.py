"""The metrics: what is counted, on which line of the log it stands, and where it is written down."""

import json
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.callables.effect import CallContext
from domain.moments import utc_now
from handlers import metrics, run_steps
from handlers.logs import logger
from handlers.worker import Worker
from tests.support.conformance import World, slices_of
from tests.support.documents import rows, section
from tests.support.given import Lines
from tests.support.hooks import Hooks
from tests.support.operations import publish
from tests.support.programs import call, do, literal, program, sleep
from tests.support.requests import Context
from tests.support.shop import Shop
from tests.support.site import Said, Site
from tests.support.streams import Outside, Stream
from tests.support.system import Fresh
from tests.support.template import template

UNITS = {metric.name: metric.unit.value for metric in metrics.METRICS}
FAILS = do(call("http.request", literal("GET"), literal("https://fail/")))
REQUESTS = do(call("http.request", literal("GET"), literal("https://example.com/")))


def measured(lines: list[Any]) -> dict[str, list[float]]:
    """What CloudWatch makes of lines: the values of each metric, by its name and its dimensions beside the stack."""
    found: dict[str, list[float]] = {}
    for line in lines:
        for said in line.get("_aws", {}).get("CloudWatchMetrics", []):
            [dimensions] = said["Dimensions"]
            assert (said["Namespace"], dimensions[0]) == ("Lodol", "service")
            assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 60
            for metric in said["Metrics"]:
                assert metric["Unit"] == UNITS[metric["Name"]]
                values = line[metric["Name"]]
                assert all(type(value) in {int, float} for value in values)
                name = " ".join([metric["Name"], *(line[one] for one in dimensions[1:])])
                found.setdefault(name, []).extend(values)
    return found


def sums(lines: list[Any]) -> Mapping[str, float]:
    return {name: sum(values) for name, values in measured(lines).items()}


def test_a_run_counts_once_and_its_repeat_does_not(worker: Worker, written: Lines) -> None:
    shop = Shop(worker)

    answers = [shop.run(Idempotency_Key="k") for _ in range(2)]
    shop.list()

    assert [(status, headers.get("idempotency-replayed")) for status, headers, _ in answers] == [
        (202, None),
        (202, "true"),
    ]
    assert sums(written()) == {"Runs": 1}


def test_a_refusal_counts_under_its_code_on_the_one_line_of_its_request(worker: Worker, written: Lines) -> None:
    shop = Shop(worker, credits=1)
    shop.run()
    assert [shop.run()[0], shop.run()[0], shop.get("0" * 24)[0]] == [402, 402, 404]

    lines = written()
    assert sums(lines) == {
        "Runs": 1,
        "Refusals insufficient_credits": 2,
        "Refusals execution_not_found": 1,
    }
    assert [line["message"] for line in lines] == ["request"] * 4
    assert [line.get("code") for line in lines] == [None, *["insufficient_credits"] * 2, "execution_not_found"]
    assert {line["workspace_id"] for line in lines} == {shop.workspace.id}
    assert {line["location"].partition(":")[0] for line in lines} == {"_serve"}


def test_a_crash_counts_as_what_its_client_was_told(
    worker: Worker, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.entities.executions.read_state", None)
    assert Shop(worker).get("0" * 24)[0] == 500
    assert sums(written()) == {"Refusals internal_error": 1}


def test_whoever_is_nobody_is_refused_and_named_by_no_workspace(worker: Worker, written: Lines) -> None:
    shop = Shop(worker)
    shop.get("0" * 24)
    shop.key = "sk_live_nobody"
    shop.get("0" * 24)

    assert [line.get("workspace_id") for line in written()] == [shop.workspace.id, None]


def test_each_end_counts_and_tells_to_the_millisecond_how_long_it_took(fresh: Fresh, written: Lines) -> None:
    system, outside = fresh(credits=9, concurrent=9), Outside()
    stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
    system.run(system.workflow(sleep(3)))
    system.run(system.workflow(FAILS))
    stopped = system.run(system.workflow(sleep(600))).body["execution_id"]
    system.pass_time(milliseconds=250)
    system.stop(stopped)
    system.drive()
    stream.deliver(worker)

    [line] = [line for line in written() if line["message"] == "published"]
    found = measured([line])
    assert sorted(found.pop("StartToDone")) == [250, 4000, 4000]
    assert found == {"Succeeded": [1], "Failed": [1], "Stopped": [1]}


def test_an_end_by_a_worker_whose_clock_is_behind_took_no_time(fresh: Fresh, written: Lines) -> None:
    system, outside = fresh(), Outside()
    stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
    started = system.run(system.workflow(sleep(600))).body["execution_id"]
    system.pass_time(milliseconds=-250)
    system.stop(started)
    stream.deliver(worker)

    assert measured(written())["StartToDone"] == [0]


def test_events_without_an_end_measure_nothing(fresh: Fresh, written: Lines) -> None:
    system, outside = fresh(), Outside()
    stream, worker = Stream(), Worker(outside.stack(system.stack), system.world.clock)
    system.run(system.workflow(do(call("human.create", literal("Go?"))), do(call("human.wait"))))
    system.drive()
    stream.deliver(worker)

    [line] = [line for line in written() if line["message"] == "published"]
    assert (line["events"], measured([line])) == (1, {})


def test_lost_generations_count_whoever_finds_them_and_so_does_what_is_given_up(fresh: Fresh, written: Lines) -> None:
    system = fresh()
    execution_id = system.run(system.workflow(sleep(600))).body["execution_id"]
    for number in range(3):
        system.machines.end(system.latest(execution_id), "FAILED")
        system.deliver(number)

    lost = [measured([line]) for line in written() if line["message"] == "abnormal end"]
    assert lost == [{"GenerationsLost": [1]}, {"GenerationsLost": [1]}, {"GenerationsLost": [1], "GivenUp": [1]}]


def test_each_pass_tells_what_it_has_repaired_and_how_long_the_longest_was_due(fresh: Fresh, written: Lines) -> None:
    system = fresh()
    system.reconcile()
    execution_id = system.run(system.workflow(sleep(3600))).body["execution_id"]
    for _ in range(3):
        system.machines.end(system.latest(execution_id), "FAILED")
        system.reconcile_later()

    none, *passes = [measured([line]) for line in written() if line["message"] == "reconciled"]
    assert none == {"OldestOverdueSeconds": [0]}
    assert [one.pop("OldestOverdueSeconds")[0] >= 240 for one in passes] == [True] * 3
    assert passes == [
        {"Repairs": [1], "GenerationsLost": [1]},
        {"Repairs": [1], "GenerationsLost": [1]},
        {"Repairs": [1], "GenerationsLost": [1], "GivenUp": [1]},
    ]


def test_attempts_that_fail_count_and_those_that_arrive_do_not(fresh: Fresh, written: Lines, site: Site) -> None:
    system = fresh()
    hooks = Hooks(system.stack, site.host)
    for status in (200, 500):
        hooks.create(site.at(Said(status)))
    hooks.happens()
    hooks.pump()

    assert [measured([line]) for line in written() if line["message"] == "attempts made"] in (
        [{}, {"FailedAttempts": [1]}],
        [{"FailedAttempts": [1]}, {}],
    )


def test_metrics_are_written_alone_where_their_lines_are_not_logged(
    worker: Worker, written: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, level = Shop(worker), logger.log_level
    logger.setLevel("ERROR")
    try:
        shop.run()
        shop.list()
    finally:
        logger.setLevel(level)

    assert written() == []
    [line] = map(json.loads, capsys.readouterr().out.splitlines())
    assert (sums([line]), "route" in line) == ({"Runs": 1}, False)


def test_a_slow_call_is_a_line_and_a_quick_one_is_none(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    system = fresh()
    usual, seconds = system.world.request, iter([0.9, 1.2])

    def request(context: CallContext, method: str, url: str, *more: Any) -> Any:
        system.pass_time(seconds=next(seconds))
        return usual(context, method, url, *more)

    monkeypatch.setattr(system.world, "request", request)
    system.run(system.workflow(REQUESTS, FAILS))
    system.drive()

    [line] = [line for line in system.log.lines if line.startswith("slow call")]
    assert "'callee': 'http.request', 'ms': 1200, 'step': 1, 'attempt': 1" in line


def test_every_field_of_a_saved_query_stands_on_the_lines_that_it_is_about(
    worker: Worker, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, world = Shop(worker, credits=1), World(utc_now())

    def request(context: CallContext, *_: Any) -> Any:
        world.now += timedelta(seconds=2)
        return {"status": 200}

    monkeypatch.setattr(world, "request", request)
    body = (do(call("log.info", literal("said"))), REQUESTS)
    slow = publish(shop.table, utc_now(), shop.workspace.id, name="Slow", description="", program=program(*body))
    execution_id = shop.run(workflow=slow.id)[2]["execution_id"]
    shop.run()
    ids = {"workspace_id": shop.workspace.id, "execution_id": execution_id}
    run_steps.handler(ids, Context(), slices_of(worker.stack, world))  # type: ignore[arg-type]

    texts = {"EXECUTION": execution_id, "WORKSPACE": shop.workspace.id}
    queries = {
        name: re.sub(r"\b[A-Z]+\b", lambda put_in: texts[put_in[0]], one["Properties"]["QueryString"])
        for name, one in template()["Resources"].items()
        if one["Type"] == "AWS::Logs::QueryDefinition"
    }
    found = {name: [line for line in written() if _answers(query, line)] for name, query in queries.items()}
    assert {name: [line["message"] for line in lines] for name, lines in found.items()} == {
        "ThisExecutionQuery": ["said", "slow call", "slice ended"],
        "WorkspaceRefusalsQuery": ["request"],
        "SlowestCallablesQuery": ["slow call"],
    }
    for name, lines in found.items():
        assert set(_fields(queries[name])) <= {field for line in lines for field in line}, name


def _answers(query: str, line: Any) -> bool:
    """Whether a line is among those that the filter of a query lets through."""
    [condition] = re.findall(r"^(?:\| )?filter (.*)$", query, re.MULTILINE)
    return all(
        named[1] in line if (named := re.fullmatch(r"ispresent\((\w+)\)", part)) else _equals(part, line)
        for part in condition.split(" and ")
    )


def _equals(part: str, line: Any) -> bool:
    name, text = part.split(" = ")
    return bool(line.get(name) == json.loads(text))


def _fields(query: str) -> list[str]:
    """The fields of our lines that a query names, beside those that CloudWatch gives each."""
    made = re.findall(r" as (\w+)", query)
    named = re.sub(r'"[^"]*"|@\w+', "", query)
    words = re.findall(r"\b[a-z_]+\b(?!\()", named)
    return [
        word
        for word in words
        if word not in {"fields", "filter", "sort", "stats", "limit", "asc", "desc", "and", "as", "by", *made}
    ]


def test_the_documents_list_every_metric_with_its_unit_and_its_dimensions() -> None:
    documented = [(name, unit, dimensions) for name, unit, dimensions, *_ in rows(section("operating", "Metrics"))]
    assert documented == [
        (f"`{metric.name}`", metric.unit.value, ", ".join(f"`{one}`" for one in ("service", metric.by) if one))
        for metric in metrics.METRICS
    ]


def test_every_alarm_on_a_metric_of_ours_looks_at_one_that_is_written() -> None:
    alarms = [one["Properties"] for one in template()["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    ours = [one for one in alarms if one["Namespace"] == metrics.NAMESPACE]
    assert ours
    for alarm in ours:
        assert [metric.by for metric in metrics.METRICS if metric.name == alarm["MetricName"]] == [None]
        assert alarm["Dimensions"] == [{"Name": "service", "Value": "AWS::StackName"}]
