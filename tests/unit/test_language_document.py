"""docs/programs.md is the language: fields of nodes, Python beside them, what callables take, and every limit."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from domain.callables import EFFECTS, api, http, human, outgoing
from domain.callables.email import Mail
from domain.engine import checkpoints, retries
from domain.entities import reviews
from domain.operations import deciding, publishing
from domain.program import limits, nodes
from domain.program.nodes import KINDS, Node, Property
from domain.program.python import names, reading
from scripts import conformance
from tests.support.documents import rows, section


def parts() -> list[str]:
    """The headings of the parts about statements and expressions."""
    both = section("programs", "Statements") + section("programs", "Expressions")
    return re.findall(r"^### (.+)$", both, re.MULTILINE)


def field_rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of the tables of fields, each with its kind, which stands in the first of its rows."""
    kind = ""
    for row in rows(text):
        if len(row) == 4:
            kind = row[0].removesuffix(" (P)").strip("`") or kind
            yield kind, row[1:]


def type_of(annotation: Any) -> str:
    """What a field is, in the words of the document."""
    named = {nodes.Name: "name", nodes.Expression: "expression", nodes.Statement: "statement", str: "string"}
    if annotation in named:
        return named[annotation]
    inner = [type_of(part) for part in get_args(annotation) if part is not type(None)]
    if annotation is Any:
        return "any JSON value"
    if annotation is Property:
        return "`{key, value}`"
    if get_origin(annotation) is Literal:
        return " ".join(f"`{part}`" for part in get_args(annotation)).replace("|", "\\|")
    if get_origin(annotation) is list:
        return "list of " + (inner[0] if inner[0].startswith("`") else f"{inner[0].replace(' or ', 's and ')}s")
    return " or ".join(inner)


def kind_of(model: type[Node]) -> str:
    return "{key, value}" if model is Property else str(get_args(model.model_fields["kind"].annotation)[0])


def fields_of(model: type[Node]) -> Iterator[list[str]]:
    """The fields of a node as the document has them: name, type and meaning."""
    annotations = inspect.get_annotations(model, eval_str=True)
    for name, field in model.model_fields.items():
        if name != "kind":
            optional = "" if field.is_required() else ", optional"
            yield [f"`{field.alias or name}`", f"{type_of(annotations[name])}{optional}", field.description or ""]


def test_every_field_of_every_node_is_documented_with_its_type_and_its_meaning() -> None:
    headings = ("Steps", "Statements", "Expressions")
    documented = [row for heading in headings for row in field_rows(section("programs", heading))]
    models: list[type[Node]] = [*KINDS, Property]
    expected = [(kind_of(model), field) for model in models for field in (list(fields_of(model)) or [["—", "", ""]])]
    by_kind = sorted(expected, key=lambda row: row[0])

    assert sorted(documented, key=lambda row: row[0]) == by_kind


@pytest.mark.parametrize("part", parts())
def test_the_python_of_each_part_makes_the_nodes_that_it_is_about(part: str) -> None:
    text = section("programs", part)
    [source] = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)

    read = conformance.read_lines(source.splitlines())

    assert [finding.message for finding in read.findings if "never used" not in finding.message] == []
    kinds = {kind for kind, _ in field_rows(text)} - {"{key, value}"}
    assert {kind for kind in kinds if f"'kind': '{kind}'" not in str(read.program)} == set()


@pytest.mark.parametrize("callable_", ["http.request", "api.request", "email.send"])
def test_the_python_of_an_effect_has_no_findings(callable_: str) -> None:
    [source] = re.findall(r"^```python\n(.*?)^```$", section("programs", callable_), re.MULTILINE | re.DOTALL)

    read = conformance.read_lines(source.splitlines())

    assert [finding.message for finding in read.findings if "never used" not in finding.message] == []
    assert f"'callee': '{callable_}'" in str(read.program)


def test_every_function_and_method_of_python_is_named_with_what_it_calls() -> None:
    text = section("programs", "Functions and methods")
    functions, methods = (
        dict(re.findall(r"`(\w+)`\s+→\s+`([\w.]+)`", listed)) for listed in (text.partition("- Methods")[::2])
    )

    assert functions == {name: alias.callee for name, alias in names.FUNCTIONS.items()}
    assert methods == {**{name: alias.callee for name, alias in names.METHODS.items()}, "split": "string.split"}
    assert [name for name in names.SPECIAL_FUNCTIONS if f"`{name}(" not in text] == []


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("http.request", http.Options),
        ("email.send", Mail),
        ("human.create, human.wait and human.result", human.DecisionConfig),
    ],
)
def test_the_fields_of_what_an_effect_takes_are_documented(heading: str, model: type[BaseModel]) -> None:
    table = [row for row in rows(section("programs", heading)) if len(row) == 3]
    optional = {row[0] for row in table if row[1].endswith(", optional")}

    assert [row[0] for row in table] == [f"`{field.alias or name}`" for name, field in model.model_fields.items()]
    # Every option may be left out, which the head of their table says.
    if model is not http.Options:
        assert optional == {f"`{name}`" for name, field in model.model_fields.items() if not field.is_required()}


def test_times_and_sizes_of_outgoing_requests_are_those_of_the_code() -> None:
    connecting = f"{outgoing._LONGEST_CONNECT_SECONDS:.0f}"
    of_http, of_api = section("programs", "http.request"), section("programs", "api.request")

    assert f"at most {outgoing.LONGEST_SECONDS:.0f}; {http._USUAL_SECONDS:.0f} without it" in of_http
    assert re.search(rf"takes\s+at\s+most\s+{connecting}\.", of_http)
    assert re.search(rf"at\s+most\s+{limits.VALUE_BYTES:,} bytes", of_http)
    assert f"as it comes in, it takes at most {outgoing._ANSWER_BYTES:,} bytes" in of_http
    assert f"{api._SECONDS:.0f} seconds in all, of which connecting takes at most {connecting}" in of_api
    retried = re.search(r"answered with\s+([\d, or]+), is tried again", section("programs", "Retries"))
    assert retried
    assert {int(status) for status in re.findall(r"\d+", retried[1])} == outgoing.RETRIED
    assert f"There are {retries.ATTEMPTS} attempts" in section("programs", "Retries")
    for heading, methods in (("http.request", http._METHODS), ("api.request", api._METHODS)):
        assert f"{', '.join(methods[:-1])} or {methods[-1]}" in section("programs", heading)


def test_the_headers_that_programs_do_not_set_are_those_of_the_code() -> None:
    [listed] = re.findall(r"^- (`Host`[^:]+) are ours:", section("programs", "http.request"), re.MULTILINE)
    *names, beginning, key = re.findall(r"`([\w-]+)`", listed)

    assert {name.lower() for name in [*names, key]} == http._OURS
    assert beginning == "Proxy-"


def test_the_sizes_of_a_mail_and_of_a_review_are_those_of_the_code() -> None:
    mail, config = Mail.model_json_schema(), human.DecisionConfig.model_json_schema()
    of_mail = section("programs", "email.send")
    assert f"1 to {mail['properties']['to']['maxItems']} " in of_mail
    assert f"at most {mail['$defs']['Address']['maxLength']} characters" in of_mail
    decisions, seconds = (config["properties"][name] for name in ("decisions", "timeoutSeconds"))
    seconds, length = seconds["anyOf"][0], config["$defs"]["Decision"]["maxLength"]
    of_review = section("programs", "human.create, human.wait and human.result")
    assert f"1 to {decisions['maxItems']} of 1 to {length} characters" in of_review
    assert f"from {seconds['minimum']} to {seconds['maximum']:,}" in of_review


def test_the_language_lists_every_effect() -> None:
    listed = {name for row in rows(section("programs", "Callables")) for name in re.findall(r"([a-z]+\.\w+)\(", row[0])}
    assert listed == set(EFFECTS)


def test_every_limit_stands_in_the_table_with_its_number() -> None:
    mail, config = Mail.model_json_schema(), human.DecisionConfig.model_json_schema()
    connecting = f"{outgoing._LONGEST_CONNECT_SECONDS:.0f}"
    offered, length = config["properties"]["decisions"]["maxItems"], config["$defs"]["Decision"]["maxLength"]
    expected = [
        f"{limits.PROGRAM_BYTES:,} bytes as compact JSON, {limits.STEPS} steps, nodes nested {limits.NESTING} deep",
        (
            f"a name of {publishing.NAME_CHARACTERS} characters, a description of "
            f"{publishing.DESCRIPTION_CHARACTERS:,}, a source of {reading.SOURCE_BYTES:,} bytes"
        ),
        f"{limits.VALUE_BYTES:,} bytes as JSON, nested {limits.NESTING} deep; whole numbers of {limits.INTEGER_BITS:,}",
        f"{limits.NODE_VISITS:,} node visits",
        f"{limits.EXECUTION_VISITS:,} node visits of all its steps",
        f"{checkpoints.STEP_BYTES:,} bytes of its result",
        f"{limits.CALLS:,} calls",
        f"{reviews.REVIEWS} reviews",
        f"{checkpoints.RECORD_BYTES:,} bytes of the results",
        f"{limits.EXECUTION_SECONDS:,} seconds (60 days)",
        f"{limits.WAIT_SECONDS:,} seconds (30 days)",
        f"{outgoing.LONGEST_SECONDS:.0f} seconds, {connecting} of them to connect; an answer of {limits.VALUE_BYTES:,}",
        f"{retries.ATTEMPTS} attempts; at most {retries._LONGEST_PAUSE_SECONDS:,.0f} seconds between two",
        f"{mail['properties']['to']['maxItems']} recipients, addresses of {mail['$defs']['Address']['maxLength']} char",
        f"{offered} decisions of {length} characters each, {limits.EXECUTION_SECONDS:,} seconds",
        f"a comment of {deciding._COMMENT_CHARACTERS:,} characters",
    ]
    stated = section("programs", "Limits")

    assert [limit for limit in expected if limit not in stated] == []
    # A constant that is new in limits.py needs its row, and its line above.
    numbers = {value for name, value in vars(limits).items() if name.isupper()}
    assert {number for number in numbers if not any(re.search(rf"\b{number:,}\b", each) for each in expected)} == set()
    [characters] = re.findall(r"\{0,(\d+)\}", nodes.IDENTIFIER)
    assert f"| a name of a variable | {int(characters) + 1} characters |" in stated
