"""What workflows written as Python import: the callables, by namespaces. Generated from the code."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeAlias, TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., Any])

Input: TypeAlias = Any
"""What a run was given: any JSON value, whose properties are attributes."""

class Failure(Exception):
    """What fails a step, raised or caught; a `try` catches every failure as one."""

    message: str
    callee: str | None
    at: str
    def __init__(self, message: Any) -> None: ...

def workflow(*, name: str, id: str = ..., description: str = ...) -> Callable[[_F], _F]:
    """Makes a function the workflow of its file."""

def block() -> AbstractContextManager[None]:
    """Statements with variables of their own: `with block():`."""

def coalesce(value: Any, otherwise: Any) -> Any:
    """The value, or otherwise where it is None; evaluates the second only then."""

def fail(message: Any) -> NoReturn:
    """Ends the execution as failed; no `try` catches that."""

class _Api:
    @staticmethod
    def request(method: str, path: str, payload: Mapping[str, Any] | None = ...) -> Any:
        """Calls the configured API: a path on its base URL, with its credential. `workflow_id` and `teamId` are put into the payload where unset; a payload of GET and DELETE goes into the query."""

api: _Api

class _Crypto:
    @staticmethod
    def hmac_sha256(key: str, text: str) -> str:
        """The HMAC-SHA-256 of a text, for webhooks."""
    @staticmethod
    def sha256(text: str) -> str:
        """The SHA-256 of a text."""

crypto: _Crypto

class _Date:
    @staticmethod
    def add(date: str, amount: float, unit: str, zone: str = ...) -> str:
        """Later by seconds, minutes, hours, days, weeks, months or years; days and more by the zone's calendar."""
    @staticmethod
    def at(date: str, time: str, zone: str = ...) -> str:
        """The moment at a time of day, HH:MM or HH:MM:SS, of the day of a moment; both by the clock of a zone."""
    @staticmethod
    def day(date: str) -> Any:
        """Its day of the month."""
    @staticmethod
    def days_in_month(date: str) -> Any:
        """How many days its month has."""
    @staticmethod
    def difference(later: str, earlier: str, unit: str) -> Any:
        """How much time lies between, in seconds to weeks."""
    @staticmethod
    def end_of(date: str, unit: str, zone: str = ...) -> str:
        """The last second of it, as `date.start_of` is the first."""
    @staticmethod
    def format(date: str, pattern: str, zone: str = ...) -> str:
        """By a pattern of YYYY YY, MMMM MMM MM M, DD D, dddd ddd, HH H, hh h, mm m, ss s, A a, Z and [text]."""
    @staticmethod
    def from_timestamp(seconds: float) -> str:
        """The moment so many seconds after 1970."""
    @staticmethod
    def hour(date: str) -> Any:
        """Its hour."""
    @staticmethod
    def is_after(date: str, other: str) -> bool:
        """Whether it is later."""
    @staticmethod
    def is_before(date: str, other: str) -> bool:
        """Whether it is earlier."""
    @staticmethod
    def is_weekend(date: str) -> bool:
        """Whether it is a Saturday or Sunday."""
    @staticmethod
    def minute(date: str) -> Any:
        """Its minute."""
    @staticmethod
    def month(date: str) -> Any:
        """Its month, from 1."""
    @staticmethod
    def parse(text: str, zone: str = ...) -> str:
        """A moment as ISO 8601 with its offset; of a zone where it names none."""
    @staticmethod
    def start_of(date: str, unit: str, zone: str = ...) -> str:
        """The start of its second, minute, hour, day, week (Monday), month or year."""
    @staticmethod
    def subtract(date: str, amount: float, unit: str, zone: str = ...) -> str:
        """Earlier, as `date.add` is later."""
    @staticmethod
    def to_timestamp(date: str) -> Any:
        """Its seconds since 1970."""
    @staticmethod
    def to_zone(date: str, zone: str) -> str:
        """The same moment in another time zone."""
    @staticmethod
    def week(date: str) -> Any:
        """Its week of the year, by ISO 8601."""
    @staticmethod
    def weekday(date: str) -> Any:
        """Its day of the week, from 1 for Monday."""
    @staticmethod
    def year(date: str) -> Any:
        """Its year."""

date: _Date

class _Email:
    @overload
    @staticmethod
    def send(mail: Mapping[str, Any]) -> Any:
        """Sends a mail: `{to, subject, text, html?, reply_to?}`; `to` is an address or a list of up to 50."""
    @overload
    @staticmethod
    def send(*, to: str | Sequence[str], subject: str, text: str, html: str = ..., reply_to: str = ...) -> Any:
        """Sends a mail: `{to, subject, text, html?, reply_to?}`; `to` is an address or a list of up to 50."""

email: _Email

class _Encoding:
    @staticmethod
    def base64_decode(text: str) -> str:
        """The text behind Base64."""
    @staticmethod
    def base64_encode(text: str) -> str:
        """As Base64."""
    @staticmethod
    def base64url_decode(text: str) -> str:
        """The text behind Base64 for addresses."""
    @staticmethod
    def base64url_encode(text: str) -> str:
        """As Base64 for addresses, without padding."""
    @staticmethod
    def hex_decode(text: str) -> str:
        """The text behind hexadecimal digits."""
    @staticmethod
    def hex_encode(text: str) -> str:
        """As hexadecimal digits."""
    @staticmethod
    def html_decode(text: str) -> str:
        """The text behind text within HTML."""
    @staticmethod
    def html_encode(text: str) -> str:
        """As text within HTML."""
    @staticmethod
    def query_decode(text: str) -> Any:
        """The object behind a query; the last of a name counts."""
    @staticmethod
    def query_encode(object: Mapping[str, Any]) -> str:
        """As the query of an address."""
    @staticmethod
    def url_decode(text: str) -> str:
        """The text behind a part of an address."""
    @staticmethod
    def url_encode(text: str) -> str:
        """As a part of an address."""

encoding: _Encoding

class _Http:
    @staticmethod
    def request(method: str, url: str, options: Mapping[str, Any] | None = ..., *, headers: Mapping[str, str] = ..., query: Mapping[str, Any] = ..., json: Any = ..., body: str = ..., timeout: float = ...) -> Any:
        """Sends a request to a public address; options are `{headers, query, json, body, timeout}`. Redirects are answers like all others."""

http: _Http

class _Human:
    @staticmethod
    def create(content: Any, action_id: str | None = ..., steps: Any = ..., decision_config: Mapping[str, Any] | None = ..., *, decisions: Sequence[str] = ..., timeout_seconds: int = ..., default_decision: str = ...) -> Any:
        """Asks a person for a review; `decisionConfig` is `{decisions?, timeoutSeconds?, defaultDecision?}`, and offers `approved` and `rejected` without it."""
    @staticmethod
    def result(id: str) -> Any:
        """The decision of a review that this execution created."""
    @staticmethod
    def wait() -> Any:
        """Waits until every review that this execution created is decided."""

human: _Human

class _Json:
    @staticmethod
    def parse(text: str) -> Any:
        """The value that a JSON text says."""
    @staticmethod
    def stringify(value: Any, indent: float = ...) -> str:
        """The value as JSON text."""

json: _Json

class _List:
    @staticmethod
    def all(list: Sequence[Any]) -> bool:
        """Whether all of its items are truthy."""
    @staticmethod
    def any(list: Sequence[Any]) -> bool:
        """Whether one of its items is truthy."""
    @staticmethod
    def append(list: Sequence[Any], *items: Any) -> Any:
        """With items at its end."""
    @staticmethod
    def chunk(list: Sequence[Any], size: float) -> Any:
        """In lists of so many items."""
    @staticmethod
    def compact(list: Sequence[Any]) -> Any:
        """Without `null`, `false`, 0 and empty texts."""
    @staticmethod
    def concat(*lists: Sequence[Any]) -> Any:
        """One list after the other."""
    @staticmethod
    def contains(list: Sequence[Any], item: Any) -> bool:
        """Whether it has such an item."""
    @staticmethod
    def difference(left: Sequence[Any], right: Sequence[Any]) -> Any:
        """The items of the one that the other has not."""
    @staticmethod
    def enumerate(list: Sequence[Any], start: float = ...) -> Any:
        """Pairs of the positions, from 0 or from start, and the items."""
    @staticmethod
    def first(list: Sequence[Any]) -> Any:
        """Its first item, `null` of an empty one."""
    @staticmethod
    def flatten(list: Sequence[Any]) -> Any:
        """With the items of the lists in it, one level."""
    @staticmethod
    def group_by(list: Sequence[Any], key: str) -> Any:
        """The objects by the text of a key."""
    @staticmethod
    def index_by(list: Sequence[Any], key: str) -> Any:
        """The objects by the text of a key, the last counting."""
    @staticmethod
    def index_of(list: Sequence[Any], item: Any) -> Any:
        """Where such an item first stands, or -1."""
    @staticmethod
    def intersection(left: Sequence[Any], right: Sequence[Any]) -> Any:
        """The items of the one that the other has too."""
    @staticmethod
    def is_empty(list: Sequence[Any]) -> bool:
        """Whether it has no items."""
    @staticmethod
    def join(list: Sequence[Any], separator: str = ...) -> str:
        """Its items as one text."""
    @staticmethod
    def last(list: Sequence[Any]) -> Any:
        """Its last item, `null` of an empty one."""
    @staticmethod
    def length(list: Sequence[Any]) -> Any:
        """How many items it has."""
    @staticmethod
    def pluck(list: Sequence[Any], key: str) -> Any:
        """Of every object the value of a key."""
    @staticmethod
    def prepend(list: Sequence[Any], *items: Any) -> Any:
        """With items at its start."""
    @staticmethod
    def range(start: float, stop: float, step: float = ...) -> Any:
        """Numbers from start up to, not including, stop."""
    @staticmethod
    def reverse(list: Sequence[Any]) -> Any:
        """From its end to its start."""
    @staticmethod
    def skip(list: Sequence[Any], count: float) -> Any:
        """All but its first items."""
    @staticmethod
    def slice(list: Sequence[Any], start: float, end: float = ...) -> Any:
        """From start up to, not including, end."""
    @staticmethod
    def sort(list: Sequence[Any], key: str = ...) -> Any:
        """In ascending order: numbers, or texts, or objects by a key."""
    @staticmethod
    def sort_descending(list: Sequence[Any], key: str = ...) -> Any:
        """In descending order, equal items in theirs."""
    @staticmethod
    def sum(list: Sequence[Any], key: str) -> Any:
        """The sum of the numbers of a key."""
    @staticmethod
    def take(list: Sequence[Any], count: float) -> Any:
        """Its first items."""
    @staticmethod
    def union(left: Sequence[Any], right: Sequence[Any]) -> Any:
        """Each item of either once."""
    @staticmethod
    def unique(list: Sequence[Any], key: str = ...) -> Any:
        """Each item once, or each value of a key once."""
    @staticmethod
    def where(list: Sequence[Any], key: str, value: Any) -> Any:
        """The objects with such a value."""
    @staticmethod
    def zip(left: Sequence[Any], right: Sequence[Any]) -> Any:
        """Pairs of the items at the same positions."""

list: _List

class _Log:
    @staticmethod
    def error(message: Any) -> Any:
        """Writes an error line into the execution's log."""
    @staticmethod
    def info(message: Any) -> Any:
        """Writes a line into the execution's log."""

log: _Log

class _Number:
    @staticmethod
    def abs(number: float) -> Any:
        """Without its sign."""
    @staticmethod
    def ceil(number: float) -> Any:
        """The whole number at or above it."""
    @staticmethod
    def clamp(number: float, least: float, most: float) -> Any:
        """The nearest number from least to most."""
    @staticmethod
    def floor(number: float) -> Any:
        """The whole number at or below it."""
    @staticmethod
    def floor_divide(left: float, right: float) -> Any:
        """Divided, down to the next whole number."""
    @staticmethod
    def format(number: float, digits: float = ..., separator: str = ...) -> str:
        """As text, thousands separated."""
    @staticmethod
    def is_number(text: str) -> bool:
        """Whether a text is a number."""
    @staticmethod
    def is_whole(number: float) -> bool:
        """Whether it has no fraction."""
    @staticmethod
    def max(numbers: Sequence[Any]) -> Any:
        """The greatest of a list; `null` of an empty one."""
    @staticmethod
    def mean(numbers: Sequence[Any]) -> Any:
        """The arithmetic mean of a list; `null` of an empty one."""
    @staticmethod
    def min(numbers: Sequence[Any]) -> Any:
        """The least of a list; `null` of an empty one."""
    @staticmethod
    def parse(text: str) -> Any:
        """The number that a text is; fails if it is none."""
    @staticmethod
    def power(base: float, exponent: float) -> Any:
        """The base to the power of the exponent."""
    @staticmethod
    def round(number: float, digits: float = ...) -> Any:
        """Rounded, halves away from zero, to digits after the point."""
    @staticmethod
    def sign(number: float) -> Any:
        """-1, 0 or 1."""
    @staticmethod
    def sqrt(number: float) -> Any:
        """The square root."""
    @staticmethod
    def sum(numbers: Sequence[Any]) -> Any:
        """The sum of a list."""

number: _Number

class _Object:
    @staticmethod
    def deep_merge(object: Mapping[str, Any], other: Mapping[str, Any]) -> Any:
        """Objects within merged as well."""
    @staticmethod
    def entries(object: Mapping[str, Any]) -> Any:
        """Its keys with their values."""
    @staticmethod
    def from_entries(entries: Sequence[Any]) -> Any:
        """The object of such entries."""
    @staticmethod
    def get(object: Mapping[str, Any], path: str, otherwise: Any = ...) -> Any:
        """What a path of keys and positions leads to."""
    @staticmethod
    def has(object: Mapping[str, Any], key: str) -> bool:
        """Whether it has a key."""
    @staticmethod
    def is_empty(object: Mapping[str, Any]) -> bool:
        """Whether it has no keys."""
    @staticmethod
    def keys(object: Mapping[str, Any]) -> Any:
        """Its keys, in order."""
    @staticmethod
    def lookup(object: Mapping[str, Any], key: str, otherwise: Any = ...) -> Any:
        """The value of a key, also if that is `null`; what stands for it where there is none."""
    @staticmethod
    def merge(object: Mapping[str, Any], *others: Mapping[str, Any]) -> Any:
        """With the keys of others; the last counts."""
    @staticmethod
    def pick(object: Mapping[str, Any], keys: Sequence[Any]) -> Any:
        """With some keys only."""
    @staticmethod
    def rename(object: Mapping[str, Any], from_: str, to: str) -> Any:
        """With a key renamed."""
    @staticmethod
    def set(object: Mapping[str, Any], key: str, value: Any) -> Any:
        """With a key set."""
    @staticmethod
    def values(object: Mapping[str, Any]) -> Any:
        """Its values, in order."""
    @staticmethod
    def without(object: Mapping[str, Any], keys: Sequence[Any]) -> Any:
        """Without some keys."""
    @staticmethod
    def zip(keys: Sequence[Any], values: Sequence[Any]) -> Any:
        """Keys with values at the same positions."""

object: _Object

class _Random:
    @staticmethod
    def number() -> Any:
        """A random number, at least 0 and below 1."""
    @staticmethod
    def uuid() -> Any:
        """A random UUID, version 4."""

random: _Random

class _String:
    @staticmethod
    def capitalize(text: str) -> str:
        """With its first letter in upper case."""
    @staticmethod
    def contains(text: str, part: str) -> bool:
        """Whether the part stands in it."""
    @staticmethod
    def count(text: str, part: str) -> Any:
        """How often the part stands in it, without overlap."""
    @staticmethod
    def ends_with(text: str, part: str) -> bool:
        """Whether it ends with the part."""
    @staticmethod
    def extract_emails(text: str) -> Any:
        """The mail addresses in it."""
    @staticmethod
    def extract_numbers(text: str) -> Any:
        """The numbers in it."""
    @staticmethod
    def extract_urls(text: str) -> Any:
        """The web addresses in it."""
    @staticmethod
    def index_of(text: str, part: str) -> Any:
        """Where the part first stands in it, or -1."""
    @staticmethod
    def is_blank(text: str) -> bool:
        """Whether it is empty or white space only."""
    @staticmethod
    def join(separator: str, texts: Sequence[Any]) -> str:
        """The texts of a list as one, separated."""
    @staticmethod
    def length(text: str) -> Any:
        """How many characters it has."""
    @staticmethod
    def lines(text: str) -> Any:
        """Its lines."""
    @staticmethod
    def lower(text: str) -> str:
        """In lower case."""
    @staticmethod
    def of(value: Any) -> str:
        """The value as text: a string as it is, all else as JSON."""
    @staticmethod
    def pad_end(text: str, length: float, fill: str = ...) -> str:
        """Filled up at its end, with spaces or fill."""
    @staticmethod
    def pad_start(text: str, length: float, fill: str = ...) -> str:
        """Filled up at its start, with spaces or fill."""
    @staticmethod
    def repeat(text: str, times: float) -> str:
        """Repeated so many times."""
    @staticmethod
    def replace(text: str, part: str, by: str) -> str:
        """With the first such part replaced."""
    @staticmethod
    def replace_all(text: str, part: str, by: str) -> str:
        """With every such part replaced."""
    @staticmethod
    def reverse(text: str) -> str:
        """From its end to its start."""
    @staticmethod
    def slice(text: str, start: float, end: float = ...) -> str:
        """From start up to, not including, end."""
    @staticmethod
    def slug(text: str) -> str:
        """As a part of an address."""
    @staticmethod
    def split(text: str, separator: str) -> Any:
        """Its parts between separators."""
    @staticmethod
    def starts_with(text: str, part: str) -> bool:
        """Whether it begins with the part."""
    @staticmethod
    def strip_html(text: str) -> str:
        """Without tags, entities resolved."""
    @staticmethod
    def title(text: str) -> str:
        """Every word with its first letter in upper case."""
    @staticmethod
    def trim(text: str) -> str:
        """Without white space at both ends."""
    @staticmethod
    def trim_end(text: str) -> str:
        """Without white space at its end."""
    @staticmethod
    def trim_start(text: str) -> str:
        """Without white space at its start."""
    @staticmethod
    def truncate(text: str, length: float) -> str:
        """Cut to at most so many characters, … at its end."""
    @staticmethod
    def upper(text: str) -> str:
        """In upper case."""
    @staticmethod
    def words(text: str) -> Any:
        """Its words, between white space."""

string: _String

class _Time:
    @staticmethod
    def now() -> Any:
        """The moment of the call."""
    @staticmethod
    def sleep(seconds: float) -> Any:
        """Waits so many seconds, at most 30 days."""
    @staticmethod
    def sleep_until(moment: str) -> Any:
        """Waits until a moment, ISO 8601, at most 30 days ahead."""

time: _Time
