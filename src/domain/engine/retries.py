"""Retries of an effect's call: how often, and how long to wait in between."""

from collections.abc import Callable

ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 3600.0


def pause_before(attempt: int, asked: float | None, random: Callable[[], float]) -> float:
    """The seconds to wait before the `attempt`-th attempt (2 is the first repeat).

    They double from 2 on and are spread by half of that either way, so that those who failed together do not
    come back together; what `Retry-After` asked for is the least, up to an hour.
    """
    growing: float = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 2) * (0.5 + random())
    return min(max(growing, asked or 0.0), _LONGEST_PAUSE_SECONDS)
