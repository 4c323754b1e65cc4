"""Reads Python's calls: of callables, and of functions and methods that mean one, with keywords for objects."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from domain.program.builtins import BUILTINS
from domain.program.python.context import Context, Tree
from domain.program.python.names import (
    FUNCTIONS,
    HELPERS,
    INSTEAD_OF_FUNCTIONS,
    INSTEAD_OF_METHODS,
    METHODS,
    MODULE,
    SPECIAL_FUNCTIONS,
    Alias,
)
from domain.program.python.scopes import Scope
from domain.program.python.shapes import binary, call, list_of, object_of
from domain.program.scoping import suggestion
from domain.program.signatures import Signature

if TYPE_CHECKING:
    from domain.program.python.reading_expressions import Expressions

_TAKES_GENERATORS = {"max", "min", "sorted", "sum"}
"""Functions that look at every item in any case, for which a generator is the list that it would make."""


class Calls:
    """Reads the calls of one source."""

    def __init__(self, context: Context, expressions: Expressions) -> None:
        self._context = context
        self._expressions = expressions

    def read(self, node: ast.Call, scope: Scope) -> Tree:
        """The node of the program that a call is."""
        match node.func:
            case ast.Name(id=name):
                return self._function(node, name, scope)
            case ast.Attribute(value=ast.Name(id=root), attr=attribute) if self._is_callable(root, attribute, scope):
                if root not in self._context.imported | self._context.foreign:
                    self._context.refuse(node.func, f"{root} is not imported: from {MODULE} import {root}")
                return self._callable(node, f"{root}.{attribute}", scope)
            case ast.Attribute():
                return self._method(node, node.func, scope)
            case _:
                return self._context.refuse(node, "only callables can be called")

    def _refused(self, node: ast.Call, message: str, scope: Scope) -> Tree:
        """Note a finding about a call, after those in its arguments."""
        self._look_into(node, scope)
        return self._context.refuse(node, message)

    def _look_into(self, node: ast.Call, scope: Scope) -> None:
        """Note what is wrong in the arguments of a call of nothing."""
        self._arguments(node, scope)
        for keyword in node.keywords:
            self._expressions.read(keyword.value, scope)

    def _is_variable(self, name: str, scope: Scope) -> bool:
        return scope.knows(name) or name in self._context.bound

    def _is_callable(self, root: str, attribute: str, scope: Scope) -> bool:
        """Whether a name behind another is a callable, or meant as one."""
        if self._is_variable(root, scope):
            # That a variable hides what is imported is told where it is set.
            return root in self._context.imported and f"{root}.{attribute}" in self._context.signatures
        return root in self._context.namespaces

    def _arguments(self, node: ast.Call, scope: Scope, *, is_whole: bool = False) -> list[Tree]:
        arguments: list[Tree] = []
        for argument in node.args:
            if isinstance(argument, ast.GeneratorExp) and is_whole and len(node.args) == 1:
                made = self._expressions.list_comprehension(argument, argument.elt, argument.generators, scope)
                arguments.append(self._context.at(argument, made))
            elif isinstance(argument, ast.Starred):
                arguments.append(self._context.refuse(argument, "write each argument by itself"))
            else:
                arguments.append(self._expressions.read(argument, scope))
        return arguments

    def _callable(self, node: ast.Call, callee: str, scope: Scope) -> Tree:
        args = self._arguments(node, scope)
        signature = self._context.signatures.get(callee)
        if node.keywords and signature:
            self._keywords(node, signature, args, scope)
        # A callable that there is not, and a wrong number of arguments, are found where the program is checked.
        return call(callee, *args)

    def _keywords(self, node: ast.Call, signature: Signature, args: list[Tree], scope: Scope) -> None:
        """Put what is given by keyword at the place of its parameter, or into the object that a parameter takes."""
        known, given = signature.keywords(), len(args)
        at: dict[int, Tree] = {}
        fields: dict[int, list[Tree]] = {}
        names: set[str] = set()
        for keyword in node.keywords:
            if keyword.arg is None:
                self._context.refuse(keyword.value, "write each field by its name, or give the object as an argument")
                continue
            value = self._expressions.read(keyword.value, scope)
            index, field = known.get(keyword.arg, (-1, None))
            # Python's parser lets a keyword stand twice, and only its compiler does not.
            if keyword.arg in names:
                self._context.refuse(keyword, f"{keyword.arg} is given twice")
                continue
            names.add(keyword.arg)
            if index < 0:
                close = suggestion(keyword.arg, list(known)) or f"; it has {', '.join(known)}"
                self._context.refuse(keyword, f"{signature.call_text()} has no {keyword.arg}{close}")
            elif index < given:
                parameter = signature.parameters[index].name
                self._context.refuse(keyword, f"{parameter} is given already, as an argument before")
            elif field is None:
                at[index] = value
            else:
                fields.setdefault(index, []).append({"key": field, "value": value})
        for index, properties in fields.items():
            name = signature.parameters[index].name
            if index in at:
                at[index] = self._context.refuse(node, f"{name} is given twice, whole and by its fields")
            else:
                at[index] = self._context.at(node, object_of(properties))
        for index in range(given, max(at, default=-1) + 1):
            if index not in at and signature.name in BUILTINS:
                missing = signature.parameters[index].name
                at[index] = self._context.refuse(node, f"give {missing} as well, which stands before the others")
            args.append(at.get(index) or self._context.at(node, {"kind": "Literal", "value": None}))

    def _function(self, node: ast.Call, name: str, scope: Scope) -> Tree:
        context = self._context
        if name in INSTEAD_OF_FUNCTIONS and not (scope.knows(name) and name != "input"):
            return self._refused(node, f"there is no {name}(); {INSTEAD_OF_FUNCTIONS[name]}", scope)
        # That a variable hides what is imported is told where it is set.
        if self._is_variable(name, scope) and name not in context.imported:
            return self._refused(node, f"{name} is a variable here, and cannot be called", scope)
        if name in HELPERS:
            return self._helper(node, name, scope)
        if name in SPECIAL_FUNCTIONS:
            return self._special(node, name, scope)
        if name in FUNCTIONS:
            return self._alias(node, name, scope)
        if name in context.namespaces:
            return self._refused(node, f"{name} is called by one of its names: {name}.…(…)", scope)
        if name in context.foreign:
            self._look_into(node, scope)
            return {"kind": "VarRef", "name": "input"}
        known = [*FUNCTIONS, *SPECIAL_FUNCTIONS, *HELPERS]
        return self._refused(node, f"there is no function {name}{suggestion(name, known)}", scope)

    def _helper(self, node: ast.Call, name: str, scope: Scope) -> Tree:
        context = self._context
        if name not in context.imported:
            return context.refuse(node.func, f"{name} is not imported: from {MODULE} import {name}")
        if name == "coalesce" and len(node.args) == 2 and not node.keywords:
            left, right = self._arguments(node, scope)
            return binary("??", left, right)
        return self._refused(node, HELPERS[name], scope)

    def _special(self, node: ast.Call, name: str, scope: Scope) -> Tree:
        refuse = self._context.refuse
        args = self._arguments(node, scope, is_whole=name in _TAKES_GENERATORS)
        if node.keywords and name != "sorted":
            return refuse(node, f"{name}() takes no keywords")
        match name, args:
            case "bool", [value]:
                negated = self._context.at(node, {"kind": "UnaryExpr", "op": "!", "operand": value})
                return {"kind": "UnaryExpr", "op": "!", "operand": negated}
            case "getattr", [value, {"kind": "Literal", "value": str(key)}]:
                return {"kind": "MemberExpr", "object": value, "property": key}
            case "getattr", _:
                return refuse(node, "write value[name], which is None where there is no such key")
            case "range", [stop]:
                return call("list.range", self._context.at(node, {"kind": "Literal", "value": 0}), stop)
            case "range", [_, _] | [_, _, _]:
                return call("list.range", *args)
            case "sorted", [values]:
                return self._sorted(node, values)
            case _:
                return refuse(node, f"{name}() takes {'one to three arguments' if name == 'range' else 'one argument'}")

    def _sorted(self, node: ast.Call, values: Tree) -> Tree:
        callee = "list.sort"
        for keyword in node.keywords:
            match keyword:
                case ast.keyword(arg="reverse", value=ast.Constant(value=bool(is_descending))):
                    callee = "list.sort_descending" if is_descending else "list.sort"
                case _:
                    self._context.refuse(
                        keyword, 'write list.sort(items, "key") or list.sort_descending(items, "key") for objects'
                    )
        return call(callee, values)

    def _alias(self, node: ast.Call, name: str, scope: Scope) -> Tree:
        args = self._arguments(node, scope, is_whole=name in _TAKES_GENERATORS)
        if name in {"min", "max"} and len(args) > 1 and not node.keywords:
            return call(FUNCTIONS[name].callee, self._context.at(node, list_of(args)))
        return self._called(node, name, FUNCTIONS[name], args, args)

    def _called(self, node: ast.Call, name: str, alias: Alias, given: list[Tree], args: list[Tree]) -> Tree:
        """The call of what a function or method is another name of, `given` being its arguments in Python."""
        if node.keywords:
            moment = '; for a moment, date.at(moment, "08:00", zone)' if name == "replace" else ""
            return self._context.refuse(node, f"{name}() takes no keywords; a workflow has {alias.callee}{moment}")
        if not alias.fewest <= len(given) <= alias.most:
            takes = f"{alias.fewest}" if alias.fewest == alias.most else f"{alias.fewest} or {alias.most}"
            return self._context.refuse(
                node, f"{name}() takes {takes} arguments here, and has {len(given)}; a workflow has {alias.callee}"
            )
        return call(alias.callee, *args)

    def _is_nothing(self, root: ast.Name, scope: Scope) -> bool:
        """Whether a name is none that a workflow has: no variable that is or was, and no namespace."""
        if scope.knows(root.id) or scope.was_in(root.id):
            return False
        own = {*FUNCTIONS, *SPECIAL_FUNCTIONS, *HELPERS, *INSTEAD_OF_FUNCTIONS, *self._context.namespaces}
        return root.id in self._context.foreign or root.id not in own | self._context.bound

    def _unknown_root(self, chain: list[ast.expr], root: ast.Name, scope: Scope) -> Tree:
        """A call of something of nothing: which name is meant is all that there is to say."""
        for inner in chain:
            if isinstance(inner, ast.Call):
                self._look_into(inner, scope)
        if root.id in self._context.foreign:
            return {"kind": "VarRef", "name": "input"}
        close = suggestion(root.id, [*scope.names, *sorted(self._context.namespaces)])
        return self._context.refuse(root, f"{root.id} is neither a variable nor a namespace of callables{close}")

    def _method(self, node: ast.Call, func: ast.Attribute, scope: Scope) -> Tree:
        name = func.attr
        *chain, root = _chain(node)
        if isinstance(root, ast.Name) and self._is_nothing(root, scope):
            return self._unknown_root(chain, root, scope)
        if name not in METHODS and name != "split":
            self._expressions.read(func.value, scope)
            advice = INSTEAD_OF_METHODS.get(name)
            what = f"; {advice}" if advice else suggestion(name, [*METHODS, "split"])
            return self._refused(node, f"there is no method {name}{what}", scope)
        value = self._expressions.read(func.value, scope)
        given = self._arguments(node, scope, is_whole=name == "join")
        if name == "split":
            alias = Alias("string.split", 0, 1) if given else Alias("string.words", 0, 1)
        else:
            alias = METHODS[name]
        return self._called(node, name, alias, given, [value, *given])


def _chain(node: ast.expr) -> Iterator[ast.expr]:
    """A chain of properties and calls, from its end to what it begins with."""
    while isinstance(node, ast.Attribute | ast.Call):
        yield node
        node = node.value if isinstance(node, ast.Attribute) else node.func
    yield node
