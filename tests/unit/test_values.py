"""Values: what is read as JSON, what is stored, and how far apart two attempts are."""

import pytest

from domain.engine.retries import pause_before
from domain.program.limits import INTEGER_BITS
from domain.program.values import ensure_storable, loads

LARGEST = 2**INTEGER_BITS - 1


@pytest.mark.parametrize("number", [LARGEST, -LARGEST])
def test_the_largest_whole_numbers_are_read_and_stored(number: int) -> None:
    read = loads(str(number))

    assert read == number
    ensure_storable(read, "it")


def test_a_longer_one_is_refused_before_it_is_read() -> None:
    digits = "9" * (len(str(-LARGEST)) + 1)

    with pytest.raises(ValueError, match=f"{len(digits)} digits, over the limit of {INTEGER_BITS} bits"):
        loads(digits)


@pytest.mark.parametrize(
    ("attempt", "asked", "random", "seconds"),
    [
        (2, None, 0.5, 2.0),
        (3, None, 0.5, 4.0),
        (4, None, 0.0, 4.0),
        (4, None, 0.999, 11.992),
        (2, 30.0, 0.5, 30.0),
        (2, 1.0, 0.5, 2.0),
        (2, 1e9, 0.5, 3600.0),
    ],
)
def test_pauses_double_and_are_as_long_as_was_asked_for_up_to_an_hour(
    attempt: int, asked: float | None, random: float, seconds: float
) -> None:
    assert pause_before(attempt, asked, lambda: random) == pytest.approx(seconds)
