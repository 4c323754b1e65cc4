"""Moments as they are given to a command."""

from datetime import UTC, datetime

from lodol.cli.console import Misused
from lodol.durations import is_duration, read_duration


def read_moment(text: str, what: str) -> datetime:
    """A moment as it was given: ISO 8601, this machine's time without an offset; or how long ago it was."""
    if is_duration(text):
        try:
            return datetime.now(UTC) - read_duration(text)
        except OverflowError:
            raise Misused(f"{what} is too long ago: {text}.") from None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        sentence = f"{what} must be a moment in ISO 8601, or how long ago, as 30m, 12h, 3d or 1d12h; not {text!r}."
        raise Misused(sentence) from None
    return moment.astimezone()
