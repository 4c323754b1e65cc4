"""What all tests share: a site on loopback, and the figures of what was tried, printed at the end of a session."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.site import Site

FIGURES: Counter[str] = Counter()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def figures() -> Counter[str]:
    """What the session has tried so far; docs/guarantees.md quotes them."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("figures")
        for name, number in sorted(FIGURES.items()):
            terminalreporter.write_line(f"{number:7} {name}")
