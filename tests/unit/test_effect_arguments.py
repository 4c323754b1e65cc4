"""Whatever a program hands to an effect as an object is read or refused in a sentence of ours."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from domain.callables.arguments import fields_of, parsed
from domain.callables.email import Mail
from domain.callables.http import Options
from domain.callables.human import DecisionConfig

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a@b.c", "a" * 400, "a\n"])
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aX: \n", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("model", [Mail, Options, DecisionConfig])
def test_it_is_read_or_refused_in_a_sentence(model: type[BaseModel]) -> None:
    fields = st.fixed_dictionaries(
        {}, optional={field.alias or name: VALUES for name, field in model.model_fields.items()}
    )

    @settings(max_examples=100, deadline=None, database=None)
    @given(VALUES | fields)
    def check(value: object) -> None:
        try:
            parsed(model, value, "it")  # type: ignore[arg-type]
        except ValueError as refused:
            said = str(refused)
            assert said.startswith("it")
            assert "nput should" not in said
            assert "tring should" not in said

    check()


def test_the_fields_of_an_object_are_named_as_programs_write_them_and_which_it_must_have() -> None:
    assert set(fields_of(DecisionConfig)) >= {"timeoutSeconds", "defaultDecision"}
    assert fields_of(DecisionConfig, only_required=True) == ()
    assert set(fields_of(Mail, only_required=True)) < set(fields_of(Mail))
    assert "to" in fields_of(Mail, only_required=True)
