"""Payloads that are made to hurt: each is refused by a sentence, before it costs much."""

import base64
import json
from typing import Any

import pytest

from domain.callables import SIGNATURES
from domain.callables.outgoing import LONGEST_SECONDS
from domain.engine.slices import STAY_SECONDS
from domain.program import values
from domain.program.findings import SourceFinding
from domain.program.python import reading
from handlers import run_workflow
from handlers.worker import Worker
from lodol.cli import documents
from tests.support.requests import Context, event
from tests.support.shop import Shop
from tests.support.template import ROOT, functions, template

MANY_KEYS = ",".join(f'"{number:x}": 1' for number in range(20_000))


@pytest.fixture
def shop(worker: Worker) -> Shop:
    return Shop(worker)


def run(shop: Shop, body: str | None, *, is_encoded: bool = False) -> tuple[int, str]:
    """Status and error of a run with a body as the gateway hands it over."""
    asked = event("POST", f"/v1/workflows/{shop.workflow}/run-async", shop.key, None, body, {})
    answer = run_workflow.handler({**asked, "isBase64Encoded": is_encoded}, Context(), shop.worker)  # type: ignore[arg-type]
    return answer["statusCode"], json.loads(answer["body"]).get("error", "")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        # The cap comes before the reader: this would be refused for its syntax.
        ("[" * 262_145, "The request body must not be larger than 262144 bytes."),
        ("é" * 131_073, "The request body must not be larger than 262144 bytes."),
        ("[" * 100_000, "nested deeper than the limit of 64 levels"),
        ('{"input": ' * 20_000, "nested deeper than the limit of 64 levels"),
        ('{"input": ' + "[" * 65 + "]" * 65 + "}", "input is nested deeper than the limit of 64 levels"),
        ('{"input": NaN}', "NaN is not a JSON number"),
        ('{"input": -Infinity}', "-Infinity is not a JSON number"),
        ('{"input": 1e400}', "the number 1e400 is too large"),
        ('{"input": ' + "9" * 100_000 + "}", "a whole number has 100000 digits, over the limit of 4096 bits"),
        ('{"input": {"a": 1, "a": 2}}', 'the key "a" stands twice in one object'),
        ('{"input": {' + MANY_KEYS + ', "0": 1}}', 'the key "0" stands twice in one object'),
        ('{"input": "\\ud800"}', "input has half of a surrogate pair at position 0"),
        ('{"input": {"\\udfff": 1}}', "a key of input has half of a surrogate pair"),
        ('{"input": "\\u0000"}', "input has the character NUL at position 0"),
        ("\ufeff{}", "it is not JSON: Unexpected UTF-8 BOM"),
        ("{'input': 1}", "it is not JSON"),
        ('{"input": 1} {}', "it is not JSON: Extra data"),
        ('{"input": 1, "input_": 2}', 'The request body must be a JSON object with no other field than "input"'),
    ],
)
def test_a_body_that_cannot_be_used_is_told_why(shop: Shop, body: str, sentence: str) -> None:
    status, said = run(shop, body)

    assert status == 400
    assert sentence in said


@pytest.mark.parametrize("body", ["%%%%", "abc", "/w==", base64.b64encode(b"\xff\xfe").decode(), "=", "é"])
def test_a_body_that_says_to_be_base64_and_is_none_is_told_so(shop: Shop, body: str) -> None:
    status, said = run(shop, body, is_encoded=True)

    assert (status, said) == (400, "The request body must be UTF-8 text.")


@pytest.mark.parametrize("body", [None, ""])
def test_no_body_may_say_to_be_base64(shop: Shop, body: str | None) -> None:
    assert run(shop, body, is_encoded=True)[0] == 202


class Key(str):
    """A key that counts how often one is compared with another."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Key.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_a_key_that_stands_twice_is_found_in_a_time_that_grows_with_the_text() -> None:
    """A search of all keys for each would compare millions."""
    count = 4_000
    pairs = [(Key(f"{number:x}"), 1) for number in [*range(count), count - 1]]
    Key.compared = 0

    with pytest.raises(ValueError, match='the key "f9f" stands twice in one object'):
        values._no_duplicates([*pairs])

    assert Key.compared < 4 * count


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 20_000, "- " * 50_000])
def test_yaml_that_is_nested_without_end_is_told_so(text: str) -> None:
    with pytest.raises(documents.Unreadable):
        documents.read(text, is_json=False)


@pytest.mark.parametrize("text", ["(" * 100_000, "x = " + "-" * 100_000 + "1", "if 1:\n" * 200, "x" + ".a" * 50_000])
def test_python_that_is_nested_without_end_is_told_so(text: str) -> None:
    findings: list[SourceFinding] = reading.read(text, SIGNATURES).findings

    assert findings


def test_a_slice_ends_before_its_function_does_and_that_before_its_task() -> None:
    """At most a time slice, then one effect, between two stretches of a step's own work; commits are tried again."""
    slice_seconds = max(template()["Parameters"]["SliceSeconds"]["MaxValue"], STAY_SECONDS)
    work_seconds, commit_seconds = 2 * 2 / 0.58, 2 * 4
    longest = slice_seconds + LONGEST_SECONDS + work_seconds + commit_seconds
    machine = json.loads((ROOT / "statemachine" / "run_workflow.asl.json").read_text())
    timeout: Any = functions()["RunStepsFunction"]["Timeout"]
    assert longest < timeout < machine["States"]["RunSteps"]["TimeoutSeconds"]
