"""What each handler costs a processor, cold and warm."""

from scripts.bench.section import Figures, Options, Section


def measure(_: Options) -> Figures:
    """Start every handler, and a process that only makes the clients."""
    return {}


def text(_: Figures) -> str:
    """The table."""
    return ""


SECTION = Section("Handlers", measure, text)
