"""`date.*`: moments in time, ISO 8601; a text without an offset is UTC. The clock itself is `time.now`."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from domain.moments import in_utc
from domain.program.builtins.arguments import number, text, whole
from domain.program.builtins.registry import Work, pure
from domain.program.values import Value

_SPANS = {"week": 604800, "day": 86400, "hour": 3600, "minute": 60, "second": 1}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOKENS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda moment: f"{moment.year:04}",
    "YY": lambda moment: f"{moment.year % 100:02}",
    "MMMM": lambda moment: _MONTHS[moment.month - 1],
    "MMM": lambda moment: _MONTHS[moment.month - 1][:3],
    "MM": lambda moment: f"{moment.month:02}",
    "M": lambda moment: f"{moment.month}",
    "DD": lambda moment: f"{moment.day:02}",
    "D": lambda moment: f"{moment.day}",
    "dddd": lambda moment: _DAYS[moment.weekday()],
    "ddd": lambda moment: _DAYS[moment.weekday()][:3],
    "HH": lambda moment: f"{moment.hour:02}",
    "H": lambda moment: f"{moment.hour}",
    "hh": lambda moment: f"{_on_the_dial(moment):02}",
    "h": lambda moment: f"{_on_the_dial(moment)}",
    "mm": lambda moment: f"{moment.minute:02}",
    "m": lambda moment: f"{moment.minute}",
    "ss": lambda moment: f"{moment.second:02}",
    "s": lambda moment: f"{moment.second}",
    "A": lambda moment: "AM" if moment.hour < 12 else "PM",
    "a": lambda moment: "am" if moment.hour < 12 else "pm",
    "Z": lambda moment: moment.strftime("%:z"),
}
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d))?", re.ASCII)
_PATTERN = re.compile(r"\[([^\[\]]*)\]|([A-Za-z])\2*|[^A-Za-z]")
"""What a pattern is made of: a text in brackets, one letter repeated, or any other character."""


def _moment(value: Value, name: str = "date") -> datetime:
    written = text(value, name)
    try:
        moment = datetime.fromisoformat(written.strip())
    except ValueError:
        raise ValueError(f"{name} must be ISO 8601, not {written[:60]!r}") from None
    return in_utc(moment)


def _zone(value: Value) -> ZoneInfo:
    name = text(value, "zone")
    if name not in _zones():
        raise ValueError(f"zone must be a time zone such as Europe/Berlin, not {name[:60]!r}")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    """The names of the zones: to look for the file of one that there is not takes longer than all of a step."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def _written(compute: Callable[[], datetime]) -> str:
    """Compute a moment, and write it; only the years 1 to 9999 can be written."""
    try:
        moment = compute()
        return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds")
    except (OverflowError, ValueError):
        raise ValueError("the result is not within the years 1 to 9999") from None


@pure(
    "date.parse",
    "text, zone?",
    "A moment as ISO 8601 with its offset; of a zone where it names none.",
    "2026-01-15 10:30",
    "Europe/Berlin",
    gives="2026-01-15T10:30:00+01:00",
)
def parse(value: Value, zone: Value = "UTC") -> Value:
    written = text(value, "text").strip()
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"text must be ISO 8601, not {written[:60]!r}") from None
    in_zone = _zone(zone)
    return _written(lambda: moment if moment.tzinfo else moment.replace(tzinfo=in_zone))


def _writing(_: Value, pattern: Value, *__: Value) -> int:
    """The work of a pattern: each of its characters may stand for a part of its own."""
    return len(pattern) // 2 if isinstance(pattern, str) else 0


@pure(
    "date.at",
    "date, time, zone?",
    "The moment at a time of day, HH:MM or HH:MM:SS, of the day of a moment; both by the clock of a zone.",
    "2026-03-29T00:30:00+01:00",
    "08:00",
    "Europe/Berlin",
    gives="2026-03-29T08:00:00+02:00",
)
def at(value: Value, time: Value, zone: Value = "UTC") -> Value:
    moment, written, in_zone = _moment(value), text(time, "time"), _zone(zone)
    found = _TIME.fullmatch(written)
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise ValueError(f"time must be a time of day, as 08:00 or 08:00:30, not {written[:60]!r}")
    day = _shifted(lambda: moment.astimezone(in_zone))
    clock = day.replace(hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0), microsecond=0, fold=0)
    # An hour that the clock jumps over is the one after it, as clocks then show.
    return _written(lambda: clock.astimezone(UTC).astimezone(in_zone))


@pure(
    "date.format",
    "date, pattern, zone?",
    "By a pattern of YYYY YY, MMMM MMM MM M, DD D, dddd ddd, HH H, hh h, mm m, ss s, A a, Z and [text].",
    "2026-01-15T10:30:00Z",
    "dddd, D MMMM YYYY [at] HH:mm",
    "Europe/Berlin",
    gives="Thursday, 15 January 2026 at 11:30",
    work=Work(calls=2, more=_writing),
)
def format_(value: Value, pattern: Value, zone: Value = None) -> Value:
    moment, parts = _moment(value), _parts(text(pattern, "pattern"))
    if zone is not None:
        in_zone = _zone(zone)
        moment = _shifted(lambda: moment.astimezone(in_zone))
    return "".join(part if isinstance(part, str) else part(moment) for part in parts)


def _parts(pattern: str) -> list[str | Callable[[datetime], str]]:
    """What a pattern writes: texts as they are, and what a moment has for its letters."""
    parts: list[str | Callable[[datetime], str]] = []
    if strftime := re.search("%[A-Za-z]", pattern):
        raise ValueError(f"pattern has no {strftime[0]}; it has {', '.join(_TOKENS)}, and text in brackets, [at]")
    for found in _PATTERN.finditer(pattern):
        letters = found.group()
        if not found[2]:
            parts.append(letters if found[1] is None else found[1])
        elif letters in _TOKENS:
            parts.append(_TOKENS[letters])
        else:
            raise ValueError(f"pattern has no {letters[:40]}; it has {', '.join(_TOKENS)}, and text in brackets, [at]")
    return parts


def _on_the_dial(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _shifted(compute: Callable[[], datetime]) -> datetime:
    try:
        return compute()
    except OverflowError:
        raise ValueError("the result is not within the years 1 to 9999") from None


@pure(
    "date.to_zone",
    "date, zone",
    "The same moment in another time zone.",
    "2026-07-01T12:00:00Z",
    "America/New_York",
    gives="2026-07-01T08:00:00-04:00",
)
def to_zone(value: Value, zone: Value) -> Value:
    moment, in_zone = _moment(value), _zone(zone)
    return _written(lambda: moment.astimezone(in_zone))


@pure(
    "date.add",
    "date, amount, unit, zone?",
    "Later by seconds, minutes, hours, days, weeks, months or years; days and more by the zone's calendar.",
    "2026-01-31T09:00:00Z",
    1,
    "months",
    gives="2026-02-28T09:00:00+00:00",
)
def add(value: Value, amount: Value, unit: Value, zone: Value = None) -> Value:
    moment, singular = _moment(value), _unit(unit)
    if zone is not None:
        in_zone = _zone(zone)
        moment = _shifted(lambda: moment.astimezone(in_zone))
    if singular in {"month", "year"}:
        months = whole(amount, "amount") * (12 if singular == "year" else 1)
        return _written(lambda: _months_later(moment, months))
    if singular in {"hour", "minute", "second"}:
        # On the clock of UTC: an hour later is an hour later, whatever summer time does in between.
        seconds = number(amount, "amount") * _SPANS[singular]
        return _written(lambda: (moment.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(moment.tzinfo))
    days = whole(amount, "amount") * (7 if singular == "week" else 1)
    return _written(lambda: moment + timedelta(days=days))


@pure(
    "date.subtract",
    "date, amount, unit, zone?",
    "Earlier, as `date.add` is later.",
    "2026-03-01T00:00:00Z",
    1,
    "day",
    gives="2026-02-28T00:00:00+00:00",
)
def subtract(value: Value, amount: Value, unit: Value, zone: Value = None) -> Value:
    return add(value, -number(amount, "amount"), unit, zone)


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day of another month, or its last where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


@pure(
    "date.difference",
    "later, earlier, unit",
    "How much time lies between, in seconds to weeks.",
    "2026-01-02T12:00:00Z",
    "2026-01-01T00:00:00Z",
    "days",
    gives=1.5,
)
def difference(later: Value, earlier: Value, unit: Value) -> Value:
    singular = _unit(unit)
    if singular not in _SPANS:
        raise ValueError("unit must be seconds, minutes, hours, days or weeks")
    between = (_moment(later, "later") - _moment(earlier, "earlier")).total_seconds() / _SPANS[singular]
    return int(between) if between.is_integer() else between


@pure(
    "date.start_of",
    "date, unit, zone?",
    "The start of its second, minute, hour, day, week (Monday), month or year.",
    "2026-05-20T10:30:00Z",
    "month",
    gives="2026-05-01T00:00:00+00:00",
)
def start_of(value: Value, unit: Value, zone: Value = "UTC") -> Value:
    in_zone = _zone(zone)
    moment = _moment(value)
    return _written(lambda: _start(moment.astimezone(in_zone), _unit(unit)))


@pure(
    "date.end_of",
    "date, unit, zone?",
    "The last second of it, as `date.start_of` is the first.",
    "2026-02-20T10:30:00Z",
    "month",
    gives="2026-02-28T23:59:59+00:00",
    work=Work(calls=8),
)
def end_of(value: Value, unit: Value, zone: Value = "UTC") -> Value:
    singular = _unit(unit)
    start = _moment(start_of(value, unit, zone))
    return subtract(add(start.isoformat(), 1, singular, zone), 1, "second", zone)


def _start(moment: datetime, unit: str) -> datetime:
    fields = ["year", "month", "day", "hour", "minute", "second"]
    if unit == "week":
        moment, unit = moment - timedelta(days=moment.weekday()), "day"
    least = {"month": 1, "day": 1}
    smaller = fields[fields.index(unit) + 1 :]
    return moment.replace(microsecond=0, **{field: least.get(field, 0) for field in smaller})  # type: ignore[arg-type]


def _unit(value: Value) -> str:
    written = text(value, "unit").removesuffix("s")
    if written not in {*_SPANS, "month", "year"}:
        raise ValueError("unit must be seconds, minutes, hours, days, weeks, months or years")
    return written


@pure("date.year", "date", "Its year.", "2026-01-15", gives=2026)
def year(value: Value) -> Value:
    return _moment(value).year


@pure("date.month", "date", "Its month, from 1.", "2026-01-15", gives=1)
def month(value: Value) -> Value:
    return _moment(value).month


@pure("date.day", "date", "Its day of the month.", "2026-01-15", gives=15)
def day(value: Value) -> Value:
    return _moment(value).day


@pure("date.hour", "date", "Its hour.", "2026-01-15T10:30:00Z", gives=10)
def hour(value: Value) -> Value:
    return _moment(value).hour


@pure("date.minute", "date", "Its minute.", "2026-01-15T10:30:00Z", gives=30)
def minute(value: Value) -> Value:
    return _moment(value).minute


@pure("date.weekday", "date", "Its day of the week, from 1 for Monday.", "2026-01-15", gives=4)
def weekday(value: Value) -> Value:
    return _moment(value).isoweekday()


@pure("date.week", "date", "Its week of the year, by ISO 8601.", "2026-01-15", gives=3)
def week(value: Value) -> Value:
    return _moment(value).isocalendar().week


@pure("date.is_weekend", "date", "Whether it is a Saturday or Sunday.", "2026-01-17", gives=True)
def is_weekend(value: Value) -> Value:
    return _moment(value).isoweekday() > 5


@pure("date.days_in_month", "date", "How many days its month has.", "2028-02-01", gives=29)
def days_in_month(value: Value) -> Value:
    moment = _moment(value)
    return monthrange(moment.year, moment.month)[1]


@pure("date.is_before", "date, other", "Whether it is earlier.", "2026-01-15", "2026-01-16", gives=True)
def is_before(value: Value, other: Value) -> Value:
    return _moment(value) < _moment(other, "other")


@pure("date.is_after", "date, other", "Whether it is later.", "2026-01-15", "2026-01-16", gives=False)
def is_after(value: Value, other: Value) -> Value:
    return _moment(value) > _moment(other, "other")


@pure("date.to_timestamp", "date", "Its seconds since 1970.", "1970-01-02T00:00:00Z", gives=86400)
def to_timestamp(value: Value) -> Value:
    seconds = _moment(value).timestamp()
    return int(seconds) if seconds.is_integer() else seconds


@pure(
    "date.from_timestamp", "seconds", "The moment so many seconds after 1970.", 86400, gives="1970-01-02T00:00:00+00:00"
)
def from_timestamp(seconds: Value) -> Value:
    since = number(seconds, "seconds")
    return _written(lambda: datetime.fromtimestamp(0, UTC) + timedelta(seconds=since))
