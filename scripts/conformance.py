"""The conformance suite: the Python of its programs, which is written into it, and the page that shows it.

Rule: programs "The conformance suite".
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from domain.callables import SIGNATURES
from domain.program.python.names import HELPERS, MODULE
from domain.program.python.printing import namespaces, written
from domain.program.python.reading import Read, read

CASES = Path(__file__).resolve().parents[1] / "tests" / "conformance"
_INDENT = "    "
_HEAD = (
    f"from {MODULE} import {', '.join([*HELPERS, *sorted(namespaces(SIGNATURES))])}\n\n\n"
    f'@workflow(name="Case")\ndef case(input: Input):\n{_INDENT}"""A case."""\n'
)
_LONGEST = 3_000
_WIDTH = 110
_MARKUP = re.compile(r"([\\`*_\[\]<>|])")


def read_lines(lines: list[str]) -> Read:
    """What the lines of a case say as the body of a workflow that has imported everything."""
    return read(_HEAD + "".join(f"{_INDENT}{line}\n" for line in lines), SIGNATURES)


def lines_of(program: Any) -> list[str]:
    """The lines of a program as Python; raises what the printer raises for a tree that is no program."""
    source = written(program, SIGNATURES, name="Case", description="A case.")
    return [line.removeprefix(_INDENT) for line in source.partition('"""A case."""\n')[2].splitlines()]


def is_same(tree: Any, other: Any) -> bool:
    """Whether two trees are the same to the letter: `1`, `1.0` and `true` are three values."""
    return json.dumps(tree, sort_keys=True) == json.dumps(other, sort_keys=True)


def with_python(case: dict[str, Any]) -> dict[str, Any]:
    """A case with its Python. Its tree is what counts; one that has none yet is given the tree of its Python."""
    given = case.get("python")
    program = case["program"] if "program" in case else read_lines(given or []).program
    rest = {name: part for name, part in case.items() if name not in {"name", "python", "is_normal_form", "program"}}
    if "findings" in case:
        # The printer writes programs that have none: here the Python stands by hand, where there is any.
        is_said = given is not None and is_same(read_lines(given).program, program)
        return {"name": case["name"], "python": given if is_said else None, "program": program, **rest}
    lines = lines_of(program)
    differs = {} if is_same(read_lines(lines).program, program) else {"is_normal_form": True}
    return {"name": case["name"], "python": lines, **differs, "program": program, **rest}


def _suite(path: Path) -> str:
    """A file of the suite, its Python being that of its trees."""
    cases = [with_python(case) for case in json.loads(path.read_text())]
    return "[\n" + ",\n".join(f"  {json.dumps(case, ensure_ascii=False)}" for case in cases) + "\n]\n"


def suites() -> dict[str, Callable[[], str]]:
    """Every file of the suite, and what makes its text."""
    return {f"tests/conformance/{path.name}": partial(_suite, path) for path in sorted(CASES.glob("*.json"))}


def page() -> str:
    """The suite, for people."""
    lines = [
        "# The conformance suite",
        "",
        "Generated from [tests/conformance/](../tests/conformance): what each construct of the language does, in small",
        "programs. Below the Python of each are the results of its steps, in order; an expression by itself is one.",
        "Each is run as an execution: in one piece, in slices, and with a crash after every commit.",
    ]
    for path in sorted(CASES.glob("*.json")):
        lines += ["", f"## {path.stem.capitalize()}"]
        for case in json.loads(path.read_text()):
            lines += ["", f"### {_MARKUP.sub(r'\\\1', case['name'])}", "", *_case(case, path.name)]
    return "\n".join(lines) + "\n"


def _case(case: dict[str, Any], file: str) -> Iterator[str]:
    tree = yaml.safe_dump(
        case["program"], default_flow_style=None, sort_keys=False, allow_unicode=True, width=_WIDTH
    ).rstrip()
    python = "\n".join(case["python"] or [])
    if case["python"] is None:
        yield "No Python is read as this tree."
    elif len(python) > _LONGEST:
        yield f"Its {len(case['python'])} lines stand in [{file}](../tests/conformance/{file})."
    else:
        yield from ("```python", *case["python"], "```")
    yield ""
    if "input" in case:
        yield from (f"With the input {_code(case['input'])}:", "")
    if "findings" in case:
        yield from (f"- `{finding['path']}`: {_text(finding['message'])}" for finding in case["findings"])
    else:
        results = ", ".join(_code(result) for result in case["results"]) or "no results"
        yield f"{results}" + (f", and then it fails: {_text(case['error'])}" if "error" in case else "")
    if len(tree) <= _LONGEST:
        of = ", of which the Python is the normal form" if case.get("is_normal_form") else ""
        yield from ("", f"<details><summary>The tree{of}</summary>", "", "```yaml", tree, "```", "", "</details>")


def _text(text: str) -> str:
    mark = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{mark}{space}{text}{space}{mark}"


def _code(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _text(text if len(text) <= _WIDTH * 3 else f"{text[:_WIDTH]}…")
