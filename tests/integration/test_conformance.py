"""The conformance suite, in one piece, in slices, and with a crash after every commit."""

from typing import Any

import pytest

from domain.aws.state_machine import StateMachine
from domain.aws.table import Table
from domain.callables import SIGNATURES
from domain.program import checker
from tests.support.conformance import cases, run, store

ALL = cases()
RUNNING = [case for case in ALL if "findings" not in case]
REJECTED = [case for case in ALL if "findings" in case]


def test_the_suite_has_at_least_150_programs() -> None:
    assert len(ALL) >= 150
    assert len({case["id"] for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case["id"])
def test_every_finding_is_told_at_once(case: Any) -> None:
    found = checker.check(case["program"], SIGNATURES)

    assert [{"path": finding.path, "message": finding.message} for finding in found] == case["findings"]


@pytest.mark.parametrize("case", RUNNING, ids=lambda case: case["id"])
def test_the_program_does_what_the_suite_says(
    case: Any, dynamodb: Any, table: Table, unreachable_machine: StateMachine
) -> None:
    expected = ("failed" if "error" in case else "success", case.get("error"), case["results"])

    stored = store(table, case["program"], runs=100)
    whole = run(dynamodb, unreachable_machine, case, stored)
    assert whole.outcome == expected

    assert run(dynamodb, unreachable_machine, case, stored, slice_seconds=0).outcome == expected

    for commit in range(1, whole.commits + 1):
        crashed = run(dynamodb, unreachable_machine, case, stored, kill_after=commit)
        assert crashed.outcome == expected
        # A crash right after a commit repeats no effect that the commit holds.
        assert crashed.world.attempts == whole.world.attempts
