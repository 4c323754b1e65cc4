"""Reads workflows written as Python: never run, only looked at, and made the program that they say."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from domain.program import checker
from domain.program.findings import START, Position, SourceFinding, place, source_lines
from domain.program.lines import Lines
from domain.program.python.context import TOO_DEEP, Context, Tree
from domain.program.python.names import HELPERS, INSTEAD_OF_MODULES, MODULE
from domain.program.python.reading_statements import Statements
from domain.program.python.scopes import Scope, bound_names
from domain.program.scoping import suggestion
from domain.program.signatures import Signatures

SOURCE_BYTES = 256 * 1024
"""As much as an item of the table holds beside what else is in it."""

_FORGIVEN = {"__future__", "typing"}
"""Modules that say nothing to the program, and something to a type checker."""
_WORDS = {"Break": "break", "Continue": "continue", "Fail": "fail", "Return": "return", "Throw": "raise"}
_STATEMENT = re.compile(rf"\b({'|'.join(_WORDS)})Stmt\b")
_TEXTS = ("name", "id", "description")


@dataclass(frozen=True, slots=True)
class Read:
    """What a source says: the workflow as far as it could be read, where its nodes came from, and what is wrong.

    `positions` has the place of each node by its path; without findings that are errors the program can be stored.
    """

    name: str
    id: str | None
    description: str
    program: Tree
    positions: Mapping[str, Position]
    findings: list[SourceFinding]

    @property
    def lines(self) -> Lines:
        """The line of each node, as it is kept with the program."""
        return Lines.at_positions(self.program, self.positions)


def read(source: str, signatures: Signatures) -> Read:
    """Read a workflow written as Python, and check its program: every finding at once, in the order of the lines."""
    # Some editors begin a file with a mark of its encoding, which is no part of the source.
    source = source.removeprefix("\ufeff")
    lines = source_lines(source)
    if len(source.encode(errors="replace")) > SOURCE_BYTES:
        return _unread(START, f"the source is over the limit of {SOURCE_BYTES} bytes")
    try:
        with warnings.catch_warnings():
            # An escape that means nothing is a text with a backslash, as it is when Python runs it.
            warnings.simplefilter("ignore", SyntaxWarning)
            module = ast.parse(source)
    except SyntaxError as error:
        return _unread(Position(error.lineno or 1, error.offset or 1), error.msg)
    except (RecursionError, MemoryError):
        return _unread(START, "it is nested too deeply to be read")
    except ValueError as error:
        return _unread(START, str(error))
    return _Reading(Context(signatures, lines)).read(module)


def _unread(position: Position, message: str) -> Read:
    return Read("", None, "", {"kind": "Program", "body": []}, {}, [SourceFinding(position, message)])


class _Reading:
    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, module: ast.Module) -> Read:
        function = self._function(module)
        if function is None:
            self._refuse_at_start(f"a file has one function, under @workflow(name=…) of {MODULE}")
            return Read("", None, "", {"kind": "Program", "body": []}, {}, sorted(self._context.findings))
        texts = self._decorator(function)
        self._parameters(function)
        self._context.bound = bound_names(function)
        body = function.body
        documented = ast.get_docstring(function)
        scope = Scope()
        scope.declare("input")
        steps = Statements(self._context).read_all(body if documented is None else body[1:], scope)
        program: Tree = {"kind": "Program", "body": steps}
        positions = self._context.positions(program)
        findings = dict.fromkeys([*self._context.findings, *self._checked(program, positions)])
        description = texts.get("description", documented or "")
        return Read(texts.get("name", ""), texts.get("id"), description, program, positions, sorted(findings))

    def _refuse_at_start(self, message: str) -> None:
        self._context.findings.append(SourceFinding(START, message))

    def _checked(self, program: Tree, positions: Mapping[str, Position]) -> list[SourceFinding]:
        """What is wrong with the program, at the places where its nodes came from."""
        return [
            SourceFinding(place(finding.path, positions), _as_python(finding.message), finding.severity, finding.path)
            for finding in checker.review(program, self._context.signatures)
            # What could not be read may use what seems to be unused.
            if finding.severity == "error" or not self._context.findings
            # Once is enough: what is too deep to be read is too deep for the checker as well.
            if finding.message != TOO_DEEP or not self._context.is_too_deep
        ]

    def _function(self, module: ast.Module) -> ast.FunctionDef | None:
        """The one function of a file, after its imports."""
        functions = [node for node in module.body if isinstance(node, ast.FunctionDef)]
        chosen = next((node for node in functions if _is_under_workflow(node)), functions[0] if functions else None)
        for index, node in enumerate(module.body):
            match node:
                case ast.ImportFrom(module="lodol.workflow", level=0):
                    self._imports(node)
                case ast.Import() | ast.ImportFrom():
                    self._foreign(node)
                case ast.FunctionDef() if node is chosen:
                    pass
                case ast.FunctionDef():
                    self._context.refuse(node, "a file has one function, the workflow, which has no others to call")
                case ast.AsyncFunctionDef():
                    self._context.refuse(node, "write `def` without async: a program waits by itself")
                case ast.Expr(value=ast.Constant(value=str())) if index == 0:
                    pass
                case _:
                    self._context.refuse(node, "beside its imports and its function a file has nothing")
        return chosen

    def _foreign(self, node: ast.Import | ast.ImportFrom) -> None:
        """An import from elsewhere; what it would have given is not told of again where it is used."""
        if isinstance(node, ast.ImportFrom):
            if node.module in _FORGIVEN:
                return
            modules = [node.module or ""]
        else:
            modules = [alias.name for alias in node.names]
        self._context.foreign |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        instead = INSTEAD_OF_MODULES.get(modules[0].partition(".")[0])
        more = f"; {instead}" if instead else ""
        self._context.refuse(node, f"a workflow imports from {MODULE}, and nothing else{more}")

    def _imports(self, node: ast.ImportFrom) -> None:
        known = [*HELPERS, *sorted(self._context.namespaces)]
        for alias in node.names:
            if alias.name not in known:
                self._context.refuse(alias, f"{MODULE} has no {alias.name}{suggestion(alias.name, known)}")
                self._context.foreign.add(alias.asname or alias.name)
                continue
            if alias.asname:
                self._context.refuse(alias, "what is imported keeps its name")
                self._context.foreign |= {alias.asname} - {alias.name}
            self._context.imported.add(alias.name)

    def _decorator(self, function: ast.FunctionDef) -> dict[str, str]:
        """The texts that `@workflow(…)` has."""
        texts: dict[str, str] = {}
        match function.decorator_list:
            case [ast.Call(func=ast.Name(id="workflow"), args=[], keywords=keywords) as call]:
                if "workflow" not in self._context.imported:
                    self._context.refuse(call.func, f"workflow is not imported: from {MODULE} import workflow")
                for keyword in keywords:
                    match keyword:
                        case ast.keyword(arg=str(name), value=ast.Constant(value=str(text))) if name in _TEXTS:
                            texts[name] = text
                        case _:
                            self._context.refuse(keyword, "@workflow takes texts: name, id and description")
                if "name" not in texts:
                    self._context.refuse(call, "@workflow needs a name: @workflow(name=…)")
            case _:
                self._context.refuse(function, "the function stands under @workflow(name=…), and nothing else")
        return texts

    def _parameters(self, function: ast.FunctionDef) -> None:
        given = function.args
        names = [parameter.arg for parameter in given.args]
        extra = given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults
        if extra or names not in ([], ["input"]):
            self._context.refuse(function, f"a workflow takes one parameter: def {function.name}(input: Input)")


def _is_under_workflow(function: ast.FunctionDef) -> bool:
    """Whether `@workflow` stands above a function, called or not."""
    marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in function.decorator_list]
    return any(isinstance(mark, ast.Name) and mark.id == "workflow" for mark in marks)


def _as_python(message: str) -> str:
    """A sentence about a program in the words of its source."""
    return _STATEMENT.sub(lambda found: _WORDS[found[1]], message)
