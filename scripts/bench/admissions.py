"""How many executions a second one workspace admits: its item is in every admission and in every end of one.

A model, not a measurement: transactions hold an item for a time that is assumed; one that finds it held is cancelled,
and repeated as `domain.aws.table` repeats it.
"""

import heapq
import math
from dataclasses import dataclass, field
from random import Random

from domain.aws import table

SEED = 20260115
_SECONDS = 60.0
_LASTS_SECONDS = 2.0
"""How long an execution lasts, on an average."""


@dataclass(slots=True)
class Outcome:
    """What became of the admissions: how many were asked for and refused, all attempts, seconds until each was in."""

    asked: int = 0
    refused: int = 0
    attempts: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        """Of what was asked for, the part that had to be refused after four seconds of conflicts."""
        return self.refused / self.asked

    def percentile(self, share: float) -> float:
        """The seconds within which this share of the admissions was in, of those that were."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)))] if ordered else math.inf


def simulate(rate: float, held_seconds: float, seed: int = SEED) -> Outcome:
    """Let executions be asked for at random, `rate` a second on an average, for a minute."""
    chance, outcome = Random(seed), Outcome()  # noqa: S311 - the same every time
    events: list[tuple[float, int, float, float, bool]] = []
    # When, a number that orders, since when it is tried, the pause that comes next, and whether it is an end.
    number, free_at, moment = 0, 0.0, chance.expovariate(rate)
    while moment < _SECONDS:
        heapq.heappush(events, (moment, number := number + 1, moment, table._FIRST_PAUSE_SECONDS, False))
        moment += chance.expovariate(rate)
    outcome.asked = len(events)
    while events:
        now, _, since, pause, is_end = heapq.heappop(events)
        outcome.attempts += 1
        if now >= free_at:
            free_at = now + held_seconds
            if not is_end:
                outcome.seconds.append(free_at - since)
                at = free_at + chance.expovariate(1 / _LASTS_SECONDS)
                heapq.heappush(events, (at, number := number + 1, at, table._FIRST_PAUSE_SECONDS, True))
            continue
        if now - since + pause > table._CONTENTION_SECONDS:
            if not is_end:
                outcome.refused += 1
                continue
            # The state machine tries the slice again, for as long as it takes.
            now, since, pause = now + chance.uniform(0, 1), now, table._FIRST_PAUSE_SECONDS
        again = now + held_seconds / 2 + pause * (0.5 + chance.random())
        following = min(pause * 2, table._LONGEST_PAUSE_SECONDS)
        heapq.heappush(events, (again, number := number + 1, since, following, is_end))
    return outcome
