"""Draws charts as SVG; the only module that knows matplotlib."""

from pathlib import Path

from scripts.bench.numbers import shown
from scripts.bench.section import Bars, Chart, Lines


def draw(chart: Chart, folder: Path, digest: str) -> None:
    """Write NAME.svg, which names in its description the figures that it shows; the same figures, the same bytes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": chart.name, "svg.fonttype": "none", "font.size": 9})
    from matplotlib.figure import Figure

    height = 1.2 + 0.32 * len(chart.rows) if isinstance(chart, Bars) else 3.6
    figure = Figure(figsize=(7.2 if isinstance(chart, Bars) else 8.8, height), layout="constrained")
    axes = figure.add_subplot()
    match chart:
        case Bars(rows=rows):
            labels, medians = [label for label, *_ in rows], [median for _, median, *_ in rows]
            spread = [[median - low for _, median, low, _ in rows], [high - median for _, median, _, high in rows]]
            bars = axes.barh(labels, medians, xerr=spread, color="#4878a8", ecolor="#333333", capsize=2)
            axes.bar_label(bars, fmt=shown, padding=6)
            axes.invert_yaxis()
            axes.margins(x=0.15)
            axes.set_xlabel(chart.unit)
            if chart.is_logarithmic:
                axes.set_xscale("log")
        case Lines(lines=lines):
            for label, points in lines.items():
                axes.plot([x for x, _ in points], [y for _, y in points], marker="o", markersize=3, label=label)
            axes.set_xlabel(chart.x_label)
            axes.set_ylabel(chart.y_label)
            axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
            if chart.is_logarithmic:
                axes.set_xscale("log")
    axes.set_title(chart.title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / f"{chart.name}.svg", metadata={"Date": None, "Description": digest})
