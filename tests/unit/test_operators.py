"""The operators at their edges: of which kinds, how far, with which sign."""

import json
import math
from typing import Any

import pytest

from domain.program import operators
from domain.program.limits import INTEGER_BITS, NESTING
from domain.program.measuring import Meter
from domain.program.values import kind_of

HUGE = 10**400
TOO_LARGE = "the result is too large for a number"


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        (7, "/", 2, 3.5),
        (6, "/", 3, 2),
        (6.0, "/", 3, 2.0),
        (6, "/", 3.0, 2.0),
        (-6, "/", 4, -1.5),
        (7, "%", 3, 1),
        (-7, "%", 3, 2),
        (7, "%", -3, -2),
        (0, "%", 3, 0),
        (0.0, "%", 3, 0.0),
        (-6.0, "%", 3, 0.0),
        (0.5, "/", 0.25, 2.0),
        (1e300, "/", 3.0, 1e300 / 3.0),
        (7.5, "%", 2, 1.5),
        (-7, "%", 2.0, 1.0),
        (7, "%", 2.0, 1.0),
        (2, "-", 5, -3),
        (2, "*", 0.5, 1.0),
        ("a", "<", "b", True),
        ("b", "<", "b", False),
        (1, "<", 2.5, True),
        (2, "<=", 2, True),
        (2, ">", 2, False),
        (2, ">=", 2, True),
        (2, "!=", 2.0, False),
        (2, "!=", 3, True),
    ],
)
def test_it_gives(left: Any, operator: str, right: Any, result: Any) -> None:
    found = operators.BINARY[operator](left, right)

    # -0.0 equals 0.0, and 2 equals 2.0.
    assert (json.dumps(found), kind_of(found)) == (json.dumps(result), kind_of(result))


@pytest.mark.parametrize(
    ("left", "operator", "right", "sentence"),
    [
        (1, "-", "a", "cannot subtract number and string"),
        ("a", "-", 1, "cannot subtract string and number"),
        (True, "*", 1, "cannot multiply boolean and number"),
        (None, "/", 1, "cannot divide null and number"),
        ([], "%", {}, "cannot take the remainder of list and object"),
        (1, "<", "a", "cannot compare number and string"),
        ("a", ">", 1, "cannot compare string and number"),
        (True, "<", False, "cannot compare boolean and boolean"),
        (None, ">=", None, "cannot compare null and null"),
        (1, "/", 0, "cannot divide by zero"),
        (1, "%", 0, "cannot divide by zero"),
        (1e308, "*", 10, TOO_LARGE),
        (HUGE, "*", 0.5, TOO_LARGE),
        (HUGE, "/", 3, TOO_LARGE),
        (1e308, "+", 1e308, TOO_LARGE),
    ],
)
def test_it_refuses(left: Any, operator: str, right: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        operators.BINARY[operator](left, right)


@pytest.mark.parametrize("value", [True, "a", None, []])
def test_what_is_no_number_has_no_sign_to_change(value: Any) -> None:
    with pytest.raises(ValueError, match=f"cannot negate {kind_of(value)}"):
        operators.negate(value)


@pytest.mark.parametrize(
    ("value", "index", "item"),
    [
        ([1, 2], 0, 1),
        ([1, 2], 1.0, 2),
        ([1, 2], 2, None),
        ([1, 2], -1, 2),
        ([1, 2], -2, 1),
        ([1, 2], -3, None),
        ("ab", 1, "b"),
        ({"a": 1}, "a", 1),
        ({"a": 1}, "b", None),
    ],
)
def test_an_item_is_there_or_null(value: Any, index: Any, item: Any) -> None:
    assert operators.item(value, index) == item


@pytest.mark.parametrize(
    ("value", "index", "sentence"),
    [
        ({}, [1, 2], "cannot read item list of object"),
        ([], {"a": 1}, "cannot read item object of list"),
        ({}, 7, "cannot read item 7 of object"),
        ([], "a" * 50, f"cannot read item {'a' * 40} of list"),
    ],
)
def test_what_is_no_index_is_told_and_not_at_length(value: Any, index: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        operators.item(value, index)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (2**INTEGER_BITS, f"a whole number is over the limit of {INTEGER_BITS} bits"),
        ([2**INTEGER_BITS], f"a whole number is over the limit of {INTEGER_BITS} bits"),
        (math.inf, "the result is not a finite number"),
        ([math.inf], "the result is not a finite number"),
        ("\ud800", "a string with half of a surrogate pair cannot be stored"),
        ({"\ud800": 1}, "a string with half of a surrogate pair cannot be stored"),
        ("a\x00", "a string with the character NUL cannot be stored"),
    ],
)
def test_what_cannot_be_stored_is_not_made(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Meter().accept(value, "here")


def test_the_largest_whole_number_and_the_deepest_value_are_accepted() -> None:
    deepest: Any = 1
    for _ in range(NESTING):
        deepest = [deepest, 1]

    assert Meter().accept(2**INTEGER_BITS - 1, "here") == 2**INTEGER_BITS - 1
    assert Meter().measure(deepest).depth == NESTING
    with pytest.raises(ValueError, match=f"nested deeper than the limit of {NESTING} levels"):
        Meter().accept([deepest], "here")
