"""`object.*`: objects. None of these changes the object it is given: each gives a new one."""

from domain.program.builtins.arguments import bounded_items, fields, items, text, texts
from domain.program.builtins.registry import LOOKS_UP, Work, pure
from domain.program.limits import NESTING
from domain.program.values import Value


def _path(_: Value, path: Value, *__: Value) -> int:
    """The work of following a path, which may have as many parts as it has characters."""
    return len(path) // 64 if isinstance(path, str) else 0


@pure("object.keys", "object", "Its keys, in order.", {"a": 1, "b": 2}, gives=["a", "b"])
def keys(value: Value) -> Value:
    return list(fields(value, "object"))


@pure("object.values", "object", "Its values, in order.", {"a": 1, "b": 2}, gives=[1, 2])
def values(value: Value) -> Value:
    return list(fields(value, "object").values())


@pure("object.entries", "object", "Its keys with their values.", {"a": 1}, gives=[["a", 1]])
def entries(value: Value) -> Value:
    return [[name, inner] for name, inner in fields(value, "object").items()]


@pure("object.from_entries", "entries", "The object of such entries.", [["a", 1], ["b", 2]], gives={"a": 1, "b": 2})
def from_entries(value: Value) -> Value:
    made: dict[str, Value] = {}
    for index, entry in enumerate(items(value, "entries")):
        if len(items(entry, f"entries[{index}]")) != 2:
            raise ValueError(f"entries[{index}] must have two items, a key and a value")
        made[text(entry[0], f"entries[{index}][0]")] = entry[1]
    return made


@pure("object.has", "object, key", "Whether it has a key.", {"a": None}, "a", gives=True, work=LOOKS_UP)
def has(value: Value, key: Value) -> Value:
    return text(key, "key") in fields(value, "object")


@pure(
    "object.get",
    "object, path, otherwise?",
    "What a path of keys and positions leads to.",
    {"a": [{"b": 7}]},
    "a.0.b",
    gives=7,
    work=Work(reads=0, more=_path),
)
def get(value: Value, path: Value, otherwise: Value = None) -> Value:
    found: Value = value
    for part in text(path, "path").split("."):
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isascii() and part.isdigit() and len(part) < 8 and int(part) < len(found):
            found = found[int(part)]
        else:
            return otherwise
    return found


@pure(
    "object.lookup",
    "object, key, otherwise?",
    "The value of a key, also if that is `null`; what stands for it where there is none.",
    {"a": None},
    "a",
    5,
    gives=None,
    work=LOOKS_UP,
)
def lookup(value: Value, key: Value, otherwise: Value = None) -> Value:
    return fields(value, "object").get(text(key, "key"), otherwise)


@pure("object.set", "object, key, value", "With a key set.", {"a": 1}, "b", 2, gives={"a": 1, "b": 2})
def set_(value: Value, key: Value, inner: Value) -> Value:
    return {**fields(value, "object"), text(key, "key"): inner}


@pure("object.without", "object, keys", "Without some keys.", {"a": 1, "b": 2}, ["a"], gives={"b": 2})
def without(value: Value, names: Value) -> Value:
    gone = set(texts(names, "keys"))
    return {name: inner for name, inner in fields(value, "object").items() if name not in gone}


@pure("object.pick", "object, keys", "With some keys only.", {"a": 1, "b": 2}, ["a"], gives={"a": 1})
def pick(value: Value, names: Value) -> Value:
    wanted = set(texts(names, "keys"))
    return {name: inner for name, inner in fields(value, "object").items() if name in wanted}


@pure("object.rename", "object, from, to", "With a key renamed.", {"a": 1}, "a", "b", gives={"b": 1})
def rename(value: Value, old: Value, new: Value) -> Value:
    before, after = text(old, "from"), text(new, "to")
    return {after if name == before else name: inner for name, inner in fields(value, "object").items()}


@pure(
    "object.merge",
    "object, others…",
    "With the keys of others; the last counts.",
    {"a": 1},
    {"a": 2, "b": 3},
    gives={"a": 2, "b": 3},
)
def merge(value: Value, *others: Value) -> Value:
    merged = dict(fields(value, "object"))
    for index, other in enumerate(others):
        merged |= fields(other, f"others[{index}]")
    return merged


@pure(
    "object.deep_merge",
    "object, other",
    "Objects within merged as well.",
    {"a": {"x": 1}},
    {"a": {"y": 2}},
    gives={"a": {"x": 1, "y": 2}},
)
def deep_merge(value: Value, other: Value) -> Value:
    return _merged(fields(value, "object"), fields(other, "other"), 0)


def _merged(left: dict[str, Value], right: dict[str, Value], level: int) -> dict[str, Value]:
    if level > NESTING:
        raise ValueError(f"a value is nested deeper than the limit of {NESTING} levels")
    merged = dict(left)
    for name, inner in right.items():
        mine = merged.get(name)
        merged[name] = _merged(mine, inner, level + 1) if isinstance(mine, dict) and isinstance(inner, dict) else inner
    return merged


@pure("object.is_empty", "object", "Whether it has no keys.", {}, gives=True, work=LOOKS_UP)
def is_empty(value: Value) -> Value:
    return not fields(value, "object")


@pure(
    "object.zip", "keys, values", "Keys with values at the same positions.", ["a", "b"], [1, 2], gives={"a": 1, "b": 2}
)
def zip_(names: Value, inner: Value) -> Value:
    found = texts(names, "keys")
    bounded_items(len(found), "the object")
    return dict(zip(found, items(inner, "values"), strict=False))
