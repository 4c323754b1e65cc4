"""Lines: each node of a program keeps the line of the source that it came from, and is stored in a number each."""

import json
from typing import Any

import pytest
from hypothesis import given

from domain.callables import SIGNATURES
from domain.program.limits import PROGRAM_BYTES
from domain.program.lines import Lines
from domain.program.python import reading
from domain.program.python.printing import written
from domain.program.values import dumps
from tests.support.random_programs import programs
from tests.support.samples import SAMPLES

SOURCE = '''from lodol.workflow import Failure, Input, email, http, workflow


@workflow(name="Greets")
def greets(input: Input) -> None:
    """Greets."""
    people = [
        {"name": name}
        for name in input.names
    ]  # a comment
    for person in people:
        try:
            http.request(
                "GET",
                f"https://example.com/{person.name}",
            )
        except Failure as error:
            if error.message:
                email.send(to="a@b.c", subject="No", text=person.name)
                people = []
'''


def test_every_node_has_the_line_that_it_begins_on() -> None:
    read = reading.read(SOURCE, SIGNATURES)
    assert [one for one in read.findings if one.severity == "error"] == []
    wanted = {
        "body[0]": 7,
        "body[0].init": 7,
        "body[0].init.element": 8,
        "body[0].init.iterable": 9,
        "body[1]": 11,
        "body[1].body": 12,
        "body[1].body.body.expr": 13,
        "body[1].body.body.expr.args[0]": 14,
        "body[1].body.body.expr.args[1].parts[1]": 15,
        "body[1].body.handler": 18,
        "body[1].body.handler.thenBranch.body[0].expr.args[0].properties[2].value": 19,
        "body[1].body.handler.thenBranch.body[1].value": 20,
    }

    assert {path: read.lines.at(path) for path in wanted} == wanted
    assert read.lines.at("body[1].body.handler.thenBranch.body[1].unknown[3]") == 20


def test_what_is_nowhere_in_the_program_has_no_line() -> None:
    assert [reading.read(SOURCE, SIGNATURES).lines.at(path) for path in ("body[9]", "body", "")] == [None] * 3


def paths(node: Any, path: str) -> list[str]:
    """Every path at which a node stands, found in another way."""
    if isinstance(node, list):
        return [inner for i, each in enumerate(node) for inner in paths(each, f"{path}[{i}]")]
    if not isinstance(node, dict):
        return []
    if node.get("kind") == "Literal":
        return [path]
    inside = [inner for name, each in node.items() for inner in paths(each, f"{path}.{name}")]
    return ([path] if "kind" in node else []) + inside


@given(programs())
def test_they_are_read_back_as_they_were_stored_and_take_less_than_their_program(program: Any) -> None:
    read = reading.read(written(program, SIGNATURES, name="A"), SIGNATURES)
    everywhere = [path for i, each in enumerate(read.program["body"]) for path in paths(each, f"body[{i}]")]
    text = str(read.lines)

    again = Lines.stored(text, json.loads(dumps(read.program)))

    assert [again.at(path) for path in everywhere] == [read.lines.at(path) for path in everywhere]
    assert len(json.loads(text)) == len(everywhere)
    # An item of the table holds 400 KB: a node takes sixteen bytes at least, and its line six.
    assert len(text) <= max(len(dumps(read.program)) // 2, 10)
    assert PROGRAM_BYTES * 3 // 2 < 400_000


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_steps_of_a_sample_stand_where_its_function_has_them(sample: Any) -> None:
    source = sample.with_suffix(".py").read_text()
    read = reading.read(source, SIGNATURES)
    numbers = [read.lines.at(f"body[{i}]") or 0 for i in range(len(read.program["body"]))]

    assert numbers == sorted(set(numbers))
    assert all(number and source.splitlines()[number - 1].startswith("    ") for number in numbers)
