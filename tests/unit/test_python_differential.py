"""What Python and the language have in common means the same in both: the same sources give the same values."""

import contextlib
import os
import re
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings

from domain.callables import SIGNATURES
from domain.program import checker
from domain.program.findings import told
from domain.program.interpreter import Failed, Returned, run_step
from domain.program.python.reading import read
from domain.program.values import Value
from tests.support.python_sources import HEAD, sources


class Raised(Exception):
    """What stands for `Failure`."""


REFUSED = re.compile(r"[a-z]+\.[a-z_]+: ")
"""How a finding about the arguments of a call begins."""


class NoEffects:
    made = 0

    def call(self, call: Any) -> Value:
        raise AssertionError(call)


SHIMS: dict[str, Any] = {
    "Failure": Raised,
    "Input": object,
    "block": contextlib.nullcontext,
    "coalesce": lambda left, right: right if left is None else left,
    "workflow": lambda **_: lambda function: function,
}


def by_python(source: str, given: Any = None) -> Any:
    """What CPython gives for a source, `("fails",)` where it raises."""
    names = dict(SHIMS)
    # The source is one that a test has made, and Python is what the language is compared with.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        exec(compile(source.partition("\n")[2], "it.py", "exec"), names)
    [function] = [value for name, value in names.items() if name not in SHIMS and name != "__builtins__"]
    try:
        return ("gives", function(given))
    except NameError:
        raise  # the source is no good, whatever the language makes of it
    except Exception:  # noqa: BLE001 - whatever it is, the language must fail there too
        return ("fails",)


def by_the_language(source: str, given: Any = None) -> Any:
    """What the interpreter gives for a source."""
    found = read(source, SIGNATURES)
    # A literal that no call can use is told at once; here it is to fail where Python fails, when it is called.
    errors = [each for each in found.findings if each.severity == "error" and not REFUSED.match(each.message)]
    assert errors == [], told(errors, source, "it.py")
    program, variables = checker.parse(found.program), {"input": given}
    for index in range(len(program.body)):
        done = run_step(program, index, variables, NoEffects())
        variables |= dict(done.changes)
        if isinstance(done.ending, Failed):
            return ("fails",)
        if isinstance(done.ending, Returned):
            return ("gives", done.result)
    return ("gives", None)


@settings(
    max_examples=int(os.environ.get("LODOL_EXAMPLES", "200")),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(sources())
def test_the_same_source_gives_the_same_in_both(source: str) -> None:
    expected = by_python(source)
    event(expected[0])

    assert by_the_language(source) == expected, source


def source_of(*lines: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "theirs", "ours"),
    [
        (["return str(6 / 2)"], "3.0", "3"),
        (['return f"{True} {None} {[1, 2]}"'], "True None [1, 2]", "true null [1,2]"),
        (["return True == 1"], True, False),
        (["return 1 in [True]"], True, False),
        (["x = [2, True]", "return sorted(x)"], [True, 2], None),
        (["return -True"], -1, None),
        (['return "a" + 1'], None, "a1"),
        (["return [1] + [2]"], [1, 2], None),
        (['return "a" * 2'], "aa", None),
        (["return [1][5]"], None, None),
        (['return {}["a"]'], None, None),
        (["x = []", "for k in {}:", "    x = [k]", "return x"], [], None),
    ],
)
def test_what_differs_is_what_the_documents_say(lines: list[str], theirs: Any, ours: Any) -> None:
    assert by_python(source_of(*lines)) == (("fails",) if theirs is None else ("gives", theirs))
    found = by_the_language(source_of(*lines))
    assert found == (("gives", ours) if ours is not None or found[0] == "gives" else ("fails",))


@pytest.mark.parametrize(
    "lines",
    [
        ["return [-7 % 3, 7 % -3, -7 // 2, 7 // -2, -7.5 % 2, -7.5 // 2]"],
        ["return [round(0.5), round(1.5), round(-2.5), round(2.675, 2), round(1234, -2)]"],
        ["x = []", "x = x or [0]", "return [x and 1, not {}, bool(''), 0 or None]"],
        ["x = 0", "for i, (y) in enumerate([5, 6]):", "    x += i * y", "return x"],
        ["x = 1", "y = [x for x in [5, 6]]", "return [x, y]"],
        ["x = 0", "while True:", "    x += 1", "    if x > 3:", "        break", "    continue", "return x"],
        ["x = 1", "try:", "    x = 2", "    raise Failure('a')", "except Exception:", "    x += 10", "return x"],
        ["return [1 < 2 < 3, 1 < 3 < 2, 3 > 2 != 1]"],
        ["return ['ab'[0], 'ab'[-1], [1, 2][-2], 'abc'[::-1], [1, 2, 3][5:], 'abc'[-2:]]"],
        ["x = '3.5'", "return int(x)"],
        ["return [int(' 7 '), int(-3.9), float('1e3'), float(2)]"],
        ["x = []", "return min(x)"],
        ["return {**{'a': 1, 'b': 2}, 'a': 3}"],
    ],
)
def test_edges_are_the_same_in_both(lines: list[str]) -> None:
    assert by_the_language(source_of(*lines)) == by_python(source_of(*lines))
