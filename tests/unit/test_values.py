"""Values: what is read as JSON, what is stored, and how far apart two attempts are."""

from typing import Any

import pytest

from domain.engine.retries import pause_before
from domain.program.limits import INTEGER_BITS, NESTING, VALUE_BYTES
from domain.program.values import depth, ensure_storable, is_equal, loads

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


@pytest.mark.parametrize(
    ("left", "right", "is_same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1, [2.0]], [1.0, [2]], True),
        ([1], [1, 2], False),
        ([1, 2], [1], False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": [1]}, {"b": [1.0], "a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": True}, False),
        ([0], [False], False),
        ({"a": 1}, {"b": 1}, False),
        ({}, [], False),
        ([], {}, False),
        ({"a": 1}, ["a"], False),
        (["a"], "a", False),
        ("a", {"a": 1}, False),
    ],
)
def test_values_are_equal_by_what_they_hold(left: Any, right: Any, is_same: bool) -> None:
    assert is_equal(left, right) is is_same


def test_text_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=f"it is nested deeper than the limit of {NESTING} levels"):
        loads("[" * 200_000 + "]" * 200_000)


@pytest.mark.parametrize(
    ("value", "levels"),
    [
        (1, 0),
        ([], 1),
        ({}, 1),
        ([[[1]], [1]], 3),
        ([[1], [[1]]], 3),
        ({"a": {"b": [1]}, "c": 1}, 3),
        ({"a": 1, "b": {"c": {}}}, 3),
    ],
)
def test_how_deep_a_value_is(value: Any, levels: int) -> None:
    assert depth(value) == levels


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (2**INTEGER_BITS, "it is a whole number over the limit"),
        ([1, {"a": 2**INTEGER_BITS}], r"it\[1\].a is a whole number over the limit"),
        ([float("inf")], r"it\[0\] is not a finite number"),
        ({"\x00": "\x00"}, "a key of it has the character NUL at position 0"),
        ({"a": "b\ud800"}, "it.a has half of a surrogate pair at position 1"),
        ("a" * (VALUE_BYTES - 1), f"it takes {VALUE_BYTES + 1} bytes as JSON"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ensure_storable(value, "it")


def test_as_much_as_a_value_holds_is_stored() -> None:
    deepest: Any = 1
    for number in range(NESTING):
        deepest = [deepest] if number % 2 else {"a": deepest}

    ensure_storable("a" * (VALUE_BYTES - 2), "it")
    ensure_storable(deepest, "it")
    with pytest.raises(ValueError, match=f"it is nested deeper than the limit of {NESTING} levels"):
        ensure_storable({"a": deepest}, "it")


def test_the_key_that_stands_twice_is_named() -> None:
    with pytest.raises(ValueError, match='the key "b" stands twice in one object'):
        loads('{"a": 1, "b": 2, "c": 3, "b": 4}')
