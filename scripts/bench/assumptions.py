"""What the cost model takes for granted: assumptions.toml, and processor times, measured by another section."""

import tomllib
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Literal

from scripts.bench import results

_MEASURED_AS = {
    "run_workflow": "run",
    "get_execution": "get",
    "run_steps": "slice of 3 steps",
    "publish_events": "publish an end",
}
"""What the section on functions calls what it measures of them."""


@cache
def assumptions() -> Any:
    """Everything that nobody has counted here, by its names."""
    return tomllib.loads((Path(__file__).parent / "assumptions.toml").read_text())


def processor_milliseconds(handler: str, state: Literal["cold", "warm"]) -> float:
    """What an invocation costs a whole processor: the median of what was measured, or what is assumed without that."""
    measured = results.read(results.KEPT, "handlers")
    rows = measured.figures["functions"].get(_MEASURED_AS.get(handler), []) if measured else []
    if rows:
        return 1000 * float(median(row[state] for row in rows))
    return float(assumptions()["lambda"][f"{state}_milliseconds"])
