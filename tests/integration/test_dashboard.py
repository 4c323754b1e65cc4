"""The picture of the dashboard: what is drawn is what the template has, from what a stack has measured."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from lodol.cli import stack
from scripts.dashboard import Line, Metrics, measured
from tests.support.commands import deploy
from tests.support.log import line, make_log, write
from tests.support.template import template

NOW = datetime.now(UTC).replace(second=30, microsecond=0)


@pytest.fixture(autouse=True)
def deployed(table: Table, machine: StateMachine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deploy(machine, monkeypatch, tmp_path)
    make_log()


def widgets() -> list[Any]:
    """Those of the template, for a stack named acme."""
    text, _ = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    named = text.replace("${AWS::StackName}", "acme").replace("${TableInUse}", "table")
    found: list[Any] = json.loads(re.sub(r"\$\{[\w.:]+\}", "x", named))["widgets"]
    return found


def drawn() -> tuple[dict[str, dict[str, Line]], list[str]]:
    """The lines of each widget, by titles and labels, and what is left out."""
    shown, unknown = measured(widgets(), Metrics(stack.find("acme"), 3, NOW))
    return {widget["properties"]["title"]: {one.label: one for one in lines} for widget, lines in shown}, unknown


def minute(ago: int) -> int:
    """The second in which a minute before now has begun."""
    return int((NOW - timedelta(minutes=ago)).timestamp()) // 60 * 60


def test_a_line_has_a_value_for_each_minute_by_the_statistic_of_its_source() -> None:
    for ago, values in ((3, [100.0, 200.0]), (1, [5000.0])):
        at = NOW - timedelta(minutes=ago)
        write(line(at, Succeeded=[2], StartToDone=values, OldestOverdueSeconds=[7, 9]), at=at)
    write(line(NOW, Succeeded=[9]), at=NOW)

    found, _ = drawn()

    assert found["Executions a minute"]["succeeded"] == Line("succeeded", {minute(3): 2, minute(1): 2})
    took = found["From start to done, ms"]
    assert took["p50"] == Line("p50", {minute(3): 100, minute(1): 5000})
    assert took["p99 (right)"] == Line("p99 (right)", {minute(3): 200, minute(1): 5000}, is_right=True)
    assert found["Oldest overdue execution, s"]["overdue for"].points == {minute(3): 9, minute(1): 9}


def test_refusals_have_a_line_for_each_code() -> None:
    at = NOW - timedelta(minutes=2)
    refused = [line(at, code=code, Refusals=[1]) for code in ("unavailable", "api_key_invalid", "unavailable")]
    write(*({**one, "n": number} for number, one in enumerate(refused)), at=at)

    assert drawn()[0]["Refusals a minute, by code"] == {
        "api_key_invalid": Line("api_key_invalid", {minute(2): 1}),
        "unavailable": Line("unavailable", {minute(2): 2}),
    }


def test_what_only_aws_measures_is_named_where_nothing_is() -> None:
    of_aws = [one["properties"]["title"] for one in widgets() if one["y"] == 15]
    assert drawn()[1] == of_aws
    datum = {
        "MetricName": "TransactionConflict",
        "Dimensions": [{"Name": "TableName", "Value": "table"}],
        "Value": 3,
        "Timestamp": NOW - timedelta(minutes=1),
    }
    boto3.client("cloudwatch").put_metric_data(Namespace="AWS/DynamoDB", MetricData=[datum])

    found, unknown = drawn()

    assert unknown == of_aws[:2]
    assert sum(found["Conflicts and throttles a minute"]["conflicts"].points.values()) == 3
