"""The names that mean something in a workflow written as Python, and what stands for those that do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MODULE = "lodol.workflow"
"""The module whose names a workflow imports."""

GENERIC = "value"
"""The namespace whose callables Python writes as operators and functions of its own."""

HELPERS: Mapping[str, str] = MappingProxyType(
    {
        "Failure": "a failure is raised: raise Failure(message)",
        "Input": "Input stands before the function, not in it",
        "block": "a block is a statement: with block():",
        "coalesce": "coalesce takes two values: the second is for where the first is None",
        "fail": "fail(message) is a statement, on a line of its own",
        "workflow": "workflow stands before the function, not in it",
    }
)
"""What the module has besides the namespaces of callables, and what to write instead of any other use of it."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A callable under another name, with the fewest and the most arguments that mean the same there."""

    callee: str
    fewest: int = 1
    most: int = 1


INSTEAD_OF_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "asyncio": "a program waits by itself",
        "datetime": "time.now() is the moment, and date.… computes with moments",
        "httpx": "http.request(…) calls an API",
        "json": f"from {MODULE} import json",
        "logging": "log.info(message) writes a line",
        "math": "number.… computes with numbers",
        "os": "a workflow has no machine of its own; what it needs comes in its input",
        "random": f"from {MODULE} import random",
        "re": "string.… looks into texts",
        "requests": "http.request(…) calls an API",
        "smtplib": "email.send(…) sends a mail",
        "time": f"from {MODULE} import time",
        "urllib": "http.request(…) calls an API",
        "uuid": "random.uuid() gives one",
        "zoneinfo": "date.… take the name of a zone",
    }
)
"""What to write instead of a module of Python's."""

FUNCTIONS: Mapping[str, Alias] = MappingProxyType(
    {
        "abs": Alias("number.abs"),
        "all": Alias("list.all"),
        "any": Alias("list.any"),
        "enumerate": Alias("list.enumerate", 1, 2),
        "float": Alias("value.float"),
        "int": Alias("value.int"),
        "len": Alias("value.length"),
        "max": Alias("value.max"),
        "min": Alias("value.min"),
        "round": Alias("value.round", 1, 2),
        "str": Alias("string.of"),
        "sum": Alias("number.sum"),
        "zip": Alias("list.zip", 2, 2),
    }
)
"""Python's functions, each of which is one callable."""

SPECIAL_FUNCTIONS = ("bool", "getattr", "range", "sorted")
"""Python's functions that are more than another name."""

METHODS: Mapping[str, Alias] = MappingProxyType(
    {
        "endswith": Alias("string.ends_with"),
        "find": Alias("string.index_of"),
        "get": Alias("object.lookup", 1, 2),
        "items": Alias("object.entries", 0, 0),
        "join": Alias("string.join"),
        "keys": Alias("object.keys", 0, 0),
        "ljust": Alias("string.pad_end", 1, 2),
        "lower": Alias("string.lower", 0, 0),
        "lstrip": Alias("string.trim_start", 0, 0),
        "replace": Alias("string.replace_all", 2, 2),
        "rjust": Alias("string.pad_start", 1, 2),
        "rstrip": Alias("string.trim_end", 0, 0),
        "splitlines": Alias("string.lines", 0, 0),
        "startswith": Alias("string.starts_with"),
        "strip": Alias("string.trim", 0, 0),
        "upper": Alias("string.upper", 0, 0),
        "values": Alias("object.values", 0, 0),
    }
)
"""Methods that only one kind of value has; what they are called on is the first argument. `split` is two callables."""

_UNCHANGED = "values never change; write "

INSTEAD_OF_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "append": _UNCHANGED + "`items = [*items, item]`",
        "capitalize": "write string.capitalize(text), which leaves the rest of the text as it is",
        "clear": _UNCHANGED + "`items = []`",
        "copy": "values never change, and need no copies",
        "count": "write string.count(text, part), or len([item for item in items if item == wanted])",
        "extend": _UNCHANGED + "`items = [*items, *others]`",
        "format": 'write an f-string, f"{name}", with number.format or date.format in it',
        "index": "write list.index_of(items, item) or text.find(part), which give -1 where there is none",
        "insert": _UNCHANGED + "`items = [*items[:position], item, *items[position:]]`",
        "isdigit": "write number.is_number(text)",
        "isnumeric": "write number.is_number(text)",
        "pop": _UNCHANGED + "`last = items[-1]` and `items = items[:-1]`, or object.without(data, [key])",
        "popitem": _UNCHANGED + "object.without(data, [key])",
        "remove": _UNCHANGED + "`items = [each for each in items if each != item]`",
        "reverse": _UNCHANGED + "`items = items[::-1]`",
        "setdefault": _UNCHANGED + '`data = {"key": value, **data}`',
        "sort": _UNCHANGED + "`items = sorted(items)`",
        "title": "write string.title(text), which leaves the rest of each word as it is",
        "update": _UNCHANGED + "`data = {**data, **others}`",
        "zfill": 'write text.rjust(length, "0")',
    }
)
"""What to write instead of a method that the language has not, or that means two things."""

INSTEAD_OF_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "dict": 'write {"key": value}, or object.from_entries(pairs)',
        "divmod": "write a // b and a % b",
        "eval": "a program is not made while it runs",
        "exec": "a program is not made while it runs",
        "filter": "write [item for item in items if …]",
        "hasattr": 'write "name" in data',
        "input": "write the name input, without parentheses: it is what the run was given",
        "isinstance": "values have no types to ask for; compare with None, or use a number.is_… callable",
        "list": "write data.keys(), text.split() or another callable that gives a list",
        "map": "write [f(item) for item in items]",
        "open": "a workflow has no files; write http.request(…)",
        "pow": "write a ** b",
        "print": "write log.info(message)",
        "repr": "write json.stringify(value)",
        "reversed": "write items[::-1]",
        "set": "write list.unique(items)",
        "tuple": "write a list, [a, b]",
        "type": "values have no types to ask for",
    }
)
"""What to write instead of a function that the language has not."""
