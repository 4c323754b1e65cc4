"""Documents in JSON, or in YAML as its equal: what they say, and where each part of that stands."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from domain.program.findings import START, Finding, Position, SourceFinding, place
from domain.program.values import NoJson, Value, loads

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,"\s]+', re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")
_FOREIGN = {f"tag:yaml.org,2002:{name}" for name in ("binary", "omap", "pairs", "set", "timestamp")}
_MARK = "\ufeff"


class Unreadable(Exception):
    """A text is no document; `position` is where it stops being one, and the text says why."""

    def __init__(self, position: Position, sentence: str) -> None:
        super().__init__(sentence)
        self.position = position


@dataclass(frozen=True, slots=True)
class Places:
    """Where things begin, by their paths: the values, and the keys of objects."""

    values: dict[str, Position] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)

    def of(self, finding: Finding, root: str = "") -> SourceFinding:
        """A finding of what stands at `root`, with its place."""
        own = "" if finding.path == "program" else finding.path
        path = _joined(root, own) if own else root
        within = _joined(path, finding.within) if finding.within else path
        found = self.keys.get(within) if finding.is_key else None
        return SourceFinding(
            found or place(within, self.values), finding.message, finding.severity, finding.path if root else own
        )


@dataclass(frozen=True)
class Document:
    """What a text says, and the text."""

    value: Value
    text: str
    is_json: bool

    @cached_property
    def places(self) -> Places:
        """Where each part of the value stands."""
        parts = _json_parts(self.text) if self.is_json else _yaml_parts(self.text)
        lines, places = _Lines(self.text), Places()
        for path, key, value in parts:
            # Of a key that has a dot in it, another path may be the same: the first one stays.
            places.values.setdefault(path, lines.position(value))
            if key is not None:
                places.keys.setdefault(path, lines.position(key))
        return places


def read(text: str, *, is_json: bool) -> Document:
    """Read a document, or raise `Unreadable`."""
    if not is_json:
        return Document(_read_yaml(text), text, is_json)
    try:
        return Document(loads(text), text, is_json)
    except NoJson as error:
        raise Unreadable(Position(error.line, error.column), f"it is not JSON: {error.reason}") from None
    except ValueError as error:
        raise Unreadable(_Lines(text).position(_json_culprit(text)), str(error)) from None


class _Lines:
    """The positions of a text by the indexes of its characters."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        # A mark of the encoding is no part of the first line.
        self._hidden = len(text) - len(text.removeprefix(_MARK))

    def position(self, index: int) -> Position:
        line = bisect.bisect_right(self._starts, index)
        column = index - self._starts[line - 1] - (self._hidden if line == 1 else 0)
        return Position(line, max(column, 0) + 1)


type _Part = tuple[str, int | None, int]
"""A path, and the indexes at which its key, if it has one, and its value begin."""


def _joined(path: str, step: str | int) -> str:
    if isinstance(step, int):
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def _json_parts(text: str) -> Iterator[_Part]:
    """The parts of a text that is JSON."""
    # Of each object and list around: its path, and its present key, or index, with where that begins.
    around: list[tuple[str, str | int, int | None]] = []
    is_key = False
    for match in _TOKEN.finditer(text):
        word, at = match.group(), match.start()
        if word in "]}":
            around.pop()
            is_key = False
        elif word == ",":
            path, step, _ = around[-1]
            is_key = isinstance(step, str)
            around[-1] = (path, step if isinstance(step, str) else step + 1, None)
        elif word == ":":
            is_key = False
        elif is_key:
            around[-1] = (around[-1][0], json.loads(word), at)
        else:
            path, key = (_joined(around[-1][0], around[-1][1]), around[-1][2]) if around else ("", None)
            yield path, key, at
            if word in "[{":
                around.append((path, 0 if word == "[" else "", None))
                is_key = word == "{"


def _json_culprit(text: str) -> int:
    """Where the first key that stands twice, or the first number that is none of ours, begins."""
    seen: set[str] = set()
    try:
        for path, key, value in _json_parts(text):
            scalar = _TOKEN.match(text, value)
            if key is not None and path in seen:
                return key
            seen.add(path)
            if scalar and scalar.group() not in "[{":
                loads(scalar.group())
    except ValueError:
        return value
    return 0


def _read_yaml(text: str) -> Value:
    try:
        value: Value = _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(_Lines(text).position(mark.index) if mark else START, _said(error)) from None
    except yaml.reader.ReaderError as error:
        sentence = f"it is not YAML: the character U+{error.character:04X} cannot stand in it"
        raise Unreadable(_Lines(text).position(error.position), sentence) from None
    except RecursionError:
        raise Unreadable(START, "it is nested too deep") from None
    return value


def _said(error: yaml.MarkedYAMLError) -> str:
    return str(error.problem) if isinstance(error, _Refused) else f"it is not YAML: {error.problem}"


def _yaml_parts(text: str) -> Iterator[_Part]:
    """The parts of a text that is YAML of ours."""
    waiting: list[tuple[str, Any, Any]] = [("", None, yaml.compose(text, Loader=_Loader))]
    while waiting:
        path, key, node = waiting.pop()
        if node is None:
            return
        yield path, key.start_mark.index if key else None, node.start_mark.index
        if isinstance(node, yaml.MappingNode):
            waiting += [(_joined(path, key.value), key, value) for key, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(_joined(path, index), None, value) for index, value in enumerate(node.value)]


def to_yaml(value: Value) -> str:
    """Write a value as YAML that reads back as exactly this value."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


class _Refused(yaml.MarkedYAMLError):
    """YAML that says what JSON cannot."""

    def __init__(self, sentence: str, mark: Any) -> None:
        super().__init__(None, None, sentence, mark)


class _Loader(yaml.SafeLoader):
    """YAML with JSON's kinds only: what looks like a date or a `yes` stays the string that it is."""

    # An alias makes one node stand in many places: a few lines could name more than any memory holds.
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _Refused("aliases are not supported", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        name = str(node.tag).removeprefix("tag:yaml.org,2002:")
        if node.tag in _FOREIGN:
            raise _Refused(f"the tag !!{name} makes nothing that JSON has", node.start_mark)
        try:
            return super().construct_object(node, deep)
        # What PyYAML itself raises for a scalar that is not what its tag says.
        except (ValueError, KeyError, IndexError):
            raise _Refused(f"it is no {name}, as its tag says", node.start_mark) from None


class _Dumper(yaml.SafeDumper):
    """Writes every node where it stands."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise _Refused(f"the key {key!r} is not a string", key_node.start_mark)
        if key in found:
            raise _Refused(f"the key {json.dumps(key)} stands twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _number(loader: _Loader, node: yaml.ScalarNode) -> Value:
    try:
        return loads(loader.construct_scalar(node))
    except ValueError as error:
        raise _Refused(str(error), node.start_mark) from None


def _json_kinds(cls: Any) -> None:
    """JSON's own spelling of `true`, `null` and numbers; all other plain words are strings."""
    number = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
    cls.yaml_implicit_resolvers = {}
    cls.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
    cls.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
    cls.add_implicit_resolver("tag:lodol,2026:number", re.compile(f"^{number}$"), list("-0123456789"))


_json_kinds(_Loader)
_json_kinds(_Dumper)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:lodol,2026:number", _number)
for _kind in (int, float):
    _Dumper.add_representer(
        _kind, lambda dumper, value: dumper.represent_scalar("tag:lodol,2026:number", json.dumps(value))
    )
