"""What comes after a slice, in the words that the state machine reads."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.engine.next import CONTINUE, DONE, Next

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("following", "output"),
    [
        (CONTINUE, {"action": "continue"}),
        (DONE, {"action": "done"}),
        (Next("wait", later(60)), {"action": "wait", "until": "2026-01-15T10:31:00Z"}),
        (
            Next("wait", datetime(2026, 1, 15, 12, 31, tzinfo=timezone(timedelta(hours=2)))),
            {"action": "wait", "until": "2026-01-15T10:31:00Z"},
        ),
        (Next("await", later(60)), {"action": "await", "seconds": 60}),
        (Next("await", later(1.2)), {"action": "await", "seconds": 2}),
        (Next("await", later(0.2)), {"action": "await", "seconds": 1}),
        (Next("await", later(-5)), {"action": "await", "seconds": 1}),
    ],
)
def test_it_is_read_by_the_state_machine(following: Next, output: dict[str, str | int]) -> None:
    assert following.output(NOW) == output


@pytest.mark.parametrize(
    ("following", "bounded"),
    [
        (CONTINUE, CONTINUE),
        (Next("wait", later(5)), Next("wait", later(5))),
        (Next("wait", later(50)), Next("wait", later(10))),
        (Next("await"), Next("await", later(10))),
        (Next("await", later(5)), Next("await", later(5))),
    ],
)
def test_no_wait_is_longer_than_its_execution_may_last(following: Next, bounded: Next) -> None:
    assert following.no_later_than(later(10)) == bounded
