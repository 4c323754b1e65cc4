"""Statements, compiled to functions that answer with how control leaves them."""

from collections.abc import Callable
from enum import Enum

from domain.program import nodes
from domain.program.expressions import Expressions, Running, Scope, looped
from domain.program.failures import StepFailure
from domain.program.marks import Marks, Way
from domain.program.values import Value, is_truthy, text_of


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

    def __init__(self, running: Running, marks: Marks) -> None:
        self._running = running
        self._marks = marks
        self._expressions = Expressions(running)

    def compile(self, node: nodes.Statement, at: str, scope: Scope, way: Way = ()) -> Execute:
        """Make the function that runs a statement, leaving its value in `running.last`; `way` leads to it."""
        execute = self._compile(node, at, scope, way)
        running, meter = self._running, self._running.meter

        def visit() -> Leaves | None:
            # On the way back to a bookmark nothing is visited that was not visited before.
            if not running.resuming:
                meter.charge(1, at)
            return execute()

        return visit

    def _compile(self, node: nodes.Statement, at: str, scope: Scope, way: Way) -> Execute:
        match node:
            case nodes.LetStmt():
                return self._let(node, at, scope)
            case nodes.AssignStmt():
                return self._assign(node, at, scope)
            case nodes.ExprStmt(expr=expr):
                return self._keep(self._expressions.compile(expr, f"{at}.expr", scope))
            case nodes.IfStmt():
                return self._if(node, at, scope, way)
            case nodes.BlockStmt(body=body):
                return self._block(body, at, Scope(scope), way)
            case nodes.ForEachStmt():
                return self._for_each(node, at, Scope(scope), way)
            case nodes.WhileStmt():
                return self._while(node, at, scope, way)
            case nodes.BreakStmt():
                return self._leave(Leaves.BREAK)
            case nodes.ContinueStmt():
                return self._leave(Leaves.CONTINUE)
            case nodes.TryStmt():
                return self._try(node, at, scope, way)
            case nodes.ReturnStmt(value=value):
                keep = self._keep(self._optional(value, f"{at}.value", scope))
                return lambda: keep() or Leaves.RETURN
            case nodes.FailStmt(message=message):
                return self._fail(self._expressions.compile(message, f"{at}.message", scope), at)
            case nodes.ThrowStmt(message=message):
                return self._throw(self._expressions.compile(message, f"{at}.message", scope), at)

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

    def _if(self, node: nodes.IfStmt, at: str, scope: Scope, way: Way) -> Execute:
        running, resuming = self._running, self._running.resuming
        cond = self._expressions.compile(node.cond, f"{at}.cond", scope)
        # A branch that declares without a block does so for itself alone: the other may not have run.
        then = self.compile(node.thenBranch, f"{at}.thenBranch", Scope(scope), (*way, (at, 0)))
        otherwise: Execute | None = None
        if node.elseBranch:
            otherwise = self.compile(node.elseBranch, f"{at}.elseBranch", Scope(scope), (*way, (at, 1)))
        branches = (then, otherwise)

        def execute() -> Leaves | None:
            if resuming:
                branch = branches[resuming[at]]
            else:
                branch = branches[0 if is_truthy(cond()) else 1]
                running.last = None
            return branch() if branch else None

        return execute

    def _block(self, body: list[nodes.Statement], at: str, scope: Scope, way: Way) -> Execute:
        running, resuming = self._running, self._running.resuming
        statements = [self.compile(node, f"{at}.body[{i}]", scope, (*way, (at, i))) for i, node in enumerate(body)]

        def execute() -> Leaves | None:
            first = resuming[at] if resuming else 0
            if not resuming:
                running.last = None
            for statement in statements[first:]:
                if leaves := statement():
                    return leaves
            return None

        return execute

    def _for_each(self, node: nodes.ForEachStmt, at: str, scope: Scope, way: Way) -> Execute:
        running, resuming, rounds = self._running, self._running.resuming, self._running.rounds
        iterable = self._expressions.compile(node.iterable, f"{at}.iterable", scope)
        targets = [running.declare(scope, name) for name in (node.name, *node.others)]
        way = (*way, (at, 0))
        body = self.compile(node.body, f"{at}.body", Scope(scope), way)
        marks = self._marks
        marks.know_loop(at, way)

        def begin() -> tuple[list[Value], int]:
            items = looped(iterable(), f"{at}.iterable")
            running.last = None
            return items, 0

        def execute() -> Leaves | None:
            items, first = rounds[at] if resuming else begin()
            for position in range(first, len(items)):
                rounds[at] = (items, position)
                if marks.begin_round(at):
                    running.bind(targets, items[position], f"{at}.iterable")
                leaves = body()
                if leaves is Leaves.BREAK:
                    break
                if leaves is Leaves.RETURN:
                    return leaves
            return None

        return execute

    def _while(self, node: nodes.WhileStmt, at: str, scope: Scope, way: Way) -> Execute:
        running, resuming = self._running, self._running.resuming
        cond = self._expressions.compile(node.cond, f"{at}.cond", scope)
        way = (*way, (at, 0))
        body = self.compile(node.body, f"{at}.body", Scope(scope), way)
        marks = self._marks
        marks.know_loop(at, way)

        def execute() -> Leaves | None:
            if not resuming:
                running.last = None
            while not marks.begin_round(at) or is_truthy(cond()):
                leaves = body()
                if leaves is Leaves.BREAK:
                    break
                if leaves is Leaves.RETURN:
                    return leaves
            return None

        return execute

    def _try(self, node: nodes.TryStmt, at: str, scope: Scope, way: Way) -> Execute:
        running, slots, resuming = self._running, self._running.slots, self._running.resuming
        meter = running.meter
        body = self.compile(node.body, f"{at}.body", Scope(scope), (*way, (at, 0)))
        inside = Scope(scope)
        slot = running.declare(inside, node.name)
        handler = self.compile(node.handler, f"{at}.handler", Scope(inside), (*way, (at, 1)))

        def execute() -> Leaves | None:
            if resuming and resuming[at]:
                return handler()
            try:
                return body()
            except StepFailure as failure:
                try:
                    slots[slot] = meter.accept(failure.caught(), at)
                except ValueError as error:
                    raise StepFailure(at, str(error)) from None
            running.last = None
            return handler()

        return execute

    def _fail(self, message: Callable[[], Value], at: str) -> Execute:
        meter = self._running.meter

        def execute() -> None:
            raise ProgramFailed(text_of(meter.read(message(), at)))

        return execute

    def _throw(self, message: Callable[[], Value], at: str) -> Execute:
        meter = self._running.meter

        def execute() -> None:
            raise StepFailure(at, text_of(meter.read(message(), at)))

        return execute
