"""The pure callables: every documented example is true, and no argument whatever makes one misbehave."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.program.builtins import BUILTINS
from domain.program.builtins.registry import Builtin, _refusal
from domain.program.measuring import Meter
from domain.program.signatures import Given, parameters
from domain.program.values import Value, is_equal

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
    | st.sampled_from(
        ["2026-01-15T10:30:00+00:00", "Europe/Berlin", "days", "month", "a.0.b", "9999-12-31", "0001-01-01"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.lists(st.tuples(st.text(max_size=4), inner), max_size=4).map(dict),
    max_leaves=8,
)


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=BUILTINS)
def test_its_example_is_true(builtin: Builtin) -> None:
    example = builtin.signature.example
    assert example is not None
    assert builtin.signature.takes(len(example.args))

    assert is_equal(builtin.evaluate(*example.args), example.result)


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=BUILTINS)
def test_whatever_it_gets_it_gives_a_value_or_says_what_is_wrong(builtin: Builtin) -> None:
    """What is refused before a run, of arguments that are known by then, is refused in it, whatever the others are."""
    signature, example = builtin.signature, builtin.signature.example
    assert example is not None
    most = signature.most if signature.most is not None else signature.fewest + 2
    values = VALUES | st.sampled_from(example.args) if example.args else VALUES

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.lists(values, min_size=signature.fewest, max_size=most), st.sets(st.integers(0, max(most - 1, 0))))
    def check(arguments: list[Value], known: set[int]) -> None:
        before = copy.deepcopy(arguments)
        results = []
        for _ in range(2):
            try:
                results.append(("gives", builtin.call(arguments, Meter(), "here")))
            except ValueError as failure:
                results.append(("fails", str(failure)))
        assert results[0] == results[1]
        assert arguments == before
        count = len(arguments)
        if signature.refusal({index: Given(arguments[index]) for index in known if index < count}, count):
            with pytest.raises(ValueError, match=r"\w"):
                builtin.evaluate(*arguments)

    check()


def test_an_object_that_is_known_in_part_is_not_tried() -> None:
    def needs(value: Value) -> Value:
        if value != {"a": 1}:
            raise ValueError("value must have an a")
        return value

    refusal = _refusal(needs, parameters("value"), [{"a": 1}])

    assert refusal({0: Given({})}, 1) == "value must have an a"
    assert refusal({0: Given({}, frozenset({"a"}))}, 1) is None
    assert refusal({}, 1) is None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("string.repeat", ["ab", 10**9]),
        ("string.pad_start", ["a", 10**9]),
        ("string.replace_all", ["a" * 1000, "a", "b" * 1000]),
        ("list.range", [0, 10**9]),
        ("list.join", [["a"] * 1000, "b" * 1000]),
        ("number.power", [10, 10**6]),
    ],
)
def test_what_would_grow_beyond_a_value_is_refused_before_it_is_made(name: str, arguments: list[object]) -> None:
    with pytest.raises(ValueError, match="limit of"):
        BUILTINS[name].evaluate(*arguments)
