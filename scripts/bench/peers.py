"""The same work by this product and by what people would pick instead."""

from scripts.bench.section import Figures, Options, Section


def measure(_: Options) -> Figures:
    """Run the rounds."""
    return {}


def text(_: Figures) -> str:
    """The tables."""
    return ""


SECTION = Section("Beside others", measure, text)
