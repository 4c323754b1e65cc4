"""The checker and its models tell what can be from what cannot."""

import math

from tests.support.linearizability import Operation, is_linearizable
from tests.support.models import Execution, Workspace, execution, workspace

NEVER = math.inf


def _of_execution(*operations: Operation) -> bool:
    return is_linearizable(operations, Execution(), execution)


def _of_workspace(*operations: Operation, credits: int = 1, limit: int = 1) -> bool:
    return is_linearizable(operations, Workspace(credits, limit), workspace)


RUN = Operation(("run",), "admitted", 0, 1)


def test_what_overlaps_may_take_effect_in_either_order() -> None:
    assert _of_execution(RUN, Operation(("run",), "replayed", 0.5, 0.9))
    assert not _of_execution(RUN, Operation(("run",), "replayed", -2, -1))


def test_nothing_is_admitted_twice() -> None:
    assert not _of_execution(RUN, Operation(("run",), "admitted", 0.5, 2))
    assert not _of_workspace(
        Operation(("run", "a"), "admitted", 0, 9), Operation(("run", "b"), "admitted", 1, 8), limit=2
    )
    assert not _of_workspace(
        Operation(("run", "a"), "admitted", 0, 9), Operation(("run", "b"), "admitted", 1, 8), credits=2
    )


def test_what_has_ended_stays_as_it_was() -> None:
    stop = Operation(("stop", "k"), "stopped", 2, 3)
    assert _of_execution(
        RUN, stop, Operation(("poll",), ("stopped", 1), 4, 5), Operation(("poll",), ("stopped", 1), 6, 7)
    )
    assert not _of_execution(
        RUN, stop, Operation(("poll",), ("stopped", 1), 4, 5), Operation(("poll",), ("stopped", 2), 6, 7)
    )
    assert not _of_execution(RUN, stop, Operation(("poll",), ("running", 1), 4, 5))
    assert not _of_execution(RUN, stop, Operation(("poll",), ("success", 1), 4, 5))
    assert not _of_execution(RUN, stop, Operation(("stop", "l"), "stopped", 4, 5))


def test_steps_never_come_undone() -> None:
    assert not _of_execution(
        RUN, Operation(("poll",), ("running", 2), 2, 3), Operation(("poll",), ("running", 1), 4, 5)
    )


def test_what_was_not_answered_may_have_happened_at_any_time_or_never() -> None:
    lost = Operation(("run", "a"), None, 0, NEVER)
    assert _of_workspace(lost, Operation(("run", "a"), "admitted", 1, 2))
    assert _of_workspace(lost, Operation(("run", "a"), "replayed", 1, 2))
    assert _of_workspace(lost, Operation(("run", "b"), "no credits", 1, 2))
    assert not _of_workspace(lost, Operation(("run", "b"), "no credits", -2, -1))


def test_balance_and_slots_are_what_the_answers_say() -> None:
    run, stop = Operation(("run", "a"), "admitted", 0, 1), Operation(("stop", "a"), "stopped", 2, 3)
    assert _of_workspace(run, stop, Operation(("read",), (0, frozenset()), 4, 5))
    assert not _of_workspace(run, stop, Operation(("read",), (0, frozenset({"a"})), 4, 5))
    assert not _of_workspace(run, Operation(("read",), (1, frozenset({"a"})), 4, 5))
