"""Runs the tests that reach a mutation, in a process forked off one that has imported everything already.

Which tests reach which lines is learnt first, in one run of all of them. A change within a function takes the place of
that function's code; for one that works at import, a process that has imported none of ours imports its module changed.
"""

import ast
import gc
import importlib.abc
import importlib.util
import math
import os
import pickle
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest

from scripts.mutations.operators import Mutation

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
TESTS = (
    "tests/unit",
    "tests/integration",
    *(f"tests/faults/test_{name}.py" for name in ("injected", "events", "webhooks")),
)
_TOOL = sys.monitoring.COVERAGE_ID
_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:unraisableexception")
"""The last collects garbage twice a session, which takes longer than most of these sessions."""

_IMPORT_SECONDS = 60
"""The longest that may pass until the first test begins."""

_FEW = 25

_SESSIONS: list[pytest.Session] = []
"""The session in which the tests were collected."""

_FUNCTIONS = dict[tuple[str, str], list[FunctionType]]()
"""Every function of the product that is imported, by its file and qualified name."""


@dataclass
class Reach:
    """Which tests run which lines of the product, and how long each takes, in seconds."""

    tests: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=dict)
    called_at_import: set[tuple[str, int]] = field(default_factory=set)
    """The functions, by their first line, that are called while modules are imported."""

    def of(self, mutation: Mutation) -> dict[str, float]:
        """The tests that reach a mutation, the quickest first, with the seconds that each takes.

        What runs at import any test may reach. Those come first that run it as well, or a line with the name that is
        changed.
        """
        found = first = self._running(mutation)
        if not mutation.function:
            found = set(self.seconds)
            files = [mutation.file, *_importers(mutation.file)]
            at = {(str(file), line) for file in files for name in _names(mutation) for line in _lines_with(file, name)}
            first = first | {test for place in at for test in self.tests.get(place, ())}
        order = sorted(found, key=lambda test: (test not in first, self.seconds[test]))
        return {test: self.seconds[test] for test in order}

    def works_at_import(self, mutation: Mutation) -> bool:
        """Whether a mutation stands in a function that is called while modules are imported, and by no test.

        What such a function has made, a closure above all, is there before the function is exchanged. Nor can one be
        exchanged that loses its only `super()`, and with it the cell that holds its class.
        """
        at = str(mutation.file), mutation.begins
        return (at in self.called_at_import and at not in self.tests) or mutation.function.endswith(".__init__")

    def _running(self, mutation: Mutation) -> set[str]:
        first, last = mutation.lines
        return {test for line in range(first, last + 1) for test in self.tests.get((str(mutation.file), line), ())}


def _names(mutation: Mutation) -> set[str]:
    """The name that a statement of a module assigns to, and those of the classes that it stands in."""
    line, names = mutation.lines[0], set[str]()
    for node in ast.walk(ast.parse(mutation.file.read_text())):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.ClassDef) and line in range(
            node.lineno, (node.end_lineno or node.lineno) + 1
        ):
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", node)
            names |= {getattr(target, "name", ""), getattr(target, "id", "")}
    return names - {"", "model_config"}


@cache
def _lines_with(file: Path, name: str) -> list[int]:
    word = re.compile(rf"\b{re.escape(name)}\b")
    return [number for number, line in enumerate(file.read_text().splitlines(), 1) if word.search(line)]


@cache
def _importers(file: Path) -> list[Path]:
    """The modules of the product that import a module, or something of it."""
    module = ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    return [other for other in SOURCE.rglob("*.py") if module in _imported(other)]


@cache
def _imported(file: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


class _Learning:
    """A plugin of pytest that notes which lines of the product each test runs."""

    def __init__(self) -> None:
        self.reach = Reach()
        self._test = ""

    def note_start(self, code: CodeType, _: int) -> object:
        """A function of one line, a lambda above all, may run without its line being told of."""
        if not self._test:
            self.reach.called_at_import.add((code.co_filename, code.co_firstlineno))
        return self.note(code, code.co_firstlineno)

    def note(self, code: CodeType, line: int) -> object:
        if self._test and code.co_filename.startswith(str(SOURCE)):
            self.reach.tests[code.co_filename, line].add(self._test)
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._test, begun = item.nodeid, time.monotonic()
        sys.monitoring.restart_events()
        result = yield
        self._test = ""
        self.reach.seconds[item.nodeid] = time.monotonic() - begun
        return result


class _Choosing:
    """A plugin of pytest that runs these tests only, in this order, and remembers the first that fails.

    One that takes far longer than its `seconds` ends the process by SIGALRM: a guard that ends a loop was taken away.
    """

    def __init__(self, chosen: Sequence[str], seconds: Mapping[str, float]) -> None:
        self._seconds = seconds
        self._order = {test: number for number, test in enumerate(chosen)}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((one for one in items if one.nodeid in self._order), key=lambda one: self._order[one.nodeid])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        signal.alarm(math.ceil(10 + 10 * self._seconds[item.nodeid]))
        result = yield
        signal.alarm(0)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def learn() -> bytes:
    """Run every test once, in a process of its own; answers with the `Reach`, pickled."""
    learnt: bytes = _forked(_learn)
    return learnt


def _learn() -> bytes:
    plugin = _Learning()
    sys.monitoring.use_tool_id(_TOOL, "mutations")
    sys.monitoring.register_callback(_TOOL, sys.monitoring.events.LINE, plugin.note)
    sys.monitoring.register_callback(_TOOL, sys.monitoring.events.PY_START, plugin.note_start)
    sys.monitoring.set_events(_TOOL, sys.monitoring.events.LINE | sys.monitoring.events.PY_START)
    status = pytest.main([*_OPTIONS, *TESTS], plugins=[plugin])
    if status != 0:
        raise SystemExit("the tests must pass before anything is taken away")
    return pickle.dumps(plugin.reach)


def collected[T](work: Callable[[], T]) -> T:
    """Do work where pytest has imported the product and collected its tests, once for all forks to come."""
    # One test that calls AWS, for what botocore and moto load at their first call.
    pytest.main([*_OPTIONS, "tests/integration/test_collisions.py"])
    collecting = _Collecting(work)
    # Whatever is printed meanwhile is not the output of a test.
    pytest.main([*_OPTIONS, "-s", *TESTS], plugins=[collecting])
    if not collecting.results:
        raise SystemExit("the tests could not be collected, or what was to be done with them was broken off")
    return collecting.results[0]


class _Collecting[T]:
    """A plugin of pytest that does work in place of running tests."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.results: list[T] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        # A fork runs its tests by the same hook.
        session.config.pluginmanager.unregister(self)
        for found in gc.get_objects():
            if isinstance(found, FunctionType) and found.__code__.co_filename.startswith(str(SOURCE)):
                at = found.__code__.co_filename, found.__code__.co_qualname
                _FUNCTIONS.setdefault(at, []).append(found)
        _SESSIONS.append(session)
        # What no fork collects, no fork has to copy.
        gc.freeze()
        self.results.append(self._work())
        return True


def killer(mutation: Mutation, tests: Mapping[str, float]) -> str:
    """The first test that fails under a mutation, `time` if one takes far longer than before; empty without one.

    One that works at import is tried with the first few tests first, which have the fewest modules to import.
    """
    names = list(tests)
    for some in filter(None, [names] if mutation.function else [names[:1], names[1:_FEW], names[_FEW:]]):
        answer = _forked(partial(_attempt, mutation, some, tests))
        if answer != b"":
            return "time" if answer is None else str(answer.decode())
    return ""


def _attempt(mutation: Mutation, tests: Sequence[str], seconds: Mapping[str, float]) -> bytes:
    signal.alarm(_IMPORT_SECONDS)
    chosen = _Choosing(tests, seconds)
    install(mutation)
    if not mutation.function:
        status = pytest.main([*_OPTIONS, *{test.partition("::")[0] for test in tests}], plugins=[chosen])
        broken = "" if status in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} else "import"
        return (chosen.failed or broken).encode()
    [session] = _SESSIONS
    session.config.pluginmanager.register(chosen)
    chosen.pytest_collection_modifyitems(session.items)
    with suppress(session.Failed):  # by -x
        session.config.hook.pytest_runtestloop(session=session)
    return chosen.failed.encode()


def install(mutation: Mutation) -> None:
    """Put a mutation into this process."""
    code = compile(mutation.tree(), str(mutation.file), "exec")
    if not mutation.function:
        sys.meta_path.insert(0, _Finder(mutation.file, code))
        return
    changed = _code_of(code, mutation.function.split("."))
    for function in _FUNCTIONS[str(mutation.file), mutation.function]:
        function.__code__ = changed


def _code_of(code: CodeType, names: list[str]) -> CodeType:
    for constant in code.co_consts:
        if not isinstance(constant, CodeType):
            continue
        if constant.co_name == f"<generic parameters of {names[0]}>":
            return _code_of(constant, names)
        if constant.co_name == names[0]:
            return _code_of(constant, names[1:]) if names[1:] else constant
    raise LookupError(names)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module in its changed form."""

    def __init__(self, file: Path, code: CodeType) -> None:
        relative = file.relative_to(SOURCE).with_suffix("")
        parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
        self._name, self._file, self._code = ".".join(parts), file, code

    def find_spec(self, name: str, *_: object) -> Any:
        if name != self._name:
            return None
        places = [str(self._file.parent)] if self._file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, self._file, loader=self, submodule_search_locations=places)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 - that is what a loader does


def _forked(work: Callable[[], bytes]) -> Any:
    """Do work in a fork and answer with what it gives; `None` if it was ended by SIGALRM."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _child(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return None
    if not answer.startswith(b"+"):
        raise RuntimeError(f"a fork broke: {answer.decode(errors='replace')[-3000:]}")
    return answer[1:]


def _child(work: Callable[[], bytes], writer: int) -> None:
    gc.disable()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        answer = b"+" + work()
    except BaseException as failure:  # noqa: BLE001 - told to the parent
        answer = b"-" + repr(failure).encode()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)
