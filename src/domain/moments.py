"""Moments in time: what the product calls a clock, and how a moment is written down."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

type Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Read the system clock, in UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC with seconds and `+00:00`. Rule: contract "Every endpoint"."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def to_precise_text(moment: datetime) -> str:
    """Write a moment likewise, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def in_utc(moment: datetime) -> datetime:
    """A moment that was written down: without an offset it is in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def epoch_milliseconds(moment: datetime) -> int:
    """Write a moment as whole milliseconds since 1970."""
    return (moment - _EPOCH) // _MILLISECOND


def of_epoch_milliseconds(milliseconds: int) -> datetime:
    """Read a moment that was written so."""
    return _EPOCH + milliseconds * _MILLISECOND


def epoch_seconds(moment: datetime) -> int:
    """Write a moment as whole seconds since 1970, as DynamoDB's TTL wants them."""
    return int(moment.timestamp())
