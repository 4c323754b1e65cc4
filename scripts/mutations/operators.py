"""What is taken away: places found by the structure of the code, never from a list of them.

guard      a condition of `if`, `while`, a conditional expression, a filter or a case, taken as true, and as false
operand    one operand of `and` and `or` left out
boundary   `<` and `<=`, `>` and `>=` exchanged
negation   a comparison or `not` outside a condition turned into its opposite
limit      a number that has a name in capitals, ten times as large
bound      a constraint of a pydantic field, or a model's strictness, left out
raise      an exception not raised
except     an exception not caught: a whole handler, or one of its kinds
member     one constant of a set that is asked for membership left out
condition  a part of a DynamoDB condition that always holds, or, of alternatives, never
removal    a `REMOVE` of an update expression left out
call       a call whose answer nobody wants left out, or made after the next one
wrapper    `min`, `max` or rounding left out
jump       `break` or `continue` left out
offset     the one that is added or subtracted left out

A mutation has the name of its operator, its function and a number within both: no code is quoted, and formatting
changes no name. Logging and what decides about it, messages and what only Python's types see are left as they are.
"""

import ast
import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

type Change = Callable[[ast.AST], None]

_BOUNDS = {"le", "ge", "lt", "gt", "min_length", "max_length", "pattern", "extra", "strict"}
_EXCHANGED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_OPPOSITE = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_CONDITION = re.compile(r"attribute_(not_)?exists\(|[=<>] :|size\(")
_ALWAYS = "attribute_exists(pk) OR attribute_not_exists(pk)"
_NEVER = "attribute_exists(pk) AND attribute_not_exists(pk)"
_QUIET = {"logger", "_LOGGER", "logging"}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change of one module. `lines` are those of the statement; `function` is empty for what runs at import.

    `begins` is the first line of that function.
    """

    name: str
    file: Path
    lines: tuple[int, int]
    function: str
    begins: int
    node: int
    variant: int

    def tree(self) -> ast.Module:
        """The module with the change."""
        tree = ast.parse(self.file.read_text())
        nodes = list(ast.walk(tree))
        changes = list(_changes(nodes[self.node], _parents(tree)))
        changes[self.variant][1](nodes[self.node])
        return ast.fix_missing_locations(tree)

    def becomes(self) -> str:
        """The first line that is another with the change, as Python writes it."""
        before, after = (ast.unparse(tree).splitlines() for tree in (ast.parse(self.file.read_text()), self.tree()))
        return next(line.strip() for line, was in zip(after, before, strict=False) if line != was)


def mutations_of(file: Path, module: str) -> Iterator[Mutation]:
    """Every mutation of a module."""
    tree = ast.parse(file.read_text())
    parents = _parents(tree)
    numbers = Counter[tuple[str, str]]()
    for index, node in enumerate(ast.walk(tree)):
        for variant, (operator, _) in enumerate(_changes(node, parents)):
            path = _path(node, parents)
            statement = next((one for one in reversed(path) if isinstance(one, ast.stmt)), node)
            names = [one.name for one in path if isinstance(one, ast.FunctionDef | ast.ClassDef) and one is not node]
            function, begins = _outermost(path, node)
            numbers[operator, ".".join(names)] += 1
            name = f"{operator} {'.'.join([module, *names])} {numbers[operator, '.'.join(names)]}"
            first = getattr(node, "lineno", getattr(statement, "lineno", 1))
            lines = (first, getattr(node, "end_lineno", None) or first)
            yield Mutation(name, file, lines, function, begins, index, variant)


def _outermost(path: list[ast.AST], node: ast.AST) -> tuple[str, int]:
    """The qualified name and first line of the outermost function in whose body a node stands.

    The name is empty if it runs at import.
    """
    names = []
    for one, inner in pairwise([*path, node]):
        if isinstance(one, ast.ClassDef):
            names.append(one.name)
        if isinstance(one, ast.FunctionDef):
            begins = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            return (".".join([*names, one.name]) if inner in one.body else ""), begins
    return "", 0


def _parents(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    return {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}


def _path(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> list[ast.AST]:
    """What a node stands in, the module first."""
    path = [node]
    while path[-1] in parents:
        path.append(parents[path[-1]])
    return path[:0:-1]


def _is_left_alone(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    if _only_logs(node):
        return True
    path = _path(node, parents)
    for one, inner in pairwise([*path, node]):
        if isinstance(one, ast.If) and _root(one.test) == "TYPE_CHECKING":
            return True
        if isinstance(one, ast.AnnAssign) and inner is one.annotation:
            return True
        if _only_logs(one) and inner is one.test:  # type: ignore[attr-defined]
            return True
        if isinstance(one, ast.TypeAlias | ast.arguments | ast.JoinedStr) or _is_logging(one):
            return True
        if isinstance(one, ast.Raise):
            return True
    return False


def _only_logs(node: ast.AST) -> bool:
    """Whether a node is a condition on which nothing depends but what is logged."""
    return isinstance(node, ast.If) and not node.orelse and all(map(_is_logging, node.body))


def _is_logging(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _root(node.value.func) in _QUIET


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _changes(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[str, Change]]:  # noqa: PLR0915 - a table
    """The changes of a node itself: the operator, and what makes the change in a tree of its own."""
    if _is_left_alone(node, parents):
        return
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If() | ast.IfExp() | ast.Assert():
            yield from (("guard", _decided("test", value)) for value in (True, False))
        case ast.While():
            if not isinstance(node.test, ast.Constant):
                yield "guard", _decided("test", value=False)
        case ast.match_case(guard=ast.expr()):
            yield from (("guard", _decided("guard", value)) for value in (True, False))
        case ast.comprehension(ifs=[_, *_]):
            yield "guard", _set("ifs", [])
        case ast.BoolOp():
            yield from (("operand", _without("values", number)) for number in range(len(node.values)))
        case ast.Compare(ops=[_, _, *_]):
            for number, one in enumerate(node.ops):
                if type(one) in _EXCHANGED:
                    exchanged = [*node.ops[:number], _EXCHANGED[type(one)](), *node.ops[number + 1 :]]
                    yield "boundary", _set("ops", exchanged)
        case ast.Compare(ops=[operator]):
            if type(operator) in _EXCHANGED:
                yield "boundary", _set("ops", [_EXCHANGED[type(operator)]()])
            if type(operator) in _OPPOSITE and not _is_guard(node, parents):
                yield "negation", _set("ops", [_OPPOSITE[type(operator)]()])
            yield from _members(node.comparators[0], "comparators")
        case ast.UnaryOp(op=ast.Not()) if not _is_guard(node, parents):
            yield "negation", lambda one: _replace(one, ast.Call(ast.Name("bool", ast.Load()), [one.operand], []))  # type: ignore[attr-defined]
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
            if _is_number(value):
                yield "limit", _set("value", ast.BinOp(value, ast.Mult(), ast.Constant(10)))
            yield from _members(value, "value")
        case ast.Raise() if node.exc is not None or not isinstance(parents.get(node), ast.ExceptHandler):
            yield "raise", _pass
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds)):
            yield from (("except", _without_kind(number)) for number in range(len(kinds)))
        case ast.ExceptHandler():
            yield "except", _set("type", ast.Tuple([], ast.Load()))
        case ast.Constant(value=str()):
            yield from _expressions(node, parents)
        case ast.keyword(arg="condition" | "also", value=ast.Name()):
            yield "condition", _set("value", ast.Constant(_ALWAYS))
        case ast.keyword(arg="condition" | "also", value=ast.JoinedStr(values=parts)):
            always = [ast.Constant("("), *parts, ast.Constant(f") OR {_ALWAYS}")]
            yield "condition", _set("value", ast.JoinedStr(always))
            for number, part in enumerate(parts):
                if isinstance(part, ast.Constant) and str(part.value).startswith(" OR "):
                    never = ast.Constant(f" OR ({str(part.value).removeprefix(' OR ')} AND {_NEVER})")
                    yield "condition", _set("value", ast.JoinedStr([*parts[:number], never, *parts[number + 1 :]]))
        case ast.Expr(value=ast.Call()) if not _is_logging(node):
            yield "call", _pass
            if following := _following(node, parents):
                yield "call", _exchange(following)
        case ast.Call(func=ast.Name(id="min" | "max" | "round" | "abs")) | ast.Call(func=ast.Attribute(attr="ceil")):
            if (
                node.args
                and not any(isinstance(one, ast.Starred | ast.GeneratorExp) for one in node.args)
                and len(node.args) <= 2
            ):
                yield from (("wrapper", _only(number)) for number in range(len(node.args)))
        case ast.Call() if _root(node.func) in {"Field", "ConfigDict"}:
            bounds = [number for number, one in enumerate(node.keywords) if one.arg in _BOUNDS]
            yield from (("bound", _without("keywords", number)) for number in bounds)
        case ast.Break() | ast.Continue():
            yield "jump", _pass
        case ast.BinOp(op=ast.Add() | ast.Sub(), right=ast.Constant(value=1)):
            yield "offset", lambda one: _replace(one, one.left)  # type: ignore[attr-defined]


def _is_guard(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a node is a whole condition, which is taken as true and as false already."""
    parent = parents.get(node)
    return isinstance(parent, ast.If | ast.IfExp | ast.While | ast.Assert) and parent.test is node


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) or _is_number(node.right)
    return isinstance(node, ast.Call) and _root(node.func) == "timedelta"


def _members(node: ast.expr, field: str) -> Iterator[tuple[str, Change]]:
    if (
        isinstance(node, ast.Set | ast.Tuple | ast.List)
        and len(node.elts) > 1
        and all(isinstance(one, ast.Constant | ast.Attribute | ast.Name) for one in node.elts)
    ):
        for number in range(len(node.elts)):

            def change(one: ast.AST, number: int = number) -> None:
                value = getattr(one, field)
                elements = (value[0] if isinstance(value, list) else value).elts
                del elements[number]

            yield "member", change


def _expressions(node: ast.Constant, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[str, Change]]:
    """The changes of a DynamoDB expression."""
    text = str(node.value)
    if isinstance(parents.get(node), ast.Expr) or not re.search(r" :\w|attribute_|REMOVE ", text):
        return
    if " REMOVE " in text:
        yield "removal", _set("value", re.sub(r" REMOVE [\w#, ]+", "", text))
    if re.match(r"\s*(SET|ADD|DELETE|REMOVE)\b", text) or not _CONDITION.search(text):
        return
    for part in text.split(" AND "):
        yield "condition", _set("value", text.replace(part, f"({part.strip('()')} OR {_ALWAYS})", 1))
    alternatives = text.strip("()").split(" OR ")
    if len(alternatives) > 1 and " AND " not in text:
        for part in alternatives:
            yield "condition", _set("value", text.replace(part, f"({part} AND {_NEVER})", 1))


def _decided(field: str, value: bool) -> Change:  # noqa: FBT001 - what it is decided to be
    """Decide a condition, which is evaluated all the same: it may name what comes after it."""

    def change(node: ast.AST) -> None:
        operator = ast.Or() if value else ast.And()
        setattr(node, field, ast.BoolOp(operator, [getattr(node, field), ast.Constant(value)]))

    return change


def _set(field: str, value: object) -> Change:
    return lambda node: setattr(node, field, value)


def _without(field: str, number: int) -> Change:
    def change(node: ast.AST) -> None:
        values = getattr(node, field)
        del values[number]
        if isinstance(node, ast.BoolOp) and len(values) == 1:
            _replace(node, values[0])

    return change


def _without_kind(number: int) -> Change:
    def change(node: ast.AST) -> None:
        del node.type.elts[number]  # type: ignore[attr-defined]

    return change


def _only(number: int) -> Change:
    return lambda node: _replace(node, node.args[number])  # type: ignore[attr-defined]


def _exchange(other: ast.Expr) -> Change:
    def change(node: ast.AST) -> None:
        node.value, other.value = other.value, node.value  # type: ignore[attr-defined]

    return change


def _pass(node: ast.AST) -> None:
    _replace(node, ast.Pass())


def _replace(node: ast.AST, by: ast.AST) -> None:
    """Make a node of a tree of its own another one, in its place."""
    by = copy.copy(by)
    if isinstance(node, ast.expr):
        ast.copy_location(by, node)
    node.__class__ = by.__class__
    location = {name: getattr(node, name) for name in node._attributes if hasattr(node, name)}
    node.__dict__.clear()
    node.__dict__.update({**by.__dict__, **location})


def _following(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.Expr | None:
    """The call whose answer nobody wants that stands right behind this one, in the same block."""
    parent = parents.get(node)
    for field in ("body", "orelse", "finalbody"):
        block = getattr(parent, field, None)
        if isinstance(block, list) and node in block:
            rest = block[block.index(node) + 1 :]
            if (
                rest
                and isinstance(rest[0], ast.Expr)
                and isinstance(rest[0].value, ast.Call)
                and not _is_logging(rest[0])
            ):
                return rest[0]
    return None
