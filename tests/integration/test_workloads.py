"""What the bench prices: runs with what is told of them, and a month in which nothing happens."""

import pytest

from handlers.metrics import METRICS
from lodol.cost.usage import price_list
from scripts.bench import cost
from scripts.bench.section import Options
from tests.support.documents import ROOT
from tests.support.template import template


@pytest.fixture(scope="module")
def workloads() -> dict[str, dict[str, float]]:
    """Dollars by item of what the bench prices, of this product."""
    measured = cost.measure(Options())["workloads"]
    return {name: designs[cost.OURS]["items"] for name, designs in measured.items()}


def test_a_month_in_which_nothing_happens_costs_what_stands_there_and_no_request(
    workloads: dict[str, dict[str, float]],
) -> None:
    month = workloads["a month in which nothing happens"]
    kinds = [resource["Type"] for resource in template()["Resources"].values()]

    assert not any(item.startswith("API Gateway") for item in month)
    assert month["Secrets Manager, a secret for a month"] == 0.4
    assert month["CloudWatch, a metric for a month"] == 0.3
    assert month["CloudWatch, an alarm for a month"] == pytest.approx(0.1 * kinds.count("AWS::CloudWatch::Alarm"))
    assert month["CloudWatch, a dashboard for a month"] == 3
    # Two functions each minute.
    assert month["Lambda, requests"] == pytest.approx(2 * 30 * 24 * 60 * 0.2e-6, abs=1e-4)


def test_a_million_runs_are_a_million_events_and_those_that_ask_a_person_three(
    workloads: dict[str, dict[str, float]],
) -> None:
    bus = "EventBridge, events on a bus of one's own"
    events = {name: items[bus] for name, items in workloads.items() if bus in items}

    assert {name for name in workloads if "runs" in name} <= set(events)
    assert events.pop("a million reviews published, asked and decided") == 2
    assert events.pop("a million runs that ask a person") == 3
    assert set(events.values()) == {1}


def test_operating_says_what_metrics_and_alarms_cost() -> None:
    text = " ".join((ROOT / "docs/operating.md").read_text().split())
    steady = [metric for metric in METRICS if metric.by is None]
    dollars = {price.counts: price.dollars for price in price_list().prices}

    assert f"${dollars['metric_months'] * len(steady):.2f} a month at most" in text
    assert f"The dashboard is ${dollars['dashboard_months']:.0f}" in text
    assert f"each alarm ${dollars['alarm_months']:.2f}" in text
