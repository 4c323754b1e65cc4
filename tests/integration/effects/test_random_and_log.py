"""`random.*` and `log.*`: chance within its bounds, and lines in the execution's own log, each once."""

import logging
import secrets
from uuid import UUID

import pytest

from domain.callables import EFFECTS
from domain.callables.effect import CallContext, Logged, Outcome
from domain.program.values import Value
from tests.integration.effects.conftest import Run
from tests.support.programs import call, do, let, literal, sleep, var


def draw(context: CallContext, what: str) -> Outcome:
    return EFFECTS[f"random.{what}"].perform(context)


def test_a_uuid_is_random_and_says_so(context: CallContext, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [draw(context, "uuid") for _ in range(100)]
    assert len(set(drawn)) == 100
    assert {UUID(str(text)).version for text in drawn} == {4}

    monkeypatch.setattr(secrets, "token_bytes", lambda count: b"\xff" * count)
    assert draw(context, "uuid") == "ffffffff-ffff-4fff-bfff-ffffffffffff"


@pytest.mark.parametrize(("bits", "number"), [(0, 0), (1, 2**-53), (2**52, 0.5), (2**53 - 1, 1 - 2**-53)])
def test_a_number_is_at_least_0_and_below_1(
    context: CallContext, monkeypatch: pytest.MonkeyPatch, bits: int, number: float
) -> None:
    monkeypatch.setattr(secrets, "randbits", lambda count: bits if count == 53 else -1)

    assert draw(context, "number") == number


def test_numbers_differ(context: CallContext) -> None:
    assert len({str(draw(context, "number")) for _ in range(100)}) == 100


def test_chance_is_drawn_once_whatever_is_replayed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the wait its step runs again from its start."""
    numbers = iter(range(10))
    monkeypatch.setattr(secrets, "randbits", lambda _: next(numbers) << 50)
    drawn = {"kind": "AssignStmt", "name": "drawn", "value": call("list.append", var("drawn"), call("random.number"))}

    ran = run(let("drawn", literal([])), {"kind": "BlockStmt", "body": [drawn, sleep(5), drawn]})

    assert ran.outcome[2] == [[], [0, 0.125]]


@pytest.mark.parametrize(("level", "name"), [(logging.INFO, "log.info"), (logging.ERROR, "log.error")])
@pytest.mark.parametrize(
    ("message", "line"), [("100% %s", "100% %s"), ({"a": [1, None, "ü"]}, '{"a":[1,null,"ü"]}'), (None, "null")]
)
def test_a_line_goes_into_the_log_with_where_it_comes_from(
    context: CallContext, caplog: pytest.LogCaptureFixture, level: int, name: str, message: Value, line: str
) -> None:
    caplog.set_level(logging.INFO, "lodol.program")

    assert EFFECTS[name].perform(context, message) == Logged(line)

    [record] = [record for record in caplog.records if record.name == "lodol.program"]
    assert (record.levelno, record.getMessage()) == (level, line)
    assert {name: vars(record)[name] for name in ("workflow_id", "execution_id", "step")} == {
        "workflow_id": context.workflow_id,
        "execution_id": context.execution_id,
        "step": 2,
    }


def test_a_line_is_written_once_whatever_is_replayed(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "lodol.program")

    run({"kind": "BlockStmt", "body": [do(call("log.info", literal("once"))), sleep(5)]})

    assert [record.getMessage() for record in caplog.records if record.name == "lodol.program"] == ["once"]
