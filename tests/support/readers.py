"""What holds of the readers of JSON, programs and Python, whatever they get: what the fuzzer tries, and its corpus."""

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from domain.callables import SIGNATURES
from domain.program import checker, interpreter
from domain.program.calls import Call, CallFailed
from domain.program.findings import told
from domain.program.interpreter import Failed, StepOutcome, run_step
from domain.program.limits import NODE_VISITS
from domain.program.measuring import Meter
from domain.program.nodes import Node
from domain.program.python.normal import normal
from domain.program.python.printing import namespaces, written
from domain.program.python.reading import read
from domain.program.values import Value, dumps, ensure_storable, loads, size
from lodol.cli.files import read_workflow
from tests.support.conformance import cases
from tests.support.samples import SAMPLES

CORPUS = Path(__file__).parents[1] / "corpus"
NAMESPACES = namespaces(SIGNATURES)
_VISITS = NODE_VISITS // 200
"""As many visits each step has here: what computes without end would keep a fuzzer from trying anything else."""


class _NoEffects:
    """An effect that fails, each time."""

    made = 0

    def call(self, call: Call) -> Value:
        self.made += 1
        raise CallFailed(call.callee)


def reads_json(data: bytes) -> None:
    """What is no JSON is told; a value that is written and read again is the same, and as large as is said."""
    try:
        value = loads(data.decode(errors="surrogateescape"))
    except ValueError:
        return
    text = dumps(value)
    assert dumps(loads(text)) == text
    assert json.loads(text) == value
    try:
        ensure_storable(value, "it")
    except ValueError:
        return
    assert size(value) == len(text.encode())


def reads_programs(data: bytes) -> None:
    """A program has findings, or it is parsed, written as Python, read again and run, each time alike."""
    try:
        source = loads(data.decode(errors="surrogateescape"))
    except ValueError:
        return
    findings = checker.check(source, SIGNATURES)
    assert all(finding.message for finding in findings)
    if findings or not isinstance(source, dict):
        return
    checker.review(source, SIGNATURES)
    _comes_back(source)
    assert _run(source) == _run(source)


def reads_python(data: bytes) -> None:
    """A source has findings, each with a place in it, or a program that can be stored and comes back."""
    text = data.decode(errors="replace")
    found = read(text, SIGNATURES)
    told(found.findings, text, "it.py")
    if any(finding.severity == "error" for finding in found.findings):
        return
    assert checker.check(found.program, SIGNATURES) == []
    assert isinstance(found.program, dict)
    _comes_back(found.program)


def _comes_back(program: dict[str, Value]) -> None:
    """Written as Python and read again, it is the same program, in its normal form."""
    source = written(program, SIGNATURES, name="Program")
    again, expected = read(source, SIGNATURES), normal(program, NAMESPACES)
    assert dumps(again.program) == dumps(expected), source
    assert {finding.message for finding in again.findings if finding.severity == "error"} == {
        finding.message for finding in checker.check(expected, SIGNATURES)
    }, source


def _run(source: dict[str, Value]) -> str:
    """What its steps come to, one after the other; each gives what can be stored."""
    program, variables, outcomes = checker.parse(source), dict[str, Value](input={"a": [1, "b"]}), list[StepOutcome]()
    with patch.object(interpreter, "Meter", lambda: Meter(_VISITS)):
        for index in range(len(program.body)):
            done = run_step(program, index, variables, _NoEffects())
            for value in (done.result, *done.changes.values()):
                ensure_storable(value, "it")
            variables |= dict(done.changes)
            outcomes.append(done)
            if isinstance(done.ending, Failed):
                break
    return repr(outcomes)


def _texts(suffix: str) -> list[bytes]:
    return [path.read_bytes() for path in SAMPLES if path.suffix == suffix]


def _programs() -> list[bytes]:
    everything = [case["program"] for case in cases()] + [read_workflow(path).program for path in SAMPLES]
    return [dumps(program).encode() for program in everything]


def _sources() -> list[bytes]:
    usable = [case["program"] for case in cases() if "findings" not in case]
    return [written(program, SIGNATURES, name="P").encode() for program in usable] + _texts(".py")


READERS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "json": (reads_json, lambda: _programs()[::10]),
    "programs": (reads_programs, _programs),
    "python": (reads_python, _sources),
}
"""Each reader by its name: what holds of it, and what a fuzzer begins with."""


def words() -> list[str]:
    """What programs and sources are made of."""
    kinds = Node.__subclasses__()
    fields = {field for kind in kinds for field in kind.model_fields}
    namespaces = {name.partition(".")[0] for name in SIGNATURES}
    return sorted({kind.__name__ for kind in kinds} | fields | namespaces | set(SIGNATURES))


def kept(name: str) -> list[bytes]:
    """The corpus of a reader: each line is an input, bytes that are no text standing as halves of surrogate pairs."""
    path = CORPUS / f"{name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line).encode(errors="surrogateescape") for line in lines]


def keep(name: str, inputs: list[bytes]) -> None:
    """Make these the corpus of a reader, the shortest first."""
    texts = (data.decode(errors="surrogateescape") for data in sorted(inputs, key=lambda data: (len(data), data)))
    (CORPUS / f"{name}.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
