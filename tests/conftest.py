"""The figures of what was tried, printed at the end of a session."""

from collections import Counter

import pytest

FIGURES: Counter[str] = Counter()


@pytest.fixture
def figures() -> Counter[str]:
    """What the session has tried so far; docs/guarantees.md quotes them."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("figures")
        for name, number in sorted(FIGURES.items()):
            terminalreporter.write_line(f"{number:7} {name}")
