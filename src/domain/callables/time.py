"""`time.*`: the clock, and waits that Step Functions does, with no Lambda running meanwhile."""

from datetime import datetime, timedelta

from domain.callables.effect import CallContext, Sleep, effect
from domain.moments import in_utc, to_text
from domain.program.limits import WAIT_SECONDS
from domain.program.values import Value, kind_of


@effect("time.now", "", "The moment of the call.", gives="ISO 8601 in UTC")
def now(context: CallContext) -> Value:
    """Answer with the time of the call, which a replay repeats."""
    return to_text(context.now())


def _bounded(seconds: float) -> float:
    if seconds > WAIT_SECONDS:
        raise ValueError(f"one wait is at most {WAIT_SECONDS} seconds, 30 days, and this one is {seconds}")
    return seconds


def _seconds(seconds: Value) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError(f"seconds must be a number, not {kind_of(seconds)}")
    if seconds < 0:
        raise ValueError(f"seconds must not be negative, and {seconds} is")
    return _bounded(seconds)


def _moment(moment: Value) -> datetime:
    if not isinstance(moment, str):
        raise ValueError(f"moment must be a string, not {kind_of(moment)}")
    try:
        until = datetime.fromisoformat(moment)
    except ValueError:
        raise ValueError(f"moment must be ISO 8601, not {moment[:60]!r}") from None
    return in_utc(until)


@effect(
    "time.sleep",
    "seconds",
    "Waits so many seconds, at most 30 days.",
    gives="`null`",
    checks={"seconds": _seconds},
)
def sleep(context: CallContext, seconds: Value) -> Sleep:
    """Wait from the start of the call on."""
    return Sleep(context.started_at + timedelta(seconds=_seconds(seconds)))


@effect(
    "time.sleep_until",
    "moment",
    "Waits until a moment, ISO 8601, at most 30 days ahead.",
    gives="`null`",
    checks={"moment": _moment},
)
def sleep_until(context: CallContext, moment: Value) -> Sleep:
    """Wait until a moment; one that is past is no wait. Without an offset it is UTC."""
    ahead = max((_moment(moment) - context.started_at).total_seconds(), 0)
    return Sleep(context.started_at + timedelta(seconds=_bounded(ahead)))
