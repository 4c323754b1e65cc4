"""Reads Python's expressions as those of the language, or says what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from domain.program.builtins import BUILTINS
from domain.program.python.context import Context, Tree
from domain.program.python.names import HELPERS
from domain.program.python.reading_calls import Calls
from domain.program.python.scopes import Scope
from domain.program.python.shapes import binary, call, list_of, loop_of, negative, object_of, template
from domain.program.scoping import suggestion

_BINARY: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
_CALLED: dict[type[ast.operator], str] = {ast.FloorDiv: "number.floor_divide", ast.Pow: "number.power"}
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "==",
    ast.IsNot: "!=",
}
_INSTEAD: dict[type[ast.expr], str] = {
    ast.Lambda: "there are no functions of one's own; write a comprehension or a loop",
    ast.Await: "write the call without await: a program waits by itself",
    ast.Yield: "there are no generators; make a list",
    ast.YieldFrom: "there are no generators; make a list",
    ast.NamedExpr: "write the assignment on a line of its own",
    ast.GeneratorExp: "write a list, [… for …]",
    ast.SetComp: "there are no sets; write list.unique([… for …])",
    ast.Set: "there are no sets; write a list, [a, b]",
    ast.Tuple: "there are no tuples; write a list, [a, b]",
    ast.Starred: "* stands in lists only: [*items, item]",
    ast.Slice: "a slice stands in brackets after a list or a text",
}
"""What to write instead of what the language has not."""


class Expressions:
    """Reads the expressions of one source."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._calls = Calls(context, self)

    def read(self, node: ast.expr, scope: Scope) -> Tree:
        """The node of the program that an expression is."""
        with self._context.within(node) as may_be:
            return self._context.at(node, self._read(node, scope) if may_be else {"kind": "VarRef", "name": "input"})

    def sequence(self, node: ast.expr, scope: Scope) -> Tree:
        """What is only gone over or searched: there a tuple or a set means what a list does."""
        if isinstance(node, ast.Tuple | ast.Set):
            return self._context.at(node, self._list(node.elts, scope))
        return self.read(node, scope)

    def _read(self, node: ast.expr, scope: Scope) -> Tree:
        refuse = self._context.refuse
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str()):
                return {"kind": "Literal", "value": node.value}
            case ast.Constant():
                return refuse(node, "a literal is None, True, False, a number or a text")
            case ast.Name():
                return self._name(node, scope)
            case ast.UnaryOp():
                return self._unary(node, scope)
            case ast.BinOp():
                return self._binary(node, scope)
            case ast.BoolOp(op=op, values=[first, *others]):
                tree = self.read(first, scope)
                for other in others:
                    tree = self._context.at(node, self._both(tree, self.read(other, scope), op))
                return tree
            case ast.Compare():
                return self._compare(node, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                cond, then, otherwise = self.read(test, scope), self.read(body, scope), self.read(orelse, scope)
                return {"kind": "CondExpr", "cond": cond, "then": then, "else": otherwise}
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.List(elts=elements):
                return self._list(elements, scope)
            case ast.Dict():
                return self._dict(node, scope)
            case ast.JoinedStr():
                return self._template(node, scope)
            case ast.Call():
                return self._calls.read(node, scope)
            case ast.ListComp(elt=element, generators=generators):
                return self.list_comprehension(node, element, generators, scope)
            case ast.DictComp(key=key, value=value, generators=generators):
                loop, inner = self._loop(node, generators, scope)
                pair = {"key": self.read(key, inner), "value": self.read(value, inner)}
                return {"kind": "DictCompExpr", **pair, **loop}
            case _:
                return refuse(node, _INSTEAD.get(type(node), "the language has no such expression"))

    @staticmethod
    def _both(left: Tree, right: Tree, op: ast.boolop) -> Tree:
        return {"kind": "BinaryExpr", "op": "&&" if isinstance(op, ast.And) else "||", "left": left, "right": right}

    def _name(self, node: ast.Name, scope: Scope) -> Tree:
        name, context = node.id, self._context
        if scope.knows(name):
            return {"kind": "VarRef", "name": name}
        where = scope.was_in(name)
        if name in context.ended or (name in context.foreign and not where):
            return {"kind": "VarRef", "name": "input"}
        if where:
            context.ended.add(name)
            return context.refuse(
                node, f"{name} is first set within {where}, and not there any more; declare it before: {name} = None"
            )
        if name in context.bound:
            return context.refuse(node, f"{name} is not set yet here")
        if name in HELPERS and name in context.imported:
            return context.refuse(node, f"{name} is no value; {HELPERS[name]}")
        if name in context.namespaces:
            return context.refuse(node, f"{name} is no value; call one of its callables: {name}.…(…)")
        return context.refuse(node, f"the variable {name} was never declared{suggestion(name, scope.names)}")

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Tree:
        match node.op:
            case ast.Not():
                return {"kind": "UnaryExpr", "op": "!", "operand": self.read(node.operand, scope)}
            case ast.USub():
                return negative(self.read(node.operand, scope))
            case ast.UAdd():
                return self._context.refuse(node, "write the number without its +")
            case _:
                return self._context.refuse(node, "numbers are not looked at by their bits")

    def _binary(self, node: ast.BinOp, scope: Scope) -> Tree:
        op = type(node.op)
        if op is ast.Mod and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            self._context.warn(node, 'a text has no remainder, so this fails; write an f-string, f"{name}"')
        if op in _BINARY:
            left, right = self.read(node.left, scope), self.read(node.right, scope)
            return binary(_BINARY[op], left, right)
        if op in _CALLED:
            return call(_CALLED[op], self.read(node.left, scope), self.read(node.right, scope))
        if op is ast.BitOr:
            return self._context.refuse(node, "write `a or b` for truth values, {**a, **b} for objects")
        if op is ast.BitAnd:
            return self._context.refuse(node, "write `a and b` for truth values, list.intersection(a, b) for lists")
        return self._context.refuse(node, "the language has no such operator")

    def operation(self, node: ast.AugAssign, target: Tree, scope: Scope) -> Tree:
        """What `x += value` sets `x` to."""
        equal = ast.BinOp(left=node.value, op=node.op, right=node.value)
        op = type(node.op)
        value = self.read(node.value, scope)
        if op in _BINARY:
            return binary(_BINARY[op], target, value)
        if op in _CALLED:
            return call(_CALLED[op], target, value)
        return self._binary(ast.copy_location(equal, node), scope)

    def _compare(self, node: ast.Compare, scope: Scope) -> Tree:
        operands = [node.left, *node.comparators]
        read = [self.read(node.left, scope)]
        for op, operand in zip(node.ops, node.comparators, strict=True):
            read.append((self.sequence if isinstance(op, ast.In | ast.NotIn) else self.read)(operand, scope))
        tree: Tree | None = None
        for index, op in enumerate(node.ops):
            if index and (callee := _effect_in(read[index])):
                return self._context.refuse(
                    operands[index],
                    f"it is compared twice, and {callee} is to be called once: give it a name on a line before",
                )
            compared = self._context.at(operands[index], self._comparison(node, op, read[index : index + 2], index))
            tree = compared if tree is None else self._context.at(node, self._both(tree, compared, ast.And()))
        return tree or {}

    def _comparison(self, node: ast.Compare, op: ast.cmpop, operands: Sequence[Tree], index: int) -> Tree:
        left, right = operands
        if isinstance(op, ast.In | ast.NotIn):
            found = self._context.at(node, call("value.is_in", left, right))
            return found if isinstance(op, ast.In) else {"kind": "UnaryExpr", "op": "!", "operand": found}
        if isinstance(op, ast.Is | ast.IsNot):
            other = node.comparators[index]
            if not (isinstance(other, ast.Constant) and (other.value is None or isinstance(other.value, bool))):
                return self._context.refuse(other, "`is` asks for None, True or False only; write ==")
        return binary(_COMPARED[type(op)], left, right)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Tree:
        name = node.attr
        if isinstance(node.value, ast.Name) and not scope.knows(node.value.id):
            root = node.value.id
            if root in self._context.imported & self._context.namespaces:
                return self._context.refuse(node, f"{root}.{name} is called: {root}.{name}(…)")
        if name.startswith("__") and name.endswith("__"):
            return self._context.refuse(
                node, f'values have no {name}; a property of that name is getattr(value, "{name}")'
            )
        return {"kind": "MemberExpr", "object": self.read(node.value, scope), "property": name}

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Tree:
        value = self.read(node.value, scope)
        if not isinstance(node.slice, ast.Slice):
            return {"kind": "IndexExpr", "object": value, "index": self.read(node.slice, scope)}
        bounds = [node.slice.lower, node.slice.upper, node.slice.step]
        while bounds and bounds[-1] is None:
            bounds.pop()
        null = {"kind": "Literal", "value": None}
        return call("value.slice", value, *(self.read(bound, scope) if bound else dict(null) for bound in bounds))

    def _list(self, elements: Sequence[ast.expr], scope: Scope) -> Tree:
        runs: list[Tree] = []
        plain: list[Tree] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                runs += [list_of(plain)] if plain else []
                runs.append(self.read(element.value, scope))
                plain = []
            else:
                plain.append(self.read(element, scope))
        if not runs:
            return list_of(plain)
        return call("list.concat", *runs, *([list_of(plain)] if plain else []))

    def _dict(self, node: ast.Dict, scope: Scope) -> Tree:
        if not all(key is None or isinstance(key, ast.Constant) for key in node.keys):
            return self._pairs(node, scope)
        runs: list[Tree] = []
        plain: list[Tree] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                runs += [object_of(plain)] if plain else []
                runs.append(self.read(value, scope))
                plain = []
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                plain.append({"key": key.value, "value": self.read(value, scope)})
            else:
                self._context.refuse(key, 'a key is a text: {"key": value}')
        if not runs:
            return object_of(plain)
        return call("object.merge", *runs, *([object_of(plain)] if plain else []))

    def _pairs(self, node: ast.Dict, scope: Scope) -> Tree:
        """An object some of whose keys are computed."""
        pairs: list[Tree] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                return self._context.refuse(
                    node, "write {**data, **{key: value}}: computed keys in an object of their own"
                )
            pairs.append(list_of([self.read(key, scope), self.read(value, scope)]))
        return call("object.from_entries", list_of(pairs))

    def _template(self, node: ast.JoinedStr, scope: Scope) -> Tree:
        parts: list[str | Tree] = []
        for value in node.values:
            match value:
                case ast.Constant(value=str(text)):
                    parts.append(text)
                case ast.FormattedValue(value=inner, conversion=conversion) if conversion != -1:
                    self.read(inner, scope)
                    self._context.refuse(
                        value, f"write the value without !{chr(conversion)}; json.stringify(value) has quotation marks"
                    )
                case ast.FormattedValue(value=inner, format_spec=ast.expr()):
                    self.read(inner, scope)
                    self._context.refuse(
                        value,
                        "write the format as a call: {number.format(value, 2)}, {date.format(moment, pattern)}, "
                        "{text.ljust(length)} or {text.rjust(length)}",
                    )
                case ast.FormattedValue(value=inner):
                    parts.append(self.read(inner, scope))
        return template(parts)

    def list_comprehension(
        self, node: ast.expr, element: ast.expr, generators: list[ast.comprehension], scope: Scope
    ) -> Tree:
        """A list of an element for each item."""
        loop, inner = self._loop(node, generators, scope)
        return {"kind": "ListCompExpr", "element": self.read(element, inner), **loop}

    def _loop(self, node: ast.expr, generators: list[ast.comprehension], scope: Scope) -> tuple[Tree, Scope]:
        generator = generators[0]
        if len(generators) > 1:
            self._context.refuse(node, "a comprehension has one `for`; write a loop, or one comprehension in the other")
        if generator.is_async:
            self._context.refuse(generator.target, "write `for` without async")
        iterable, inner = self.sequence(generator.iter, scope), Scope(scope)
        names = self.targets(generator.target)
        for name in names:
            inner.declare(name)
        loop: Tree = {**loop_of(names), "iterable": iterable}
        cond: Tree | None = None
        for test in generator.ifs:
            read = self.read(test, inner)
            cond = read if cond is None else self._context.at(test, self._both(cond, read, ast.And()))
        return ({**loop, "cond": cond} if cond else loop), inner

    def targets(self, target: ast.expr) -> list[str]:
        """The names that a loop gives its items to."""
        elements = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        names: list[str] = []
        for element in elements:
            if not isinstance(element, ast.Name):
                self._context.refuse(element, "a loop gives its items to names: for a, b in items")
                continue
            if element.id in self._context.imported:
                self._context.refuse(element, taken(element.id))
            names.append(element.id)
        if isinstance(target, ast.Tuple | ast.List) and len(elements) < 2:
            self._context.refuse(target, "a loop takes its items apart into two names or more")
        return names


def taken(name: str) -> str:
    """The sentence about a variable that would hide what was imported."""
    return f"{name} is imported, and means its callables; call the variable otherwise"


def _effect_in(tree: Tree) -> str | None:
    """An effect that is called somewhere in an expression."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            callee = node.get("callee")
            if node.get("kind") == "CallExpr" and callee not in BUILTINS:
                return str(callee)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return None
