"""What the fuzzer has found worth keeping, tried again: `make fuzz` writes it."""

import pytest

from tests.support.readers import READERS, kept


@pytest.mark.parametrize("name", READERS)
def test_nothing_of_the_corpus_breaks_its_reader(name: str) -> None:
    holds, _ = READERS[name]
    inputs = kept(name)
    assert inputs

    for data in inputs:
        holds(data)
