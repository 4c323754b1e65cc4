"""`time.*`: the moment of a call, and waits within their bounds."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.callables import EFFECTS
from domain.callables.effect import CallContext, Outcome, Sleep
from domain.program.values import Value
from tests.support.conformance import START

THIRTY_DAYS = 2_592_000


def sleep(context: CallContext, seconds: Value) -> Outcome:
    return EFFECTS["time.sleep"].perform(context, seconds)


def sleep_until(context: CallContext, moment: Value) -> Outcome:
    return EFFECTS["time.sleep_until"].perform(context, moment)


def test_now_is_the_moment_of_the_call_in_whole_seconds(context: CallContext) -> None:
    context = replace(context, now=lambda: START + timedelta(seconds=1.9))

    assert EFFECTS["time.now"].perform(context) == "2026-01-15T10:30:01+00:00"


@pytest.mark.parametrize("seconds", [0, 0.5, 90, THIRTY_DAYS, float(THIRTY_DAYS)])
def test_a_sleep_counts_from_the_start_of_its_call(context: CallContext, seconds: float) -> None:
    context = replace(context, now=lambda: START + timedelta(days=1))

    assert sleep(context, seconds) == Sleep(START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (None, "seconds must be a number, not null"),
        (True, "seconds must be a number, not boolean"),
        ("5", "seconds must be a number, not string"),
        (-1, "seconds must not be negative, and -1 is"),
        (-0.5, "seconds must not be negative, and -0.5 is"),
        (THIRTY_DAYS + 1, "one wait is at most 2592000 seconds, 30 days, and this one is 2592001"),
        (THIRTY_DAYS + 0.5, "one wait is at most 2592000 seconds, 30 days, and this one is 2592000.5"),
        (1e300, "one wait is at most 2592000 seconds, 30 days, and this one is 1e+300"),
        (10**400, "one wait is at most 2592000 seconds, 30 days, and this one is 1000"),
    ],
)
def test_what_is_no_time_to_sleep_is_refused(context: CallContext, seconds: Value, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is compared as a whole
        sleep(context, seconds)

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2026-01-15T10:31:30", 90),
        ("2026-01-15T10:31:30Z", 90),
        ("2026-01-15T11:31:30+01:00", 90),
        ("2026-01-15T10:31:30.500-00:00", 90.5),
        ("2026-01-16", 48_600),
        ("2026-02-14T10:30:00", THIRTY_DAYS),
        ("2026-01-15T10:29:59", 0),
        ("0001-01-01T00:00:00+23:59", 0),
    ],
)
def test_a_sleep_until_a_moment_ends_then_and_at_once_if_that_is_past(
    context: CallContext, moment: str, seconds: float
) -> None:
    assert sleep_until(context, moment) == Sleep(START + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        (None, "moment must be a string, not null"),
        (1768473000, "moment must be a string, not number"),
        ("", "moment must be ISO 8601, not ''"),
        (
            "tomorrow " * 10,
            "moment must be ISO 8601, not 'tomorrow tomorrow tomorrow tomorrow tomorrow tomorrow tomorr'",
        ),
        ("2026-02-30", "moment must be ISO 8601, not '2026-02-30'"),
        ("2026-02-14T10:30:01", "one wait is at most 2592000 seconds, 30 days, and this one is 2592001"),
        ("9999-12-31T23:59:59-23:59", "one wait is at most 2592000 seconds, 30 days, and this one is "),
    ],
)
def test_what_is_no_moment_to_sleep_until_is_refused(context: CallContext, moment: Value, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is compared as a whole
        sleep_until(context, moment)

    assert str(refused.value).startswith(sentence)
