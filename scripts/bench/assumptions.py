"""What the cost model takes for granted: assumptions.toml, and processor times, measured by another section."""

import tomllib
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Literal

from scripts.bench import results


@cache
def assumptions() -> Any:
    """Everything that nobody has counted here, by its names."""
    return tomllib.loads((Path(__file__).parent / "assumptions.toml").read_text())


def processor_milliseconds(handler: str, state: Literal["cold", "warm"]) -> float:
    """What an invocation costs a whole processor: the median of what was measured, or what is assumed without that."""
    measured = results.read(results.KEPT, "handlers")
    rows = measured.figures.get("functions", {}).get(handler, []) if measured else []
    if rows:
        return float(median(row[f"{state}_ms"] for row in rows))
    return float(assumptions()["lambda"][f"{state}_milliseconds"])
