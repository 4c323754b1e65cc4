"""docs/performance.md and its charts are made of the results that are kept, and of nothing else."""

import pytest

from scripts.bench import document, results
from scripts.bench.cost import OURS
from scripts.bench.sections import SECTIONS

MEASURED = {name: result for name in SECTIONS if (result := results.read(results.KEPT, name))}


def test_the_document_says_what_the_results_do() -> None:
    assert document.DOCUMENT.read_text() == document.document(results.KEPT)


@pytest.mark.parametrize("name", MEASURED)
def test_every_chart_shows_the_figures_that_are_kept_and_stands_in_the_text(name: str) -> None:
    result, section = MEASURED[name], SECTIONS[name]
    text = section.text(result.figures)

    for chart in section.charts(result.figures):
        assert result.digest in (results.KEPT / f"{chart.name}.svg").read_text()
        assert f"(performance/{chart.name}.svg)" in text


@pytest.mark.parametrize(
    ("decision", "workload"),
    [
        ("0014-events-from-the-stream", "a million ends published, each alone"),
        ("0014-events-from-the-stream", "a million ends published, 100 at once"),
        ("0015-webhooks", "a million deliveries to webhooks"),
    ],
)
def test_decisions_quote_what_the_model_says(decision: str, workload: str) -> None:
    dollars = MEASURED["cost"].figures["workloads"][workload][OURS]["dollars"]

    assert f" {dollars:.1f}" in " ".join((results.ROOT / f"docs/decisions/{decision}.md").read_text().split())
