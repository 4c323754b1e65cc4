"""What is used of AWS, and what that costs at the prices of `prices.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

_PRICES = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What is used: numbers of things, gigabyte-seconds of Lambda, bytes logged, bytes stored for a month.

    `stored_bytes` counts what is billed, with the indexes and with 100 bytes for each item. `events` are those of AWS
    and of schedules, `custom_events` those that the stack puts on its bus. What ends with `_months` is there, or has
    values, for so many months.
    """

    api_requests: float = 0.0
    lambda_requests: float = 0.0
    gb_seconds: float = 0.0
    transitions: float = 0.0
    write_units: float = 0.0
    read_units: float = 0.0
    stored_bytes: float = 0.0
    log_bytes: float = 0.0
    events: float = 0.0
    custom_events: float = 0.0
    queue_requests: float = 0.0
    secret_months: float = 0.0
    metric_months: float = 0.0
    alarm_months: float = 0.0
    dashboard_months: float = 0.0
    provisioned_gb_seconds: float = 0.0
    snapshot_gb_seconds: float = 0.0
    restored_gb: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(**{name: amount + getattr(other, name) for name, amount in self.amounts().items()})

    def __sub__(self, other: Usage) -> Usage:
        """What this has more than the other."""
        return self + -1 * other

    def __rmul__(self, times: float) -> Usage:
        """So many times as much."""
        return Usage(**{name: times * amount for name, amount in self.amounts().items()})

    def amounts(self) -> dict[str, float]:
        """Every amount by its name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True, slots=True)
class Price:
    """A list price: `dollars` for each `per` of what `counts` names; where it stands, and how far it was read."""

    item: str
    counts: str
    dollars: float
    per: float
    source: str
    checked: str

    def of(self, usage: Usage) -> float:
        """What a usage costs in dollars."""
        amount: float = getattr(usage, self.counts)
        return amount * self.dollars / self.per


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of a region, as they were read on a day."""

    region: str
    read_on: date
    prices: tuple[Price, ...]

    def total(self, usage: Usage) -> float:
        """What a usage costs in dollars, all items together."""
        return sum(price.of(usage) for price in self.prices)


@cache
def price_list() -> PriceList:
    """The prices that this release knows."""
    stored: dict[str, Any] = tomllib.loads(_PRICES.read_text("utf-8"))
    return PriceList(stored["region"], stored["read_on"], tuple(Price(**price) for price in stored["price"]))
