"""`list.*`: lists. None of these changes the list it is given: each gives a new one. Positions count from 0."""

from collections.abc import Callable, Hashable
from itertools import batched, islice
from operator import itemgetter

from domain.program.builtins.arguments import bounded, bounded_items, fields, items, number, text, whole
from domain.program.builtins.registry import LOOKS_UP, Work, pure
from domain.program.values import Value, dumps, is_equal, is_truthy, kind_of, text_of

_value = itemgetter(0)


@pure("list.length", "list", "How many items it has.", [1, 2, 3], gives=3, work=LOOKS_UP)
def length(values: Value) -> Value:
    return len(items(values, "list"))


@pure("list.first", "list", "Its first item, `null` of an empty one.", [1, 2], gives=1, work=LOOKS_UP)
def first(values: Value) -> Value:
    return next(iter(items(values, "list")), None)


@pure("list.last", "list", "Its last item, `null` of an empty one.", [1, 2], gives=2, work=LOOKS_UP)
def last(values: Value) -> Value:
    found = items(values, "list")
    return next(reversed(found), None)


@pure(
    "list.slice",
    "list, start, end?",
    "From start up to, not including, end.",
    [1, 2, 3],
    1,
    gives=[2, 3],
    work=LOOKS_UP,
)
def slice_(values: Value, start: Value, end: Value = None) -> Value:
    return items(values, "list")[whole(start, "start") : None if end is None else whole(end, "end")]


@pure("list.take", "list, count", "Its first items.", [1, 2, 3], 2, gives=[1, 2], work=LOOKS_UP)
def take(values: Value, count: Value) -> Value:
    return items(values, "list")[: max(whole(count, "count"), 0)]


@pure("list.skip", "list, count", "All but its first items.", [1, 2, 3], 2, gives=[3], work=LOOKS_UP)
def skip(values: Value, count: Value) -> Value:
    return items(values, "list")[max(whole(count, "count"), 0) :]


@pure("list.append", "list, items…", "With items at its end.", [1], 2, 3, gives=[1, 2, 3])
def append(values: Value, *more: Value) -> Value:
    return [*items(values, "list"), *more]


@pure("list.prepend", "list, items…", "With items at its start.", [3], 1, 2, gives=[1, 2, 3])
def prepend(values: Value, *more: Value) -> Value:
    return [*more, *items(values, "list")]


@pure("list.concat", "lists…", "One list after the other.", [1], [2, 3], gives=[1, 2, 3])
def concat(*lists: Value) -> Value:
    return [item for index, values in enumerate(lists) for item in items(values, f"lists[{index}]")]


@pure("list.reverse", "list", "From its end to its start.", [1, 2], gives=[2, 1])
def reverse(values: Value) -> Value:
    return items(values, "list")[::-1]


@pure(
    "list.range",
    "start, stop, step?",
    "Numbers from start up to, not including, stop.",
    0,
    6,
    2,
    gives=[0, 2, 4],
    work=Work(calls=2),
)
def range_(start: Value, stop: Value, step: Value = 1) -> Value:
    by = whole(step, "step")
    if by == 0:
        raise ValueError("step must not be 0")
    numbers = range(whole(start, "start"), whole(stop, "stop"), by)
    bounded_items(-((numbers.start - numbers.stop) // by), "the list")
    return list(numbers)


@pure("list.contains", "list, item", "Whether it has such an item.", [1, {"a": 2}], {"a": 2}, gives=True)
def contains(values: Value, item: Value) -> Value:
    return any(is_equal(value, item) for value in items(values, "list"))


@pure("list.index_of", "list, item", "Where such an item first stands, or -1.", ["a", "b"], "b", gives=1)
def index_of(values: Value, item: Value) -> Value:
    return next((index for index, value in enumerate(items(values, "list")) if is_equal(value, item)), -1)


@pure("list.join", "list, separator?", "Its items as one text.", ["a", 1], "-", gives="a-1")
def join(values: Value, separator: Value = ", ") -> Value:
    parts, mark = [text_of(item) for item in items(values, "list")], text(separator, "separator")
    bounded(sum(map(len, parts)) + len(mark) * (len(parts) - 1), "the text")
    return mark.join(parts)


@pure("list.compact", "list", "Without `null`, `false`, 0 and empty texts.", [0, 1, None, ""], gives=[1])
def compact(values: Value) -> Value:
    return [item for item in items(values, "list") if item or isinstance(item, list | dict)]


@pure(
    "list.unique",
    "list, key?",
    "Each item once, or each value of a key once.",
    [1, 2, 1],
    gives=[1, 2],
    work=Work(reads=2),
)
def unique(values: Value, key: Value = None) -> Value:
    name, found = _name(key), dict[Hashable, Value]()
    for index, item in enumerate(items(values, "list")):
        found.setdefault(_identity(_keyed(item, name, index)), item)
    return list(found.values())


@pure(
    "list.sort", "list, key?", "In ascending order: numbers, or texts, or objects by a key.", [3, 1, 2], gives=[1, 2, 3]
)
def sort(values: Value, key: Value = None) -> Value:
    return _sorted(values, key, descending=False)


@pure(
    "list.sort_descending",
    "list, key?",
    "In descending order, equal items in theirs.",
    [{"n": 1}, {"n": 2}],
    "n",
    gives=[{"n": 2}, {"n": 1}],
)
def sort_descending(values: Value, key: Value = None) -> Value:
    return _sorted(values, key, descending=True)


def _sorted(values: Value, key: Value, *, descending: bool) -> Value:
    name = _name(key)
    keyed = [(_keyed(item, name, index), item) for index, item in enumerate(items(values, "list"))]
    kinds = {kind_of(value) for value, _ in keyed} - {"null"}
    if kinds - {"number", "string"} or len(kinds) > 1:
        raise ValueError(f"only numbers or only strings can be sorted, not {' and '.join(sorted(kinds))}")
    valued = sorted(((value, item) for value, item in keyed if value is not None), key=_value, reverse=descending)
    # What has no value comes last in either order.
    return [item for _, item in valued] + [item for value, item in keyed if value is None]


@pure("list.pluck", "list, key", "Of every object the value of a key.", [{"a": 1}, {"a": 2}], "a", gives=[1, 2])
def pluck(values: Value, key: Value) -> Value:
    name = text(key, "key")
    return [_keyed(item, name, index) for index, item in enumerate(items(values, "list"))]


@pure(
    "list.where", "list, key, value", "The objects with such a value.", [{"a": 1}, {"a": 2}], "a", 2, gives=[{"a": 2}]
)
def where(values: Value, key: Value, value: Value) -> Value:
    name = text(key, "key")
    return [item for index, item in enumerate(items(values, "list")) if is_equal(_keyed(item, name, index), value)]


@pure(
    "list.group_by",
    "list, key",
    "The objects by the text of a key.",
    [{"a": "x"}, {"a": "y"}],
    "a",
    gives={"x": [{"a": "x"}], "y": [{"a": "y"}]},
    work=Work(reads=2),
)
def group_by(values: Value, key: Value) -> Value:
    groups: dict[str, Value] = {}
    name = text(key, "key")
    for index, item in enumerate(items(values, "list")):
        group = groups.setdefault(text_of(_keyed(item, name, index)), [])
        group.append(item)  # type: ignore[union-attr]
    return groups


@pure(
    "list.index_by",
    "list, key",
    "The objects by the text of a key, the last counting.",
    [{"id": 7}],
    "id",
    gives={"7": {"id": 7}},
)
def index_by(values: Value, key: Value) -> Value:
    name = text(key, "key")
    return {text_of(_keyed(item, name, index)): item for index, item in enumerate(items(values, "list"))}


@pure("list.sum", "list, key", "The sum of the numbers of a key.", [{"n": 1}, {"n": 2}], "n", gives=3)
def sum_(values: Value, key: Value) -> Value:
    name = text(key, "key")
    found = items(values, "list")
    try:
        return sum(number(_keyed(item, name, index), f"list[{index}].{name}") for index, item in enumerate(found))
    except OverflowError:
        raise ValueError("the result is too large for a number") from None


@pure("list.flatten", "list", "With the items of the lists in it, one level.", [1, [2, [3]]], gives=[1, 2, [3]])
def flatten(values: Value) -> Value:
    return [item for value in items(values, "list") for item in (value if isinstance(value, list) else [value])]


@pure("list.chunk", "list, size", "In lists of so many items.", [1, 2, 3], 2, gives=[[1, 2], [3]])
def chunk(values: Value, size: Value) -> Value:
    each = whole(size, "size")
    if each < 1:
        raise ValueError(f"size must be at least 1, not {each}")
    found = items(values, "list")
    return [list(some) for some in batched(found, min(each, max(len(found), 1)), strict=False)]


@pure(
    "list.zip",
    "left, right",
    "Pairs of the items at the same positions.",
    [1, 2],
    ["a", "b"],
    gives=[[1, "a"], [2, "b"]],
)
def zip_(left: Value, right: Value) -> Value:
    return [list(pair) for pair in zip(items(left, "left"), items(right, "right"), strict=False)]


@pure(
    "list.enumerate",
    "list, start?",
    "Pairs of the positions, from 0 or from start, and the items.",
    ["a", "b"],
    gives=[[0, "a"], [1, "b"]],
)
def enumerate_(values: Value, start: Value = 0) -> Value:
    return [[position, item] for position, item in enumerate(items(values, "list"), whole(start, "start"))]


@pure("list.any", "list", "Whether one of its items is truthy.", [0, 1], gives=True)
def any_(values: Value) -> Value:
    return any(map(is_truthy, items(values, "list")))


@pure("list.all", "list", "Whether all of its items are truthy.", [0, 1], gives=False)
def all_(values: Value) -> Value:
    return all(map(is_truthy, items(values, "list")))


@pure("list.union", "left, right", "Each item of either once.", [1, 2], [2, 3], gives=[1, 2, 3], work=Work(reads=2))
def union(left: Value, right: Value) -> Value:
    return unique([*items(left, "left"), *items(right, "right")])


@pure(
    "list.intersection",
    "left, right",
    "The items of the one that the other has too.",
    [1, 2],
    [2, 3],
    gives=[2],
    work=Work(reads=2),
)
def intersection(left: Value, right: Value) -> Value:
    return _kept(left, right, lambda is_there: is_there)


@pure(
    "list.difference",
    "left, right",
    "The items of the one that the other has not.",
    [1, 2],
    [2, 3],
    gives=[1],
    work=Work(reads=2),
)
def difference(left: Value, right: Value) -> Value:
    return _kept(left, right, lambda is_there: not is_there)


def _kept(left: Value, right: Value, wanted: Callable[[bool], bool]) -> Value:
    others = {_identity(item) for item in items(right, "right")}
    return [item for item in items(left, "left") if wanted(_identity(item) in others)]


@pure("list.is_empty", "list", "Whether it has no items.", [], gives=True, work=LOOKS_UP)
def is_empty(values: Value) -> Value:
    return not any(True for _ in islice(items(values, "list"), 1))


def _name(key: Value) -> str | None:
    """A key that may be left out; one that is none is refused even where there is no item to look into."""
    return None if key is None else text(key, "key")


def _keyed(item: Value, key: str | None, index: int) -> Value:
    if key is None:
        return item
    return item.get(key) if isinstance(item, dict) else fields(item, f"list[{index}]").get(key)


def _identity(value: Value) -> Hashable:
    """What is the same for equal values: the order of keys does not count, nor how a number is written."""
    if isinstance(value, list | dict):
        return "nested", dumps(_plain(value))
    return ("boolean", value) if isinstance(value, bool) else value


def _plain(value: Value) -> Value:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(value[name]) for name in sorted(value)}
    return value
