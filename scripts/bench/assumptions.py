"""What the cost model takes for granted: assumptions.toml."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def assumptions() -> Any:
    """Everything that nobody has counted here, by its names."""
    return tomllib.loads((Path(__file__).parent / "assumptions.toml").read_text())
