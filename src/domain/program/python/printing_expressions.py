"""Writes expressions of programs as Python."""

from __future__ import annotations

import keyword
import unicodedata
from enum import IntEnum

from domain.program.python.context import Tree
from domain.program.python.names import FUNCTIONS
from domain.program.signatures import Signatures, snake_case
from domain.program.values import Value


class Binds(IntEnum):
    """How tightly an expression holds together, from what needs parentheses nearly everywhere to what needs none."""

    IF = 1
    OR = 2
    AND = 3
    NOT = 4
    COMPARED = 5
    SUM = 6
    PRODUCT = 7
    SIGN = 8
    POWER = 9
    ATOM = 10


_OPERATORS: dict[str, tuple[str, Binds]] = {
    "&&": ("and", Binds.AND),
    "||": ("or", Binds.OR),
    "+": ("+", Binds.SUM),
    "-": ("-", Binds.SUM),
    "*": ("*", Binds.PRODUCT),
    "/": ("/", Binds.PRODUCT),
    "%": ("%", Binds.PRODUCT),
}
_ESCAPES = {"\\": "\\\\", '"': '\\"'}
_NAMES = {alias.callee: name for name, alias in FUNCTIONS.items()}

type Written = tuple[str, Binds]


class Expressions:
    """Writes the expressions of one program, and notes what they need to have imported."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self.imports: set[str] = set()

    def write(self, node: Tree, least: Binds = Binds.IF) -> str:
        """An expression, in parentheses where it stands beside what holds tighter."""
        text, binds = self._written(node)
        return text if binds >= least else f"({text})"

    def _written(self, node: Tree) -> Written:
        match node:
            case {"kind": "Literal", "value": value}:
                return literal(value), Binds.SIGN if _is_signed(value) else Binds.ATOM
            case {"kind": "VarRef", "name": name}:
                return name, Binds.ATOM
            case {"kind": "BinaryExpr"}:
                return self._binary(node)
            case {"kind": "UnaryExpr", "op": "-", "operand": operand}:
                return f"-{self.write(operand, Binds.SIGN)}", Binds.SIGN
            case {"kind": "UnaryExpr", "operand": {"kind": "CallExpr", "callee": "value.is_in", "args": [item, among]}}:
                return self._compared(item, "not in", among)
            case {"kind": "UnaryExpr", "operand": operand}:
                return f"not {self.write(operand, Binds.NOT)}", Binds.NOT
            case {"kind": "CallExpr", "callee": callee}:
                return self._call(callee, node.get("args", []))
            case {"kind": "MemberExpr", "object": of, "property": name}:
                return self._member(of, name), Binds.ATOM
            case {"kind": "IndexExpr", "object": of, "index": index}:
                return f"{self._postfixed(of)}[{self.write(index)}]", Binds.ATOM
            case {"kind": "ArrayExpr", "elements": elements}:
                return f"[{self._listed(elements)}]", Binds.ATOM
            case {"kind": "ObjectExpr", "properties": properties}:
                pairs = (f"{quoted(each['key'])}: {self.write(each['value'])}" for each in properties)
                return f"{{{', '.join(pairs)}}}", Binds.ATOM
            case {"kind": "CondExpr", "cond": cond, "then": then, "else": otherwise}:
                chosen = f"{self.write(then, Binds.OR)} if {self.write(cond, Binds.OR)}"
                return f"{chosen} else {self.write(otherwise)}", Binds.IF
            case {"kind": "ListCompExpr", "element": element}:
                return f"[{self.write(element)} {self.loop(node)}]", Binds.ATOM
            case {"kind": "DictCompExpr", "key": key, "value": value}:
                return f"{{{self.write(key)}: {self.write(value)} {self.loop(node)}}}", Binds.ATOM
            case _:
                parts = (braced(part) if isinstance(part, str) else self._within(part) for part in node["parts"])
                return f'f"{"".join(parts)}"', Binds.ATOM

    def _postfixed(self, node: Tree) -> str:
        """What a property, an item or a slice is taken of; a point after a number would be one of its digits."""
        text = self.write(node, Binds.ATOM)
        is_number = node["kind"] == "Literal" and isinstance(node["value"], int | float)
        return f"({text})" if is_number and not text.startswith("(") else text

    def _listed(self, nodes: list[Tree]) -> str:
        return ", ".join(map(self.write, nodes))

    def _binary(self, node: Tree) -> Written:
        op, left, right = node["op"], node["left"], node["right"]
        if op == "??":
            self.imports.add("coalesce")
            return f"coalesce({self._listed([left, right])})", Binds.ATOM
        if op in _OPERATORS:
            written, binds = _OPERATORS[op]
            return f"{self.write(left, binds)} {written} {self.write(right, Binds(binds + 1))}", binds
        is_one_of_three = right["kind"] == "Literal" and (right["value"] is None or isinstance(right["value"], bool))
        if is_one_of_three and op in {"==", "!="}:
            op = "is" if op == "==" else "is not"
        return self._compared(left, op, right)

    def _compared(self, left: Tree, op: str, right: Tree) -> Written:
        return f"{self.write(left, Binds.SUM)} {op} {self.write(right, Binds.SUM)}", Binds.COMPARED

    def _call(self, callee: str, args: list[Tree]) -> Written:
        match callee, args:
            case "value.is_in", [item, among]:
                return self._compared(item, "in", among)
            case "value.slice", [of, *bounds]:
                return f"{self._postfixed(of)}[{self._bounds(bounds)}]", Binds.ATOM
            case "number.floor_divide", [left, right]:
                return f"{self.write(left, Binds.PRODUCT)} // {self.write(right, Binds.SIGN)}", Binds.PRODUCT
            case "number.power", [base, exponent]:
                return f"{self.write(base, Binds.ATOM)} ** {self.write(exponent, Binds.ATOM)}", Binds.POWER
            case "list.range", [{"kind": "Literal", "value": 0}, stop] if args[0]["value"] is not False:
                return f"range({self.write(stop)})", Binds.ATOM
            case "list.range", _:
                return f"range({self._listed(args)})", Binds.ATOM
        if callee in _NAMES:
            return f"{_NAMES[callee]}({self._listed(args)})", Binds.ATOM
        return f"{callee}({', '.join(self._arguments(callee, args))})", Binds.ATOM

    def _arguments(self, callee: str, args: list[Tree]) -> list[str]:
        """The arguments of a call, the fields of an object that it takes last as keywords."""
        self.imports.add(callee.partition(".")[0])
        taken, last = self._signatures[callee].parameters, len(args) - 1
        fields = taken[last].fields if 0 <= last < len(taken) else ()
        if keywords := self._keywords(args[-1], fields) if fields else []:
            return [*map(self.write, args[:-1]), *keywords]
        return [self.write(arg) for arg in args]

    def parts(self, node: Tree) -> tuple[str, list[str], str]:
        """What a call, an object or a list begins with, is made of and ends with; nothing of what is none of these."""
        match node:
            case {"kind": "CallExpr", "callee": callee, "args": args} if self.write(node).startswith(f"{callee}("):
                return f"{callee}(", self._arguments(callee, args), ")"
            case {"kind": "ArrayExpr", "elements": elements}:
                return "[", [self.write(each) for each in elements], "]"
            case {"kind": "Literal", "value": list(values)}:
                return "[", [literal(each) for each in values], "]"
            case _:
                pairs = [f"{quoted(key)}: {self.write(value)}" for key, value in _properties(node)]
                return "{", pairs, "}"

    def _keywords(self, argument: Tree, fields: tuple[str, ...]) -> list[str]:
        """The fields of an object as keywords; none where not all of them can be, each once."""
        properties = _properties(argument)
        keys = [key for key, _ in properties]
        if not set(keys) <= set(fields) or len(set(keys)) < len(keys):
            return []
        return [f"{snake_case(key)}={self.write(value)}" for key, value in properties]

    def _bounds(self, bounds: list[Tree]) -> str:
        """What stands in the brackets of a slice; of its nulls only one that comes last is written."""
        last = len(bounds) - 1
        written = ["" if _is_null(each) and i < last else self.write(each) for i, each in enumerate(bounds)]
        return ":".join(written) if len(written) > 1 else f"{''.join(written)}:"

    def _member(self, of: Tree, name: str) -> str:
        is_dunder = name.startswith("__") and name.endswith("__")
        is_plain = name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name
        if is_plain and not is_dunder:
            return f"{self._postfixed(of)}.{name}"
        return f"getattr({self.write(of)}, {quoted(name)})"

    def loop(self, node: Tree) -> str:
        """What a loop or a comprehension goes over, by which names, and on which condition."""
        names = ", ".join([node["name"], *node.get("others", [])])
        text = f"for {names} in {self.write(node['iterable'], Binds.OR)}"
        return f"{text} if {self.write(node['cond'], Binds.OR)}" if node.get("cond") else text

    def _within(self, node: Tree) -> str:
        """An expression within a template, where a brace at either end would be a brace of the text."""
        text = self.write(node)
        return f"{{ {text} }}" if text.startswith("{") or text.endswith("}") else f"{{{text}}}"


def _properties(node: Tree) -> list[tuple[str, Tree]]:
    """The keys and values of an object that stands as it is in a program."""
    if node["kind"] == "ObjectExpr":
        return [(each["key"], each["value"]) for each in node["properties"]]
    if node["kind"] == "Literal" and isinstance(node["value"], dict):
        return [(key, {"kind": "Literal", "value": value}) for key, value in node["value"].items()]
    return []


def _is_null(node: Tree) -> bool:
    return bool(node["kind"] == "Literal" and node["value"] is None)


def _is_signed(value: Value) -> bool:
    return isinstance(value, int | float) and str(value).startswith("-")


def literal(value: Value) -> str:
    """A value as Python writes it."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{quoted(key)}: {literal(inner)}' for key, inner in value.items())}}}"
    return repr(value)


def quoted(text: str) -> str:
    """A text in quotation marks, on one line."""
    return f'"{_escaped(text)}"'


def braced(text: str) -> str:
    """A text within a template, in which a brace stands twice."""
    return _escaped(text).replace("{", "{{").replace("}", "}}")


def _escaped(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if character.isprintable() else character.encode("unicode_escape").decode()
