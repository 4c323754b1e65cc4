"""Numbers as the document shows them: the median of the rounds, and from where to where they went."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """The median, the least and the greatest."""
    return statistics.median(values), min(values), max(values)


def shown(value: float) -> str:
    """Three digits that count, and no more: `0.412`, `41.2`, `4,120`."""
    if value == 0:
        return "0"
    digits = max(0, 2 - _exponent(value))
    rounded = round(value, 2 - _exponent(value))
    return f"{rounded:,.{digits}f}"


def with_spread(values: Sequence[float]) -> str:
    """The median, and in brackets from where to where, unless there was one round only."""
    median, least, greatest = spread(values)
    return shown(median) if len(values) == 1 else f"{shown(median)} ({shown(least)}–{shown(greatest)})"


def _exponent(value: float) -> int:
    return int(f"{value:e}".rpartition("e")[2])
