"""Reads Python's statements as those of the language, or says what to write instead."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import count

from domain.program.python.context import Context, Tree
from domain.program.python.names import MODULE
from domain.program.python.reading_expressions import Expressions, taken
from domain.program.python.scopes import Scope, bound
from domain.program.python.shapes import body_of, loop_of

_INSTEAD: dict[type[ast.stmt], str] = {
    ast.FunctionDef: "a workflow is one function, without functions of its own",
    ast.AsyncFunctionDef: "a workflow is one function, without functions of its own",
    ast.ClassDef: "there are no classes",
    ast.Delete: "values never change; write object.without(data, [key]), or use another name",
    ast.TypeAlias: "there are no types",
    ast.AsyncFor: "write `for` without async",
    ast.AsyncWith: "write `with block():`",
    ast.Match: "write if, elif and else",
    ast.TryStar: "write `except Failure as error:`",
    ast.Assert: "write `if not …:` and `raise Failure(message)`",
    ast.Import: f"imports stand before the function, and come from {MODULE}",
    ast.ImportFrom: f"imports stand before the function, and come from {MODULE}",
    ast.Global: "there are no variables but those of the function",
    ast.Nonlocal: "there are no variables but those of the function",
}
"""What to write instead of what the language has not."""


class Statements:
    """Reads the statements of one source."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._expressions = Expressions(context)

    def read_all(self, body: Sequence[ast.stmt], scope: Scope) -> list[Tree]:
        """The statements of the program that a list of statements is."""
        return [tree for node in body if not isinstance(node, ast.Pass) for tree in self._read(node, scope)]

    def _body(self, body: Sequence[ast.stmt], outer: Scope, where: str, *names: str) -> Tree:
        """The body of a statement: one statement by itself, and any other number in a block."""
        scope = Scope(outer)
        for name in names:
            scope.declare(name)
        read = self.read_all(body, scope)
        scope.leave(where)
        tree = body_of(read)
        return tree if len(read) == 1 else self._context.at(body[0], tree)

    def _read(self, node: ast.stmt, scope: Scope) -> list[Tree]:
        with self._context.within(node) as may_be:
            if not may_be:
                return []
            read = self._assignment(node, scope) if isinstance(node, ast.Assign) else [self._statement(node, scope)]
        return [self._context.at(node, tree) for tree in read if tree]

    def _statement(self, node: ast.stmt, scope: Scope) -> Tree:
        read = self._expressions.read
        match node:
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._assign(target, read(value, scope), scope)
            case ast.AnnAssign(target=target):
                return self._refuse(target, "give it a value: name = None")
            case ast.AugAssign():
                return self._augment(node, scope)
            case ast.Expr(value=ast.Call(func=ast.Name(id="fail")) as call) if "fail" in self._context.imported:
                return self._message("FailStmt", call, "fail", scope)
            case ast.Expr(value=value):
                return {"kind": "ExprStmt", "expr": read(value, scope)}
            case ast.If():
                return self._if(node, scope)
            case ast.For():
                return self._for(node, scope)
            case ast.While():
                if node.orelse:
                    self._refuse(node.orelse[0], "a loop has no else; set a variable where it breaks")
                cond = read(node.test, scope)
                return {"kind": "WhileStmt", "cond": cond, "body": self._body(node.body, scope, "a loop")}
            case ast.Break():
                return {"kind": "BreakStmt"}
            case ast.Continue():
                return {"kind": "ContinueStmt"}
            case ast.Try():
                return self._try(node, scope)
            case ast.Return(value=value):
                return {"kind": "ReturnStmt", **({"value": read(value, scope)} if value else {})}
            case ast.Raise():
                return self._raise(node, scope)
            case ast.With():
                return self._block(node, scope)
            case _:
                return self._refuse(node, _INSTEAD.get(type(node), "the language has no such statement"))

    def _refuse(self, node: ast.AST, message: str) -> Tree:
        """Note a finding; no statement comes of what could not be read."""
        self._context.refuse(node, message)
        return {}

    def _assignment(self, node: ast.Assign, scope: Scope) -> list[Tree]:
        """What an assignment sets; one to several names is refused, and sets them: it is told here, and at no use."""
        value = self._expressions.read(node.value, scope)
        target, *others = node.targets
        if others:
            self._refuse(others[0], "write one assignment a line")
        elif isinstance(target, ast.Tuple | ast.List | ast.Starred):
            self._refuse(target, "write one assignment for each name: a = pair[0], and b = pair[1]")
        else:
            return [self._assign(target, value, scope)]
        names = [name for each in node.targets for name in bound(each)]
        several = [self._set(name, {"kind": "Literal", "value": None}, scope) for name in names]
        return [{"kind": "ExprStmt", "expr": value}, *several]

    def _set(self, name: str, value: Tree, scope: Scope) -> Tree:
        """The first assignment of a name declares it, and each after it sets it."""
        if scope.knows(name):
            return {"kind": "AssignStmt", "name": name, "value": value}
        scope.declare(name)
        return {"kind": "LetStmt", "name": name, "init": value}

    def _assign(self, target: ast.expr, value: Tree, scope: Scope) -> Tree:
        match target:
            case ast.Name(id=name):
                if name in self._context.imported:
                    self._refuse(target, taken(name))
                return self._set(name, value, scope)
            case ast.Attribute():
                return self._refuse(target, f'values never change; write `data = {{**data, "{target.attr}": value}}`')
            case _:
                return self._refuse(
                    target, "values never change; write `data = {**data, **{key: value}}`, or make the list anew"
                )

    def _augment(self, node: ast.AugAssign, scope: Scope) -> Tree:
        if not isinstance(node.target, ast.Name):
            return self._assign(node.target, {}, scope)
        target = self._expressions.read(ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target), scope)
        value = self._context.at(node, self._expressions.operation(node, target, scope))
        return {"kind": "AssignStmt", "name": node.target.id, "value": value} if scope.knows(node.target.id) else {}

    def _if(self, node: ast.If, scope: Scope) -> Tree:
        cond = self._expressions.read(node.test, scope)
        then = self._body(node.body, scope, "a branch")
        otherwise = {"elseBranch": self._body(node.orelse, scope, "a branch")} if node.orelse else {}
        return {"kind": "IfStmt", "cond": cond, "thenBranch": then, **otherwise}

    def _for(self, node: ast.For, scope: Scope) -> Tree:
        if node.orelse:
            self._refuse(node.orelse[0], "a loop has no else; set a variable where it breaks")
        iterable = self._expressions.sequence(node.iter, scope)
        names = self._expressions.targets(node.target)
        for name in names:
            if scope.knows(name) and name not in self._context.imported:
                self._refuse(node.target, f"{name} is a variable already; give the loop one of its own")
        body = self._body(node.body, scope, "a loop", *names)
        return {"kind": "ForEachStmt", **loop_of(names), "iterable": iterable, "body": body}

    def _try(self, node: ast.Try, scope: Scope) -> Tree:
        if node.finalbody:
            self._refuse(
                node.finalbody[0], "there is no finally; write its statements after the try, which goes on there"
            )
        if node.orelse:
            self._refuse(node.orelse[0], "a try has no else; write its statements at the end of the try")
        body = self._body(node.body, scope, "a try")
        if not node.handlers:
            return {}
        handler, *others = node.handlers
        if others:
            self._refuse(others[0], "a try has one except, which catches every failure")
        if not isinstance(handler.type, ast.Name) or handler.type.id not in {"Exception", "Failure"}:
            self._refuse(handler.type or handler, "every failure is caught: write `except Failure as error:`")
        elif handler.type.id == "Failure" and "Failure" not in self._context.imported:
            self._refuse(handler.type, f"Failure is not imported: from {MODULE} import Failure")
        if handler.name is None:
            name, inner = self._unused(scope), Scope(scope)
            inner.unnamed |= {name}
            caught = self._body(handler.body, inner, "an except")
        else:
            name = handler.name
            if name in self._context.imported:
                self._refuse(handler, taken(name))
            elif scope.knows(name):
                self._refuse(handler, f"{name} is a variable already; give the failure a name of its own")
            caught = self._body(handler.body, scope, "an except", name)
        return {"kind": "TryStmt", "body": body, "name": name, "handler": caught}

    def _unused(self, scope: Scope) -> str:
        """A name for a failure that nobody looks at."""
        candidates = ("_" * length for length in count(1))
        return next(name for name in candidates if name not in scope.unnamed | self._context.bound)

    def _raise(self, node: ast.Raise, scope: Scope) -> Tree:
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id="Failure" | "Exception" as name)) as call, cause=None):
                if name == "Failure" and name not in self._context.imported:
                    return self._refuse(call.func, f"Failure is not imported: from {MODULE} import Failure")
                return self._message("ThrowStmt", call, name, scope)
            case ast.Raise(exc=None):
                return self._refuse(node, "write `raise Failure(error.message)`")
            case _:
                return self._refuse(node, "what is raised is a message: raise Failure(message)")

    def _message(self, kind: str, call: ast.Call, name: str, scope: Scope) -> Tree:
        if len(call.args) != 1 or call.keywords:
            return self._refuse(call, f"{name}(message) takes one argument")
        return {"kind": kind, "message": self._expressions.read(call.args[0], scope)}

    def _block(self, node: ast.With, scope: Scope) -> Tree:
        match node.items:
            case [
                ast.withitem(context_expr=ast.Call(func=ast.Name(id="block"), args=[], keywords=[]), optional_vars=None)
            ]:
                if "block" not in self._context.imported:
                    return self._refuse(node, f"block is not imported: from {MODULE} import block")
                inner = Scope(scope)
                body = self.read_all(node.body, inner)
                inner.leave("a block")
                return {"kind": "BlockStmt", "body": body}
            case _:
                return self._refuse(node, "there is nothing to open or close; `with block():` makes a scope of its own")
