"""Statements, compiled to functions that answer with how control leaves them."""

from collections.abc import Callable
from enum import Enum

from domain.program import nodes
from domain.program.expressions import Expressions, Running, Scope
from domain.program.failures import StepFailure
from domain.program.values import Value, is_truthy, kind_of, text_of


class Leaves(Enum):
    """How control leaves a statement other than towards the next one."""

    BREAK = "break"
    CONTINUE = "continue"
    RETURN = "return"


class ProgramFailed(Exception):
    """A `FailStmt` ended the execution; no `TryStmt` catches that."""


type Execute = Callable[[], Leaves | None]


class Statements:
    """Compiles statements of one step."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._expressions = Expressions(running)

    def compile(self, node: nodes.Statement, at: str, scope: Scope) -> Execute:
        """Make the function that runs a statement, leaving its value in `running.last`."""
        execute = self._compile(node, at, scope)
        meter = self._running.meter

        def visit() -> Leaves | None:
            meter.charge(1, at)
            return execute()

        return visit

    def _compile(self, node: nodes.Statement, at: str, scope: Scope) -> Execute:
        match node:
            case nodes.LetStmt():
                return self._let(node, at, scope)
            case nodes.AssignStmt():
                return self._assign(node, at, scope)
            case nodes.ExprStmt(expr=expr):
                return self._keep(self._expressions.compile(expr, f"{at}.expr", scope))
            case nodes.IfStmt():
                return self._if(node, at, scope)
            case nodes.BlockStmt(body=body):
                return self._block(body, at, Scope(scope))
            case nodes.ForEachStmt():
                return self._for_each(node, at, Scope(scope))
            case nodes.WhileStmt():
                return self._while(node, at, scope)
            case nodes.BreakStmt():
                return self._leave(Leaves.BREAK)
            case nodes.ContinueStmt():
                return self._leave(Leaves.CONTINUE)
            case nodes.TryStmt():
                return self._try(node, at, scope)
            case nodes.ReturnStmt(value=value):
                keep = self._keep(self._optional(value, f"{at}.value", scope))
                return lambda: keep() or Leaves.RETURN
            case nodes.FailStmt(message=message):
                return self._fail(self._expressions.compile(message, f"{at}.message", scope))

    def _leave(self, leaves: Leaves) -> Execute:
        running = self._running

        def execute() -> Leaves:
            running.last = None
            return leaves

        return execute

    def _optional(self, node: nodes.Expression | None, at: str, scope: Scope) -> Callable[[], Value]:
        return self._expressions.compile(node, at, scope) if node is not None else lambda: None

    def _keep(self, evaluate: Callable[[], Value]) -> Execute:
        running = self._running

        def execute() -> None:
            running.last = evaluate()

        return execute

    def _let(self, node: nodes.LetStmt, at: str, scope: Scope) -> Execute:
        init = self._optional(node.init, f"{at}.init", scope)
        return self._store(self._running.declare(scope, node.name), init)

    def _assign(self, node: nodes.AssignStmt, at: str, scope: Scope) -> Execute:
        value = self._expressions.compile(node.value, f"{at}.value", scope)
        slot = scope.slot(node.name)

        def undeclared() -> None:
            raise StepFailure(at, f"the variable {node.name} was never declared")

        return undeclared if slot is None else self._store(slot, value)

    def _store(self, slot: int, evaluate: Callable[[], Value]) -> Execute:
        running, slots = self._running, self._running.slots

        def execute() -> None:
            slots[slot] = running.last = evaluate()

        return execute

    def _if(self, node: nodes.IfStmt, at: str, scope: Scope) -> Execute:
        running = self._running
        cond = self._expressions.compile(node.cond, f"{at}.cond", scope)
        # A branch that declares without a block does so for itself alone: the other may not have run.
        then = self.compile(node.thenBranch, f"{at}.thenBranch", Scope(scope))
        otherwise = self.compile(node.elseBranch, f"{at}.elseBranch", Scope(scope)) if node.elseBranch else None

        def execute() -> Leaves | None:
            branch = then if is_truthy(cond()) else otherwise
            running.last = None
            return branch() if branch else None

        return execute

    def _block(self, body: list[nodes.Statement], at: str, scope: Scope) -> Execute:
        running = self._running
        statements = [self.compile(node, f"{at}.body[{i}]", scope) for i, node in enumerate(body)]

        def execute() -> Leaves | None:
            running.last = None
            for statement in statements:
                if leaves := statement():
                    return leaves
            return None

        return execute

    def _for_each(self, node: nodes.ForEachStmt, at: str, scope: Scope) -> Execute:
        running, slots = self._running, self._running.slots
        iterable = self._expressions.compile(node.iterable, f"{at}.iterable", scope)
        slot = running.declare(scope, node.name)
        body = self.compile(node.body, f"{at}.body", Scope(scope))

        def execute() -> Leaves | None:
            items = iterable()
            if not isinstance(items, list):
                raise StepFailure(f"{at}.iterable", f"cannot loop over {kind_of(items)}, only over a list")
            running.last = None
            for item in items:
                slots[slot] = item
                leaves = body()
                if leaves is Leaves.BREAK:
                    break
                if leaves is Leaves.RETURN:
                    return leaves
            return None

        return execute

    def _while(self, node: nodes.WhileStmt, at: str, scope: Scope) -> Execute:
        running = self._running
        cond = self._expressions.compile(node.cond, f"{at}.cond", scope)
        body = self.compile(node.body, f"{at}.body", Scope(scope))

        def execute() -> Leaves | None:
            running.last = None
            while is_truthy(cond()):
                leaves = body()
                if leaves is Leaves.BREAK:
                    break
                if leaves is Leaves.RETURN:
                    return leaves
            return None

        return execute

    def _try(self, node: nodes.TryStmt, at: str, scope: Scope) -> Execute:
        slots = self._running.slots
        body = self.compile(node.body, f"{at}.body", Scope(scope))
        inside = Scope(scope)
        slot = self._running.declare(inside, node.name)
        handler = self.compile(node.handler, f"{at}.handler", Scope(inside))

        def execute() -> Leaves | None:
            try:
                return body()
            except StepFailure as failure:
                slots[slot] = failure.caught()
            self._running.last = None
            return handler()

        return execute

    def _fail(self, message: Callable[[], Value]) -> Execute:
        def execute() -> None:
            raise ProgramFailed(text_of(message()))

        return execute
