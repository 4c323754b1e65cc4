"""Metering and measuring: how much a step may visit, and how large the values may be that it makes."""

import math
from json.encoder import encode_basestring
from typing import NamedTuple

from domain.program.calls import LimitExceeded
from domain.program.limits import INTEGER_BITS, NESTING, NODE_VISITS, VALUE_BYTES
from domain.program.values import Value, dumps

_ITEMS_PER_VISIT = 4
_BYTES_PER_VISIT = 64


class Measure(NamedTuple):
    """Of a value: its bytes as JSON, how deep it is nested, and how many values it is made of."""

    size: int
    depth: int
    parts: int


class Meter:
    """The node visits that a step has left. Large values cost more than one: time grows with what is visited."""

    __slots__ = ("_known", "left")

    def __init__(self, visits: int = NODE_VISITS) -> None:
        self.left = visits
        # The values stay referenced, so that no other object can get the id of one that is known.
        self._known: dict[int, tuple[Value, Measure]] = {}

    def charge(self, visits: int, at: str) -> None:
        """Take visits off what is left; `LimitExceeded` when that is used up."""
        self.left -= visits
        if self.left < 0:
            raise LimitExceeded(at, f"the step reached its limit of {NODE_VISITS} node visits")

    def know(self, values: list[Value]) -> None:
        """Take values as measured before, in this step as it ran earlier: that is not charged again."""
        left, self.left = self.left, NODE_VISITS
        for value in values:
            self.measure(value, "")
            self.left = NODE_VISITS
        self.left = left

    def measure(self, value: Value, at: str) -> Measure:
        """Measure a value that a step has made, or raise `ValueError` if it cannot be stored."""
        if isinstance(value, str):
            return self._measure_string(value, at)
        if isinstance(value, list | dict):
            return self._measure_nested(value, at)
        return Measure(_scalar_size(value), 0, 1)

    def accept(self, value: Value, at: str) -> Value:
        """Answer with a value that a step has made, after checking that it can be stored."""
        if isinstance(value, str | list | dict):
            self.measure(value, at)
        else:
            _ensure_scalar(value)
        return value

    def least(self, value: Value, at: str) -> int:
        """Bytes that a value takes at least: what is needed to stop before too much of it was collected."""
        if isinstance(value, list | dict):
            return self._measure_nested(value, at).size
        return len(value) if isinstance(value, str) else 1

    def _measure_string(self, value: str, at: str) -> Measure:
        if len(value) > _BYTES_PER_VISIT:
            self.charge(len(value) // _BYTES_PER_VISIT, at)
        if len(value) > VALUE_BYTES:
            raise too_large()
        if "\x00" in value:
            raise ValueError("a string with the character NUL cannot be stored")
        try:
            size = len(encode_basestring(value).encode())
        except UnicodeEncodeError:
            raise ValueError("a string with half of a surrogate pair cannot be stored") from None
        if size > VALUE_BYTES:
            raise too_large()
        return Measure(size, 0, 1)

    def _measure_nested(self, value: list[Value] | dict[str, Value], at: str) -> Measure:
        known = self._known.get(id(value))
        if known:
            return known[1]
        self.charge(len(value) // _ITEMS_PER_VISIT, at)
        size, depth, count = 1 + max(len(value), 1), 0, 1
        if isinstance(value, dict):
            for name in value:
                size += self._measure_string(name, at).size + 1
        for item in value.values() if isinstance(value, dict) else value:
            inner = self.measure(item, at)
            size += inner.size
            depth = max(depth, inner.depth)
            count += inner.parts
            if size > VALUE_BYTES:
                raise too_large()
            if depth >= NESTING:
                raise ValueError(f"a value is nested deeper than the limit of {NESTING} levels")
        measured = Measure(size, depth + 1, count)
        self._known[id(value)] = (value, measured)
        return measured


def _ensure_scalar(value: Value) -> None:
    if isinstance(value, int) and value.bit_length() > INTEGER_BITS:
        raise ValueError(f"a whole number is over the limit of {INTEGER_BITS} bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the result is not a finite number")


def _scalar_size(value: Value) -> int:
    _ensure_scalar(value)
    return len(dumps(value))


def too_large() -> ValueError:
    """The refusal of a value that takes more than the limit."""
    return ValueError(f"a value takes more than the limit of {VALUE_BYTES} bytes as JSON")
