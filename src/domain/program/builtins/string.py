"""`string.*`: texts. Positions count characters from 0; negative ones count from the end."""

import html
import re
import unicodedata
from itertools import islice

from domain.program.builtins.arguments import bounded, bounded_items, text, texts, whole
from domain.program.builtins.registry import LOOKS_UP, Work, pure
from domain.program.values import Value, text_of

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_URL = re.compile(r"https?://[^\s<>\"']{1,2048}")
_NUMBER = re.compile(r"-?[0-9]{1,300}(?:\.[0-9]{1,300})?")
_TAG = re.compile(r"<[^<>]{0,10000}>")


def searching(text: Value, part: Value, *_: Value) -> int:
    """The work of looking for a part: of a short text, and for a very short part, each character with each."""
    if not isinstance(text, str) or not isinstance(part, str):
        return 0
    return len(text) * min(len(part), 100 if len(text) < 30_000 else 6) // 1024


@pure("string.of", "value", "The value as text: a string as it is, all else as JSON.", [1, None], gives="[1,null]")
def of(value: Value) -> Value:
    return text_of(value)


@pure("string.length", "text", "How many characters it has.", "héllo", gives=5, work=LOOKS_UP)
def length(value: Value) -> Value:
    return len(text(value, "text"))


@pure("string.upper", "text", "In upper case.", "abc", gives="ABC")
def upper(value: Value) -> Value:
    return text(value, "text").upper()


@pure("string.lower", "text", "In lower case.", "ABC", gives="abc")
def lower(value: Value) -> Value:
    return text(value, "text").lower()


@pure("string.capitalize", "text", "With its first letter in upper case.", "ada lovelace", gives="Ada lovelace")
def capitalize(value: Value) -> Value:
    whole_text = text(value, "text")
    return whole_text[:1].upper() + whole_text[1:]


@pure(
    "string.title",
    "text",
    "Every word with its first letter in upper case.",
    "ada king",
    gives="Ada King",
    work=Work(reads=12),
)
def title(value: Value) -> Value:
    return re.sub(r"\S+", lambda word: word.group()[:1].upper() + word.group()[1:], text(value, "text"))


@pure("string.trim", "text", "Without white space at both ends.", "  a b ", gives="a b")
def trim(value: Value) -> Value:
    return text(value, "text").strip()


@pure("string.trim_start", "text", "Without white space at its start.", "  a ", gives="a ")
def trim_start(value: Value) -> Value:
    return text(value, "text").lstrip()


@pure("string.trim_end", "text", "Without white space at its end.", "  a ", gives="  a")
def trim_end(value: Value) -> Value:
    return text(value, "text").rstrip()


@pure("string.is_blank", "text", "Whether it is empty or white space only.", " \n", gives=True)
def is_blank(value: Value) -> Value:
    return not text(value, "text").strip()


@pure(
    "string.contains",
    "text, part",
    "Whether the part stands in it.",
    "workflow",
    "flow",
    gives=True,
    work=Work(more=searching),
)
def contains(value: Value, part: Value) -> Value:
    return text(part, "part") in text(value, "text")


@pure(
    "string.starts_with",
    "text, part",
    "Whether it begins with the part.",
    "workflow",
    "work",
    gives=True,
    work=LOOKS_UP,
)
def starts_with(value: Value, part: Value) -> Value:
    return text(value, "text").startswith(text(part, "part"))


@pure("string.ends_with", "text, part", "Whether it ends with the part.", "workflow", "flow", gives=True, work=LOOKS_UP)
def ends_with(value: Value, part: Value) -> Value:
    return text(value, "text").endswith(text(part, "part"))


@pure(
    "string.index_of",
    "text, part",
    "Where the part first stands in it, or -1.",
    "banana",
    "an",
    gives=1,
    work=Work(more=searching),
)
def index_of(value: Value, part: Value) -> Value:
    return text(value, "text").find(text(part, "part"))


@pure(
    "string.count",
    "text, part",
    "How often the part stands in it, without overlap.",
    "banana",
    "an",
    gives=2,
    work=Work(more=searching),
)
def count(value: Value, part: Value) -> Value:
    return text(value, "text").count(_part(part))


@pure(
    "string.slice",
    "text, start, end?",
    "From start up to, not including, end.",
    "workflow",
    0,
    4,
    gives="work",
    work=LOOKS_UP,
)
def slice_(value: Value, start: Value, end: Value = None) -> Value:
    return text(value, "text")[whole(start, "start") : None if end is None else whole(end, "end")]


@pure(
    "string.truncate",
    "text, length",
    "Cut to at most so many characters, … at its end.",
    "workflow",
    5,
    gives="work…",
    work=LOOKS_UP,
)
def truncate(value: Value, most: Value) -> Value:
    whole_text, limit = text(value, "text"), whole(most, "length")
    if limit < 1:
        raise ValueError(f"length must be at least 1, not {limit}")
    return whole_text if len(whole_text) <= limit else whole_text[: limit - 1] + "…"


@pure(
    "string.split",
    "text, separator",
    "Its parts between separators.",
    "a,b,,c",
    ",",
    gives=["a", "b", "", "c"],
    work=Work(more=searching),
)
def split(value: Value, separator: Value) -> Value:
    whole_text, mark = text(value, "text"), _part(separator, "separator")
    bounded_items(whole_text.count(mark) + 1, "the list")
    return list(whole_text.split(mark))


@pure("string.lines", "text", "Its lines.", "a\nb\r\nc", gives=["a", "b", "c"])
def lines(value: Value) -> Value:
    return list(text(value, "text").splitlines())


@pure("string.words", "text", "Its words, between white space.", " to be  or", gives=["to", "be", "or"])
def words(value: Value) -> Value:
    return list(text(value, "text").split())


@pure(
    "string.replace",
    "text, part, by",
    "With the first such part replaced.",
    "a-b-c",
    "-",
    "+",
    gives="a+b-c",
    work=Work(more=searching),
)
def replace(value: Value, part: Value, by: Value) -> Value:
    return text(value, "text").replace(_part(part), text(by, "by"), 1)


@pure(
    "string.replace_all",
    "text, part, by",
    "With every such part replaced.",
    "a-b-c",
    "-",
    "+",
    gives="a+b+c",
    work=Work(more=searching),
)
def replace_all(value: Value, part: Value, by: Value) -> Value:
    whole_text, old, new = text(value, "text"), _part(part), text(by, "by")
    bounded(len(whole_text) + whole_text.count(old) * (len(new) - len(old)), "the text")
    return whole_text.replace(old, new)


@pure("string.repeat", "text, times", "Repeated so many times.", "ab", 3, gives="ababab")
def repeat(value: Value, times: Value) -> Value:
    whole_text, many = text(value, "text"), whole(times, "times")
    if many < 0:
        raise ValueError(f"times must not be negative, and {many} is")
    bounded(len(whole_text) * many, "the text")
    # Python takes no number beyond its sizes, not even to repeat nothing.
    return whole_text * many if whole_text else ""


@pure(
    "string.pad_start", "text, length, fill?", "Filled up at its start, with spaces or fill.", "7", 3, "0", gives="007"
)
def pad_start(value: Value, to: Value, fill: Value = " ") -> Value:
    whole_text = text(value, "text")
    return _filling(len(whole_text), to, fill) + whole_text


@pure("string.pad_end", "text, length, fill?", "Filled up at its end, with spaces or fill.", "7", 3, ".", gives="7..")
def pad_end(value: Value, to: Value, fill: Value = " ") -> Value:
    whole_text = text(value, "text")
    return whole_text + _filling(len(whole_text), to, fill)


def _filling(has: int, to: Value, fill: Value) -> str:
    missing = max(bounded(whole(to, "length"), "the text") - has, 0)
    pattern = _part(fill, "fill")
    return (pattern * (missing // len(pattern) + 1))[:missing]


@pure("string.join", "separator, texts", "The texts of a list as one, separated.", "-", ["a", "b"], gives="a-b")
def join(separator: Value, parts: Value) -> Value:
    mark, found = text(separator, "separator"), texts(parts, "texts")
    bounded(sum(map(len, found)) + len(mark) * (len(found) - 1), "the text")
    return mark.join(found)


@pure("string.reverse", "text", "From its end to its start.", "abc", gives="cba")
def reverse(value: Value) -> Value:
    return text(value, "text")[::-1]


@pure(
    "string.slug",
    "text",
    "As a part of an address.",
    "Crème brûlée & Co.",
    gives="creme-brulee-co",
    work=Work(reads=16),
)
def slug(value: Value) -> Value:
    whole_text = text(value, "text")
    # In pieces: it sorts accents that follow one another, in a time that grows with the square of how many they are.
    pieces = (whole_text[start : start + 64] for start in range(0, len(whole_text), 64))
    letters = "".join(unicodedata.normalize("NFKD", piece).encode("ascii", "ignore").decode() for piece in pieces)
    return re.sub(r"[^a-z0-9]+", "-", letters.lower()).strip("-")


@pure(
    "string.strip_html",
    "text",
    "Without tags, entities resolved.",
    "<b>Tom &amp; Co</b>",
    gives="Tom & Co",
    work=Work(reads=32),
)
def strip_html(value: Value) -> Value:
    return html.unescape(_TAG.sub("", text(value, "text")))


@pure(
    "string.extract_emails",
    "text",
    "The mail addresses in it.",
    "to ada@a.org, bob@b.com",
    gives=["ada@a.org", "bob@b.com"],
    work=Work(reads=192),
)
def extract_emails(value: Value) -> Value:
    return _found(_EMAIL, value)


@pure("string.extract_urls", "text", "The web addresses in it.", "see https://a.org/x now", gives=["https://a.org/x"])
def extract_urls(value: Value) -> Value:
    return _found(_URL, value)


@pure("string.extract_numbers", "text", "The numbers in it.", "3 of 4.5", gives=[3, 4.5], work=Work(reads=8))
def extract_numbers(value: Value) -> Value:
    return [float(found) if "." in found else int(found) for found in _NUMBER.findall(text(value, "text"))]


def _found(pattern: re.Pattern[str], value: Value) -> Value:
    return [found.group() for found in islice(pattern.finditer(text(value, "text")), 20_000)]


def _part(value: Value, name: str = "part") -> str:
    part = text(value, name)
    if not part:
        raise ValueError(f"{name} must not be empty")
    return part
