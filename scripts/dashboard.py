"""`make dashboard`: draws the dashboard of a stack from its own metrics, the local one if no other is named.

What is drawn is the body of the dashboard that was deployed. The metrics of `Lodol` are read from the log, where the
functions have written them, and those of AWS from CloudWatch: so a local cloud, which makes no metrics of lines, shows
what it has. A widget of which the cloud has measured nothing, AWS's own metrics that is, is named and not drawn.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from domain.moments import utc_now
from lodol.cli import stack
from lodol.cli.console import CannotDo
from lodol.cli.glance import Measured, Measurements, percentile

_PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "dashboard.svg"
_INCHES_A_COLUMN, _INCHES_A_ROW = 0.54, 0.45
_COLUMNS = 24
_COLOURS = ("#1f77b4", "#2ca02c", "#d62728", "#ff7f0e", "#9467bd", "#8c564b", "#17becf", "#7f7f7f")
_FAINT = "#8a8f98"
_STATES = {"OK": ("#2ca02c", "ok"), "ALARM": ("#d62728", "alarm"), "INSUFFICIENT_DATA": ("#9a9fa8", "no data")}
_SEARCH = re.compile(r"""SEARCH\('\{Lodol,service,(\w+)\} MetricName="(\w+)" service="[^"]+"', '(\w+)'\)""")

type Points = Mapping[int, float]
"""Values by the second since 1970 in which their minute begins."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a widget; one that `is_right` has the scale on that side."""

    label: str
    points: Points
    is_right: bool = False


class Metrics:
    """The metrics of a stack of so many whole minutes before a moment."""

    def __init__(self, of: stack.DeployedStack, minutes: int, now: datetime) -> None:
        self._cloudwatch = of.client("cloudwatch")
        self.until = now.replace(second=0, microsecond=0)
        self.since = self.until - timedelta(minutes=minutes)
        begin, end = int(self.since.timestamp()), int(self.until.timestamp())
        self.minutes = range(begin, end, 60)
        """The seconds since 1970 in which its minutes begin."""
        found = Measurements(of, now - self.since).until(now)
        self._measured = [one for one in found if begin * 1000 <= one.at < end * 1000]

    def lines_of(self, widget: Mapping[str, Any]) -> Iterator[Line]:
        """The lines that the sources of a widget stand for."""
        for source in widget["metrics"]:
            if len(source) == 1:
                yield from self._searched(source[0]["expression"])
                continue
            namespace, name, dimension, value, how = source
            stat, is_right = how.get("stat", widget.get("stat")), how.get("yAxis") == "right"
            if namespace == "Lodol":
                points = by_minute((one for one in self._measured if one.name == name), stat)
            else:
                points = self._of_aws(namespace, name, {"Name": dimension, "Value": value}, stat)
            yield Line(how["label"], points, is_right)

    def _searched(self, expression: str) -> Iterator[Line]:
        found = _SEARCH.fullmatch(expression)
        if found is None:
            raise ValueError(f"A search that is not known here: {expression}")
        by, name, stat = found.groups()
        told: dict[str, list[Measured]] = defaultdict(list)
        for one in self._measured:
            if one.name == name:
                told[getattr(one, by)].append(one)
        for label, its in sorted(told.items()):
            yield Line(label, by_minute(its, stat))

    def _of_aws(self, namespace: str, name: str, dimension: Mapping[str, str], stat: str) -> Points:
        metric = {"Namespace": namespace, "MetricName": name, "Dimensions": [dimension]}
        query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}
        [found] = self._cloudwatch.get_metric_data(MetricDataQueries=[query], StartTime=self.since, EndTime=self.until)[
            "MetricDataResults"
        ]
        return {int(at.timestamp()): value for at, value in zip(found["Timestamps"], found["Values"], strict=True)}


def by_minute(measured: Iterator[Measured] | Sequence[Measured], stat: str) -> Points:
    """What CloudWatch makes of values: one for each minute, by a statistic (`Sum`, `Maximum`, `p95`)."""
    minutes: dict[int, list[float]] = defaultdict(list)
    for one in measured:
        minutes[one.at // 60_000 * 60] += one.values
    return {minute: _statistic(values, stat) for minute, values in sorted(minutes.items())}


def _statistic(values: Sequence[float], stat: str) -> float:
    if stat == "Sum":
        return sum(values)
    return max(values) if stat == "Maximum" else percentile(values, float(stat.removeprefix("p")))


type Drawn = tuple[Any, list[Line]]
"""A widget with its lines; that of the alarms has none."""


def measured(widgets: Sequence[Any], metrics: Metrics) -> tuple[list[Drawn], list[str]]:
    """Widgets with their lines, and the titles of those of which a cloud that counts less than AWS knows nothing."""
    drawn: list[Drawn] = []
    unknown: list[str] = []
    for widget in widgets:
        if widget["type"] == "alarm":
            drawn.append((widget, []))
            continue
        lines = list(metrics.lines_of(widget["properties"]))
        is_of_aws = all(source[0] != "Lodol" and len(source) > 1 for source in widget["properties"]["metrics"])
        if is_of_aws and not any(line.points for line in lines):
            unknown.append(widget["properties"]["title"])
        else:
            drawn.append((widget, lines))
    return drawn, unknown


def draw(drawn: Sequence[Drawn], metrics: Metrics, states: Mapping[str, str], note: str, file: Path) -> None:
    """Write the picture of widgets, each in its place, `note` below; `states` are those of alarms, by their ARNs."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": file.stem, "svg.fonttype": "none", "font.size": 7.5})
    from matplotlib.figure import Figure

    rows = max(widget["y"] + widget["height"] for widget, _ in drawn) + 0.5
    figure = Figure(figsize=(_COLUMNS * _INCHES_A_COLUMN, rows * _INCHES_A_ROW))
    for widget, lines in drawn:
        # Room around the axes for title, scales and legend, in columns and rows.
        left, right = widget["x"] + 0.9, widget["x"] + widget["width"] - 0.9
        bottom, top = widget["y"] + widget["height"] - (1.55 if lines else 0.2), widget["y"] + 0.9
        axes = figure.add_axes((left / _COLUMNS, 1 - bottom / rows, (right - left) / _COLUMNS, (bottom - top) / rows))
        shown = widget["properties"]
        axes.set_title(shown["title"], loc="left", fontsize=8.5, fontweight="bold")
        if widget["type"] == "alarm":
            _draw_alarms(axes, [(arn, states[arn]) for arn in shown["alarms"]])
        else:
            _draw_lines(axes, shown, lines, metrics)
    figure.text(0.9 / _COLUMNS, 0.35 / rows, note, color=_FAINT)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


def _draw_alarms(axes: Any, alarms: Sequence[tuple[str, str]]) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 3), ylim=(len(alarms) / 3, 0))
    for number, (arn, state) in enumerate(alarms):
        colour, word = _STATES[state]
        column, row = number % 3 * 1.0742, number // 3 + 0.5
        axes.scatter([column + 0.01], [row], s=42, color=colour, marker="s", clip_on=False)
        axes.text(column + 0.045, row, re.sub(r"^.*-(\w+Alarm)-\w+$", r"\1", arn), va="center")
        axes.text(column + 0.45, row, word, va="center", color=colour)


def _draw_lines(axes: Any, widget: Mapping[str, Any], lines: Sequence[Line], metrics: Metrics) -> None:
    from matplotlib import dates

    other = axes.twinx() if any(line.is_right and line.points for line in lines) else None
    for line, colour in zip(lines, _COLOURS, strict=False):
        # A count of nothing is not written.
        none = dict.fromkeys(metrics.minutes, 0.0) if widget.get("stat") == "Sum" and not line.is_right else {}
        points = sorted({**none, **line.points}.items())
        where = other if line.is_right and other else axes
        marks = {"marker": "o", "markersize": 2} if len(points) < 2 else {}
        where.plot(
            [datetime.fromtimestamp(at, UTC) for at, _ in points],
            [value for _, value in points],
            color=colour,
            linewidth=1.2,
            **marks,
        )
        axes.plot([], [], color=colour, label=line.label)
    for mark in widget.get("annotations", {}).get("horizontal", []):
        axes.axhline(mark["value"], color=_STATES["ALARM"][0], linewidth=0.8, linestyle="--")
        where = axes.get_yaxis_transform()
        axes.text(0.01, mark["value"] * 0.97, mark["label"], color=_STATES["ALARM"][0], va="top", transform=where)
    axes.set_xlim(metrics.since, metrics.until)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M", UTC))  # type: ignore[no-untyped-call, unused-ignore]
    axes.locator_params(axis="y", nbins=5, integer=widget.get("stat") == "Sum")
    for one in (axes, other):
        if one is not None:
            one.set_ylim(bottom=0)
            one.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
            one.spines[["top", *(["right"] if other is None else [])]].set_visible(False)
            one.tick_params(labelsize=6.5, length=2)
    axes.grid(axis="y", color="#e4e6ea", linewidth=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.12), ncols=4, frameon=False, fontsize=6.5, handlelength=1)


def main() -> int:
    """Draw the dashboard of the stack that is named, or of the local one."""
    parser = argparse.ArgumentParser(prog="python -m scripts.dashboard")
    parser.add_argument("--stack", help="the stack; without it, the local one")
    parser.add_argument("--minutes", type=int, default=30, help="of how many minutes")
    parser.add_argument("--out", type=Path, default=_PICTURE)
    options = parser.parse_args()
    try:
        found = stack.find(options.stack)
        cloudwatch = found.client("cloudwatch")
        widgets = json.loads(cloudwatch.get_dashboard(DashboardName=found.name)["DashboardBody"])["widgets"]
        pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{found.name}-")
        states = {alarm["AlarmArn"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}
    except CannotDo as failure:
        print(failure, file=sys.stderr)
        return 1
    metrics = Metrics(found, options.minutes, utc_now())
    drawn, unknown = measured(widgets, metrics)
    note = f"{found.name}, {metrics.until:%Y-%m-%d %H:%M} UTC"
    if unknown:
        note += f". Not measured by this cloud: {'; '.join(unknown)}."
    draw(drawn, metrics, states, note, options.out)
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
