"""The pure callables: every documented example is true, and no argument whatever makes one misbehave."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.program.builtins import BUILTINS
from domain.program.builtins.registry import Builtin
from domain.program.measuring import Meter
from domain.program.signatures import Given
from domain.program.values import is_equal

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
def test_it_gives_a_value_or_says_what_is_wrong_whatever_it_gets(builtin: Builtin) -> None:
    signature = builtin.signature
    counts = st.integers(signature.fewest, signature.most if signature.most is not None else signature.fewest + 2)

    @settings(max_examples=40, deadline=None, database=None)
    @given(counts.flatmap(lambda count: st.lists(VALUES, min_size=count, max_size=count)))
    def check(arguments: list[object]) -> None:
        before = copy.deepcopy(arguments)
        results = []
        for _ in range(2):
            try:
                result = builtin.evaluate(*arguments)
                Meter().accept(result, "here")
                results.append(("gives", result))
            except ValueError as failure:
                results.append(("fails", str(failure)))
        assert results[0] == results[1]
        assert arguments == before

    check()


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=BUILTINS)
def test_an_argument_that_is_refused_before_a_run_is_refused_in_it(builtin: Builtin) -> None:
    """Whatever the arguments are that are not known before."""
    signature, example = builtin.signature, builtin.signature.example
    assert example is not None
    most = signature.most if signature.most is not None else signature.fewest + 2

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        count = data.draw(st.integers(signature.fewest, most))
        arguments = [
            data.draw(VALUES | st.sampled_from(example.args) if example.args else VALUES) for _ in range(count)
        ]
        known = data.draw(st.sets(st.integers(0, max(count - 1, 0)))) if count else set()
        refused = signature.refusal({index: Given(arguments[index]) for index in known}, count)
        if refused:
            with pytest.raises(ValueError, match=r"\w"):
                builtin.evaluate(*arguments)

    check()


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
