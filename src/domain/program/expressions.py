"""Expressions, compiled to functions: compiling a node once costs less than looking at it a million times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from domain.program import nodes, operators
from domain.program.builtins import BUILTINS
from domain.program.calls import Call, CallFailed, Effects
from domain.program.failures import StepFailure
from domain.program.limits import VALUE_BYTES
from domain.program.measuring import Meter, too_large
from domain.program.values import Value, is_truthy, kind_of, text_of

type Evaluate = Callable[[], Value]


class Scope:
    """The variables that a piece of program sees, each by the number of its slot."""

    def __init__(self, outer: Scope | None = None) -> None:
        self._outer = outer
        self.slots: dict[str, int] = {}

    def slot(self, name: str) -> int | None:
        """The slot of a variable, of the innermost scope that declares it."""
        if name in self.slots:
            return self.slots[name]
        return self._outer.slot(name) if self._outer else None


@dataclass(slots=True)
class Running:
    """A step as it runs: its variables by slot, its meter, its effects, and the value of its last statement."""

    effects: Effects
    meter: Meter
    slots: list[Value] = field(default_factory=list)
    last: Value = None
    rounds: dict[str, tuple[list[Value], int]] = field(default_factory=dict)
    """Of each loop over a list, by its path, the list and the position in it."""
    resuming: dict[str, int] = field(default_factory=dict)
    """While a step finds its way back to a bookmark: which way to take at each statement on it, by its path."""

    def declare(self, scope: Scope, name: str, value: Value = None) -> int:
        """Give a new variable a slot."""
        scope.slots[name] = len(self.slots)
        self.slots.append(value)
        return scope.slots[name]

    def bind(self, targets: list[int], item: Value, at: str) -> None:
        """Give the variables of a loop, by their slots, the values of a round."""
        if len(targets) == 1:
            self.slots[targets[0]] = item
            return
        if not isinstance(item, list) or len(item) != len(targets):
            what = f"a list of {len(item)}" if isinstance(item, list) else kind_of(item)
            raise StepFailure(at, f"each item must be a list of {len(targets)}, and one is {what}")
        for slot, part in zip(targets, item, strict=True):
            self.slots[slot] = part


def looped(value: Value, at: str) -> list[Value]:
    """The list that a loop goes over."""
    if isinstance(value, list):
        return value
    raise StepFailure(at, f"cannot loop over {kind_of(value)}, only over a list")


class Expressions:
    """Compiles expressions of one step."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._meter = running.meter

    def compile(self, node: nodes.Expression, at: str, scope: Scope) -> Evaluate:
        """Make the function that evaluates a node; it raises `StepFailure` with the node's path."""
        match node:
            case nodes.LiteralExpr(value=value):
                return self._constant(value, at)
            case nodes.VarRef(name=name):
                return self._variable(name, at, scope)
            case nodes.BinaryExpr(op="&&" | "||" | "??"):
                return self._short_circuit(node, at, scope)
            case nodes.BinaryExpr():
                return self._binary(node, at, scope)
            case nodes.UnaryExpr(op=op, operand=operand):
                inner = self.compile(operand, f"{at}.operand", scope)
                apply = operators.negate if op == "-" else lambda value: not is_truthy(value)
                return self._guarded(at, lambda: apply(inner()))
            case nodes.CallExpr():
                return self._call(node, at, scope)
            case nodes.MemberExpr(object=of, property=name):
                inner = self.compile(of, f"{at}.object", scope)
                return self._guarded(at, lambda: operators.member(inner(), name))
            case nodes.IndexExpr(object=of, index=index):
                inner, by = self.compile(of, f"{at}.object", scope), self.compile(index, f"{at}.index", scope)
                return self._guarded(at, lambda: operators.item(inner(), by()))
            case nodes.CondExpr(cond=cond, then=then, otherwise=otherwise):
                test = self.compile(cond, f"{at}.cond", scope)
                yes, no = self.compile(then, f"{at}.then", scope), self.compile(otherwise, f"{at}.else", scope)
                return self._guarded(at, lambda: yes() if is_truthy(test()) else no())
            case nodes.ArrayExpr(elements=elements):
                items = [self.compile(item, f"{at}.elements[{i}]", scope) for i, item in enumerate(elements)]
                return self._made(at, lambda: [item() for item in items])
            case nodes.ObjectExpr(properties=properties):
                fields = [
                    (property_.key, self.compile(property_.value, f"{at}.properties[{i}].value", scope))
                    for i, property_ in enumerate(properties)
                ]
                return self._made(at, lambda: {key: value() for key, value in fields})
            case nodes.TemplateExpr():
                return self._template(node, at, scope)
            case nodes.ListCompExpr():
                return self._list_of(node, at, scope)
            case nodes.DictCompExpr():
                return self._object_of(node, at, scope)

    def _constant(self, value: Value, at: str) -> Evaluate:
        meter = self._meter

        def evaluate() -> Value:
            meter.charge(1, at)
            return value

        return evaluate

    def _variable(self, name: str, at: str, scope: Scope) -> Evaluate:
        meter, slots, slot = self._meter, self._running.slots, scope.slot(name)

        def undeclared() -> Value:
            raise StepFailure(at, f"the variable {name} was never declared")

        if slot is None:
            return undeclared

        def evaluate() -> Value:
            meter.charge(1, at)
            return slots[slot]

        return evaluate

    def _guarded(self, at: str, compute: Evaluate) -> Evaluate:
        """Count the visit, and let what the node cannot do fail the step at its path."""
        meter = self._meter

        def evaluate() -> Value:
            meter.charge(1, at)
            try:
                return compute()
            except ValueError as error:
                raise StepFailure(at, str(error)) from None

        return evaluate

    def _made(self, at: str, compute: Evaluate) -> Evaluate:
        """As `_guarded`, for nodes that make new values, which must not be over the limits."""
        meter = self._meter
        return self._guarded(at, lambda: meter.accept(compute(), at))

    def _binary(self, node: nodes.BinaryExpr, at: str, scope: Scope) -> Evaluate:
        left = self.compile(node.left, f"{at}.left", scope)
        right = self.compile(node.right, f"{at}.right", scope)
        apply = operators.BINARY[node.op]
        meter = self._meter
        if node.op not in operators.COMPARISONS:
            return self._made(at, lambda: apply(left(), right()))

        def compare() -> Value:
            one, other = left(), right()
            meter.compare(one, other, at)
            return apply(one, other)

        return self._guarded(at, compare)

    def _short_circuit(self, node: nodes.BinaryExpr, at: str, scope: Scope) -> Evaluate:
        left = self.compile(node.left, f"{at}.left", scope)
        right = self.compile(node.right, f"{at}.right", scope)
        decided: Callable[[Value], bool] = {
            "&&": lambda value: not is_truthy(value),
            "||": is_truthy,
            "??": lambda value: value is not None,
        }[node.op]

        def compute() -> Value:
            value = left()
            return value if decided(value) else right()

        return self._guarded(at, compute)

    def _template(self, node: nodes.TemplateExpr, at: str, scope: Scope) -> Evaluate:
        parts: list[Evaluate] = [
            self._constant(part, f"{at}.parts[{i}]")
            if isinstance(part, str)
            else self.compile(part, f"{at}.parts[{i}]", scope)
            for i, part in enumerate(node.parts)
        ]
        meter = self._meter

        def compute() -> Value:
            texts: list[str] = []
            size = 0
            for part in parts:
                texts.append(text_of(meter.read(part(), at)))
                size += len(texts[-1])
                if size > VALUE_BYTES:
                    raise too_large()
            return "".join(texts)

        return self._made(at, compute)

    def _list_of(self, node: nodes.ListCompExpr, at: str, scope: Scope) -> Evaluate:
        inner, rounds = self._rounds(node, at, scope)
        element = self.compile(node.element, f"{at}.element", inner)
        meter = self._meter

        def compute() -> Value:
            made: list[Value] = []
            size = 0
            for _ in rounds():
                value = element()
                size += 1 + meter.least(value)
                if size > VALUE_BYTES:
                    raise too_large()
                made.append(value)
            return made

        return self._made(at, compute)

    def _object_of(self, node: nodes.DictCompExpr, at: str, scope: Scope) -> Evaluate:
        inner, rounds = self._rounds(node, at, scope)
        key = self.compile(node.key, f"{at}.key", inner)
        value = self.compile(node.value, f"{at}.value", inner)
        meter = self._meter

        def compute() -> Value:
            made: dict[str, Value] = {}
            sizes: dict[str, int] = {}
            size = 0
            for _ in rounds():
                name = key()
                if not isinstance(name, str):
                    raise StepFailure(f"{at}.key", f"a key must be a string, not {kind_of(name)}")
                made[name] = value()
                size -= sizes.get(name, 0)
                sizes[name] = 1 + len(name) + meter.least(made[name])
                size += sizes[name]
                if size > VALUE_BYTES:
                    raise too_large()
            return made

        return self._made(at, compute)

    def _rounds(
        self, node: nodes.ListCompExpr | nodes.DictCompExpr, at: str, scope: Scope
    ) -> tuple[Scope, Callable[[], Iterator[None]]]:
        """The scope of a comprehension's variables, and what goes through the rounds whose condition holds."""
        meter, inner = self._meter, Scope(scope)
        iterable = self.compile(node.iterable, f"{at}.iterable", scope)
        running = self._running
        targets = [running.declare(inner, name) for name in (node.name, *node.others)]
        cond = self.compile(node.cond, f"{at}.cond", inner) if node.cond else None

        def rounds() -> Iterator[None]:
            try:
                for item in looped(iterable(), f"{at}.iterable"):
                    meter.charge(1, at)
                    running.bind(targets, item, f"{at}.iterable")
                    if cond is None or is_truthy(cond()):
                        yield
            finally:
                # A bookmark holds every variable, and of these nobody needs the last values.
                for slot in targets:
                    running.slots[slot] = None

        return inner, rounds

    def _call(self, node: nodes.CallExpr, at: str, scope: Scope) -> Evaluate:
        callee = node.callee
        args = [self.compile(arg, f"{at}.args[{i}]", scope) for i, arg in enumerate(node.args)]
        meter, effects, builtin = self._meter, self._running.effects, BUILTINS.get(callee)

        def evaluate() -> Value:
            meter.charge(1, at)
            values = [arg() for arg in args]
            try:
                if builtin is not None:
                    return builtin.call(values, meter, at)
                for value in values:
                    meter.read(value, at)
                return meter.read(effects.call(Call(callee, tuple(values), at)), at)
            except (ValueError, CallFailed) as error:
                raise StepFailure(at, str(error), callee) from None

        return evaluate
