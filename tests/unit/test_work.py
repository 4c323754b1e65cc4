"""The work of a step is metered: what takes longer than a node is charged as more than one.

`LODOL_WORK=1 pytest tests/unit/test_work.py -n0 -s` tries pairs of arguments too, and prints how many seconds a step
takes that does nothing but the worst of each callable.
"""

import ast
import gc
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from pydantic import TypeAdapter

from domain.program import builtins, nodes, operators
from domain.program.builtins import BUILTINS
from domain.program.builtins.registry import Builtin
from domain.program.calls import LimitExceeded
from domain.program.checker import parse
from domain.program.expressions import Expressions, Running, Scope
from domain.program.failures import StepFailure
from domain.program.interpreter import run_step
from domain.program.limits import NODE_VISITS
from domain.program.measuring import Meter
from domain.program.values import ensure_storable
from tests.support.programs import let, literal, plus, program, var
from tests.support.worst_arguments import IS_THOROUGH, calls, values

MOST_TIMES_A_NODE = 40
"""The most that a visit may take, in times of what it takes in an ordinary loop. One that is not charged takes 100 and
more; on a machine with nothing else to do the worst takes 12, and a busy one may treat either as it likes.
"""

CAUGHT = 4
"""Nodes that it takes to catch a failure and go on, at least."""

EXPRESSION: TypeAdapter[nodes.Expression] = TypeAdapter(nodes.Expression)
LOOP = program(
    let("n", literal(0)),
    {
        "kind": "WhileStmt",
        "cond": {"kind": "BinaryExpr", "op": "<", "left": var("n"), "right": literal(4_000)},
        "body": {"kind": "AssignStmt", "name": "n", "value": plus(var("n"), literal(1))},
    },
)


class NoEffects:
    made = 0

    def call(self, _: Any) -> None:
        raise AssertionError


@pytest.fixture(scope="module", autouse=True)
def _no_garbage() -> Iterator[None]:
    """The values that are tried are many; the collector is not to look through them again and again."""
    values()
    gc.freeze()
    yield
    gc.unfreeze()


def _seconds_of_a_node() -> float:
    """What a visit takes in an ordinary loop, at this moment, on this machine."""
    loop, best = parse(LOOP), 1.0
    for _ in range(3):
        begun = process_time()
        outcome = run_step(loop, 1, {"n": 0}, NoEffects())
        best = min(best, (process_time() - begun) / outcome.visits)
    return best


def _seconds_of_a_visit(work: Callable[[], Any], meter: Meter, nodes_of_its_own: int, bound: float) -> float:
    """What a visit takes in some work, tried again where a busy machine may have made it look long."""
    best = 1.0
    for _ in range(5):
        meter.left, own = NODE_VISITS, nodes_of_its_own
        begun = process_time()
        try:
            work()
        except LimitExceeded:
            return 0.0
        except (ValueError, StepFailure):
            own += CAUGHT
        best = min(best, (process_time() - begun) / (NODE_VISITS - meter.left + own))
        if best < bound:
            break
    return best


def _are_values(arguments: tuple[Any, ...]) -> bool:
    try:
        for argument in arguments:
            ensure_storable(argument, "it")
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("builtin", BUILTINS.values(), ids=BUILTINS)
def test_the_work_of_a_callable_is_charged_whatever_it_is_given(builtin: Builtin) -> None:
    node = _seconds_of_a_node()
    meter, worst = Meter(), (0.0, "")
    for name, arguments in calls(builtin.signature):
        for argument in arguments:
            meter.measure(argument)
        work = partial(builtin.call, arguments, meter, "")
        worst = max(worst, (_seconds_of_a_visit(work, meter, 1 + len(arguments), 5 * node), name))

    if IS_THOROUGH:
        print(f"\n{builtin.signature.name}: {worst[0] * NODE_VISITS:.2f} s for a step, with {worst[1]}")
    assert worst[0] < MOST_TIMES_A_NODE * node, worst[1]


@pytest.mark.parametrize("op", operators.BINARY)
def test_the_work_of_an_operator_is_charged_whatever_its_operands_are(op: str) -> None:
    node, worst = _seconds_of_a_node(), (0.0, "")
    compiled = EXPRESSION.validate_python({"kind": "BinaryExpr", "op": op, "left": var("a"), "right": var("b")})
    tried = values().items()
    pairs = product(tried, tried) if IS_THOROUGH else ((one, one) for one in tried)
    numbers = [(name, value) for name, value in tried if name.startswith("number")]
    for (name, left), (other, right) in [*pairs, *product(numbers, numbers)]:
        meter, scope = Meter(), Scope()
        running = Running(NoEffects(), meter)
        running.declare(scope, "a", left)
        # An equal value that is another: to compare one with itself takes no time.
        running.declare(scope, "b", "".join(list(right)) if isinstance(right, str) else right)
        for operand in (left, right):
            meter.measure(operand)
        work = Expressions(running).compile(compiled, "", scope)
        worst = max(worst, (_seconds_of_a_visit(work, meter, 1, 5 * node), f"{name}, {other}"))

    assert worst[0] < MOST_TIMES_A_NODE * node, worst[1]


def test_the_examples_of_what_is_tried_are_values() -> None:
    assert [name for name, value in values().items() if not _are_values((value,))] == []


def test_a_pure_callable_is_evaluated_in_one_place_which_charges_for_it() -> None:
    """Nothing that runs a step calls its function itself."""
    language = Path(builtins.__file__).parents[1]
    found = [
        path.name
        for path in sorted(language.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "evaluate"
    ]

    assert found == ["registry.py"]
