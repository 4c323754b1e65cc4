"""Runs one step of a program. Deterministic: no clock, no chance, no I/O; all of that goes through its effects."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.program.bookmarks import Bookmark
from domain.program.calls import Effects, LimitExceeded, Suspended
from domain.program.expressions import Running, Scope
from domain.program.failures import StepFailure
from domain.program.marks import Marks
from domain.program.measuring import Meter
from domain.program.nodes import Program
from domain.program.statements import Leaves, ProgramFailed, Statements
from domain.program.values import Value


@dataclass(frozen=True, slots=True)
class Completed:
    """The step came to its end; the program goes on."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The step ended the execution with success."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The step failed, and with it the execution: why, and at which node, which a `FailStmt` does not say."""

    message: str
    at: str | None = None


type Ending = Completed | Returned | Failed


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What a step came to: its result, the variables it declared or set to another value, its ending, and how many
    nodes it has visited for that, since its start or its bookmark.
    """

    result: Value
    changes: Mapping[str, Value]
    ending: Ending
    visits: int = 0


def run_step(
    program: Program, index: int, variables: Mapping[str, Value], effects: Effects, bookmark: Bookmark | None = None
) -> StepOutcome:
    """Run the statement at `index` of a program's body on the variables of the steps before it.

    `Suspended` passes through, with the bookmark of the last round of a loop: the step is then run again from its start
    or from there, `effects` having made as many calls as the bookmark says. A failed step changes nothing.
    """
    running = Running(effects, Meter())
    scope = Scope()
    for name, value in variables.items():
        running.declare(scope, name, value)
    marks = Marks(running, variables)
    execute = Statements(running, marks).compile(program.body[index], f"body[{index}]", scope)
    if bookmark:
        marks.go_to(bookmark)
    left = running.meter.left
    try:
        leaves = execute()
    except ProgramFailed as failure:
        return StepOutcome(None, {}, Failed(str(failure)), left - running.meter.left)
    except (StepFailure, LimitExceeded) as failure:
        return StepOutcome(None, {}, Failed(str(failure), failure.at), left - running.meter.left)
    except Suspended as suspended:
        suspended.bookmark, suspended.visits = marks.latest(), left - running.meter.left
        raise
    changes = {
        name: running.slots[slot]
        for name, slot in scope.slots.items()
        if name not in variables or running.slots[slot] is not variables[name]
    }
    ending = Returned() if leaves is Leaves.RETURN else Completed()
    return StepOutcome(running.last, changes, ending, left - running.meter.left)
