"""Random programs of every kind of node, each without findings but those that come of their literal arguments."""

from typing import Any

from hypothesis import strategies as st

from domain.callables import SIGNATURES
from tests.support.programs import call, literal, var

NAMES = ("a", "b", "x", "x_", "class", "list", "len", "value", "Exception", "fail", "_", "input", "__debug__", "any")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6) | st.sampled_from(
    ['"', "'''", '"""', "{x}", "\\n", "\\", "\r\n", "#", "}{", "a" * 30, "é\u2028\x85", "from", "__class__", "ﬁ"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
OPERATORS = ("+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "??")
CALLABLES = sorted(SIGNATURES)
OFTEN = ("http.request", "email.send", "human.create", "number.power", "list.range", *CALLABLES[-10:])
FIELDS = ("headers", "json", "to", "subject", "timeoutSeconds", "decisions", "other")


class Builder:
    """Draws a program from the outside in, so that it knows which variables there are."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def draw(self, *choices: Any) -> Any:
        """One of some choices."""
        return self._draw(st.sampled_from(choices))

    def count(self, most: int) -> int:
        """A number up to another."""
        return int(self._draw(st.integers(0, most)))

    def program(self) -> dict[str, Any]:
        return {"kind": "Program", "body": self.statements([{"input"}], 3, 3, in_loop=False)}

    def statements(self, scopes: list[set[str]], most: int, depth: int, *, in_loop: bool) -> list[Any]:
        return [self.statement(scopes, depth, in_loop=in_loop) for _ in range(self.count(most))]

    def statement(self, scopes: list[set[str]], depth: int, *, in_loop: bool) -> Any:
        simple = ["let", "let", "assign", "expr", "expr", "return", "fail", "throw", *(["leave"] if in_loop else [])]
        nested = ["if", "if", "block", "for", "while", "try"] if depth else []
        below = depth - 1
        match self.draw(*simple, *nested):
            case "let" if free := [name for name in NAMES if name not in scopes[-1]]:
                init = self.expression(scopes, 3) if self.count(5) else None
                name = self.draw(*free)
                scopes[-1].add(name)
                return {"kind": "LetStmt", "name": name, **({"init": init} if init else {})}
            case "assign" | "let":
                return {"kind": "AssignStmt", "name": self.known(scopes), "value": self.expression(scopes, 3)}
            case "return":
                return {"kind": "ReturnStmt", **self.maybe("value", scopes)}
            case "fail":
                return {"kind": "FailStmt", "message": self.expression(scopes, 2)}
            case "throw":
                return {"kind": "ThrowStmt", "message": self.expression(scopes, 2)}
            case "leave":
                return {"kind": self.draw("BreakStmt", "ContinueStmt")}
            case "if":
                node = {"kind": "IfStmt", "cond": self.expression(scopes, 2)}
                node["thenBranch"] = self.statement([*scopes, set()], below, in_loop=in_loop)
                if self.count(1):
                    node["elseBranch"] = self.statement([*scopes, set()], below, in_loop=in_loop)
                return node
            case "block":
                return {"kind": "BlockStmt", "body": self.statements([*scopes, set()], 3, below, in_loop=in_loop)}
            case "for":
                iterable, names = self.expression(scopes, 2), self.names()
                body = self.statement([*scopes, self.own(names), set()], below, in_loop=True)
                return {"kind": "ForEachStmt", **names, "iterable": iterable, "body": body}
            case "while":
                body = self.statement([*scopes, set()], below, in_loop=True)
                return {"kind": "WhileStmt", "cond": self.expression(scopes, 2), "body": body}
            case "try":
                name = self.draw(*NAMES)
                body = self.statement([*scopes, set()], below, in_loop=in_loop)
                handler = self.statement([*scopes, {name}, set()], below, in_loop=in_loop)
                return {"kind": "TryStmt", "body": body, "name": name, "handler": handler}
            case _:
                return {"kind": "ExprStmt", "expr": self.expression(scopes, 4)}

    def known(self, scopes: list[set[str]]) -> str:
        return str(self.draw(*sorted(set().union(*scopes))))

    def maybe(self, field: str, scopes: list[set[str]]) -> dict[str, Any]:
        return {field: self.expression(scopes, 2)} if self.count(2) else {}

    def names(self) -> dict[str, Any]:
        chosen = self._draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
        return {"name": chosen[0], **({"others": chosen[1:]} if chosen[1:] else {})}

    def own(self, names: dict[str, Any]) -> set[str]:
        return {names["name"], *names.get("others", [])}

    def expression(self, scopes: list[set[str]], depth: int) -> Any:
        leaves = ["literal", "variable"]
        nested = ["binary", "binary", "unary", "call", "call", "member", "index", "array", "object", "cond", "template"]

        def inner() -> Any:
            return self.expression(scopes, depth - 1)

        match self.draw(*leaves, *(("list", "dict", *nested) if depth else ())):
            case "literal":
                return literal(self._draw(VALUES))
            case "variable":
                return var(self.known(scopes))
            case "binary":
                return {"kind": "BinaryExpr", "op": self.draw(*OPERATORS), "left": inner(), "right": inner()}
            case "unary":
                return {"kind": "UnaryExpr", "op": self.draw("!", "-"), "operand": inner()}
            case "call":
                signature = SIGNATURES[self.draw(*CALLABLES, *OFTEN, *OFTEN)]
                most = signature.fewest + 2 if signature.most is None else signature.most
                args = [inner() for _ in range(signature.fewest + self.count(most - signature.fewest))]
                if args and self.count(1):
                    args[-1] = self.object(scopes, 1, FIELDS)
                return call(signature.name, *args)
            case "member":
                return {"kind": "MemberExpr", "object": inner(), "property": self._draw(TEXTS)}
            case "index":
                return {"kind": "IndexExpr", "object": inner(), "index": inner()}
            case "array":
                return {"kind": "ArrayExpr", "elements": [inner() for _ in range(self.count(3))]}
            case "object":
                return self.object(scopes, depth - 1, ("a", "b", '"', "{"))
            case "cond":
                return {"kind": "CondExpr", "cond": inner(), "then": inner(), "else": inner()}
            case "template":
                parts = [self._draw(TEXTS) if self.count(1) else inner() for _ in range(self.count(4))]
                return {"kind": "TemplateExpr", "parts": parts}
            case kind:
                names = self.names()
                within = [*scopes, self.own(names)]
                loop = {**names, "iterable": inner()}
                if self.count(1):
                    loop["cond"] = self.expression(within, depth - 1)
                if kind == "list":
                    return {"kind": "ListCompExpr", "element": self.expression(within, depth - 1), **loop}
                key, value = self.expression(within, depth - 1), self.expression(within, depth - 1)
                return {"kind": "DictCompExpr", "key": key, "value": value, **loop}

    def object(self, scopes: list[set[str]], depth: int, keys: tuple[str, ...]) -> Any:
        properties = [{"key": self.draw(*keys), "value": self.expression(scopes, depth)} for _ in range(self.count(3))]
        return {"kind": "ObjectExpr", "properties": properties}


@st.composite
def programs(draw: Any) -> dict[str, Any]:
    """Programs without names that were never declared, and with every kind of node."""
    return Builder(draw).program()
