"""Random sources of what Python and the language have in common, each expression of a kind that it is used as."""

from typing import Any

from hypothesis import strategies as st

HEAD = (
    "from lodol.workflow import Failure, Input, block, coalesce, workflow\n\n\n"
    '@workflow(name="Common")\ndef common(input: Input):\n'
)
START = ("n = 3", 's = "a-b"', "xs = [1, -2, 3]", 'd = {"a": 1, "b": -5}', "b = True", "f = 0.5")
END = "return [n, s, xs, d, b, f]"
KINDS = {"n": "int", "s": "str", "xs": "list", "d": "dict", "b": "bool", "f": "float"}


class Source:
    """Draws a source line by line."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self._fresh = 0

    def pick(self, *choices: str) -> str:
        return str(self._draw(st.sampled_from(choices)))

    def count(self, least: int, most: int) -> int:
        return int(self._draw(st.integers(least, most)))

    def source(self) -> str:
        scope: dict[str, list[str]] = {}
        for name, kind in KINDS.items():
            scope.setdefault(kind, []).append(name)
        lines = [*START, *self.body(scope, 3, in_loop=False, least=2, most=5), END]
        return HEAD + "".join(f"    {line}\n" for line in lines)

    def body(
        self, scope: dict[str, list[str]], depth: int, *, in_loop: bool, least: int = 1, most: int = 3
    ) -> list[str]:
        inner = {kind: list(names) for kind, names in scope.items()}
        return [line for _ in range(self.count(least, most)) for line in self.statement(inner, depth, in_loop=in_loop)]

    def name(self) -> str:
        self._fresh += 1
        return f"v{self._fresh}"

    def statement(self, scope: dict[str, list[str]], depth: int, *, in_loop: bool) -> list[str]:
        def inside(more: dict[str, list[str]], *, loops: bool = in_loop) -> list[str]:
            return [f"    {line}" for line in self.body(more, depth - 1, in_loop=loops)]

        nested = ["if", "for", "items", "enumerate", "while", "try", "block"] if depth else []
        match self.pick("set", "set", "set", "augment", "new", *nested, *(["leave"] if in_loop else []), "raise"):
            case "set":
                kind = self.pick(*KINDS.values())
                return [f"{self.pick(*scope[kind])} = {self.expression(kind, scope, 3)}"]
            case "augment":
                op = self.pick("+=", "-=", "%=", "//=")
                return [f"{self.pick(*scope['int'])} {op} {self.expression('int', scope, 1)}"]
            case "new":
                kind, name = self.pick(*KINDS.values()), self.name()
                line = f"{name} = {self.expression(kind, scope, 2)}"
                scope[kind] = [*scope[kind], name]
                return [line]
            case "if":
                lines = [f"if {self.any(scope)}:", *inside(scope)]
                if self.count(0, 1):
                    lines += [f"elif {self.any(scope)}:", *inside(scope)]
                return [*lines, "else:", *inside(scope)] if self.count(0, 1) else lines
            case "for":
                name, over = self.name(), self.pick("range(3)", "xs[:3]", "(1, 2)", "list")
                over = self.expression("list", scope, 1) + "" if over == "list" else over
                over = over if over in {"range(3)", "(1, 2)"} else f"({over})[:3]"
                return [f"for {name} in {over}:", *inside({**scope, "int": [*scope["int"], name]}, loops=True)]
            case "items":
                key, value = self.name(), self.name()
                more = {**scope, "str": [*scope["str"], key], "int": [*scope["int"], value]}
                return [
                    f"for {key}, {value} in {self.expression('dict', scope, 1)}.items():",
                    *inside(more, loops=True),
                ]
            case "enumerate":
                at, value = self.name(), self.name()
                more = {**scope, "int": [*scope["int"], at, value]}
                over = f"enumerate(({self.expression('list', scope, 1)})[:2])"
                return [f"for {at}, {value} in {over}:", *inside(more, loops=True)]
            case "while":
                name = self.name()
                # The counter is counted first, so that no `continue` makes a loop without end.
                body = [f"    {name} += 1", *inside(scope, loops=True)]
                return [f"{name} = 0", f"while {name} < {self.count(0, 3)} and {self.any(scope)}:", *body]
            case "try":
                return ["try:", *inside(scope), "except Exception:", *inside(scope)]
            case "block":
                return ["with block():", *inside(scope)]
            case "leave":
                return [f"if {self.any(scope)}:", f"    {self.pick('break', 'continue', END)}"]
            case _:
                return [f"if {self.expression('bool', scope, 2)}:", '    raise Failure("raised")']

    def any(self, scope: dict[str, list[str]]) -> str:
        return self.expression(self.pick(*KINDS.values()), scope, 2)

    def expression(self, kind: str, scope: dict[str, list[str]], depth: int) -> str:
        return str(getattr(self, f"_{kind}")(scope, depth)) if depth else self.pick(*scope[kind])

    def _either(self, kind: str, scope: dict[str, list[str]], depth: int) -> str | None:
        """What every kind of value can be made by."""

        def inner(of: str = kind) -> str:
            return self.expression(of, scope, depth - 1)

        match self.pick("own", "own", "own", "own", "if", "and", "or", "coalesce", "name"):
            case "if":
                return f"({inner()} if {inner(self.pick(*KINDS.values()))} else {inner()})"
            case "and":
                return f"({inner()} and {inner()})"
            case "or":
                return f"({inner()} or {inner()})"
            case "coalesce":
                # The language evaluates the second only where it needs it; a name fails in neither.
                return f"coalesce({inner()}, {self.pick(*scope[kind])})"
            case "name":
                return self.pick(*scope[kind])
            case _:
                return None

    def _int(self, scope: dict[str, list[str]], depth: int) -> str:
        def of(kind: str) -> str:
            return self.expression(kind, scope, depth - 1)

        return (
            self._either("int", scope, depth)
            or self._draw(
                st.sampled_from(
                    [
                        lambda: str(self.count(-9, 9)),
                        lambda: f"({of('int')} + {of('int')})",
                        lambda: f"({of('int')} - {of('int')})",
                        lambda: f"({of('int')} * {of('int')} % 9973)",
                        lambda: f"({of('int')} % {of('int')})",
                        lambda: f"({of('int')} // {of('int')})",
                        lambda: f"({of('int')} % 7 ** {self.count(0, 3)})",
                        lambda: f"-{of('int')}",
                        lambda: f"abs({of('int')})",
                        lambda: f"len({of(self.pick('list', 'str', 'dict'))})",
                        lambda: f"sum({of('list')})",
                        lambda: f"{self.pick('min', 'max')}({of('list')})",
                        lambda: f"{self.pick('min', 'max')}({of('int')}, {of('int')})",
                        lambda: f"sum(z * 2 for z in {of('list')} if z > {of('int')})",
                        lambda: f"(({of('list')} or [0])[{self.pick('0', '-1')}])",
                        lambda: f"{of('dict')}.get({of('str')}, {of('int')})",
                        lambda: f"{of('str')}.find({of('str')})",
                        lambda: f"int({of('float')})",
                        lambda: f"int(str({of('int')}))",
                        lambda: f"round({of('float')})",
                        lambda: f"round({of('int')}, -1)",
                    ]
                )
            )()
        )

    def _str(self, scope: dict[str, list[str]], depth: int) -> str:
        def of(kind: str) -> str:
            return self.expression(kind, scope, depth - 1)

        return (
            self._either("str", scope, depth)
            or self._draw(
                st.sampled_from(
                    [
                        lambda: self.pick('""', '"a"', '"B c"', '"é-1"', '" x "', "'\"'"),
                        lambda: f"({of('str')} + {of('str')})[:20]",
                        lambda: f"{of('str')}.{self.pick('upper', 'lower', 'strip', 'lstrip', 'rstrip')}()",
                        lambda: f"{of('str')}.replace({self.pick('"a"', '"-"')}, {of('str')})[-20:]",
                        lambda: f"({of('str')})[{self.count(-3, 3)}:{self.count(-3, 3)}]",
                        lambda: f"({of('str')})[::{self.pick('-1', '2', '-2')}]",
                        lambda: f"str({of('int')})",
                        lambda: f'f"{{{of("int")}}}:{{{of("str")}}}{{{{"[:20]',
                        lambda: f"{self.pick('"-"', '""')}.join([str(z) for z in {of('list')}])[:20]",
                        lambda: f'" ".join({of("str")}.split())',
                        lambda: f'"+".join({of("str")}.split("-"))',
                        lambda: (
                            f"{of('str')}.{self.pick('rjust', 'ljust')}({self.count(-1, 6)}, {self.pick('"."', '" "')})"
                        ),
                        lambda: f"min({of('str')}, {of('str')})",
                    ]
                )
            )()
        )

    def _list(self, scope: dict[str, list[str]], depth: int) -> str:
        def of(kind: str) -> str:
            return self.expression(kind, scope, depth - 1)

        return (
            self._either("list", scope, depth)
            or self._draw(
                st.sampled_from(
                    [
                        lambda: "[]",
                        lambda: f"[{of('int')}, {of('int')}]",
                        lambda: f"[*{of('list')}, {of('int')}][:6]",
                        lambda: f"[{of('int')}, *{of('list')}][:6]",
                        lambda: f"({of('list')})[{self.count(-3, 3)}:{self.count(-3, 3)}]",
                        lambda: f"({of('list')})[::-1]",
                        lambda: f"sorted({of('list')})",
                        lambda: f"sorted({of('list')}, reverse=True)",
                        lambda: f"[z + {of('int')} for z in {of('list')}]",
                        lambda: f"[z for z in {of('list')} if z % 2 if z]",
                        lambda: f"[i * z for i, z in enumerate({of('list')}, {self.count(-2, 2)})]",
                        lambda: f"[y - z for y, z in zip({of('list')}, {of('list')})]",
                        lambda: f"[len(k) for k in {of('dict')}.keys()]",
                        lambda: f"[z for z in {of('dict')}.values()]",
                    ]
                )
            )()
        )

    def _dict(self, scope: dict[str, list[str]], depth: int) -> str:
        def of(kind: str) -> str:
            return self.expression(kind, scope, depth - 1)

        return (
            self._either("dict", scope, depth)
            or self._draw(
                st.sampled_from(
                    [
                        lambda: "{}",
                        lambda: f'{{"a": {of("int")}, "é": {of("int")}}}',
                        lambda: f'{{**{of("dict")}, "a": {of("int")}}}',
                        lambda: f'{{"b": {of("int")}, **{of("dict")}}}',
                        lambda: f"{{{of('str')}: {of('int')}}}",
                        lambda: f"{{str(z): z for z in {of('list')} if z != {of('int')}}}",
                        lambda: f"{{k + 'x': z for k, z in {of('dict')}.items()}}",
                    ]
                )
            )()
        )

    def _bool(self, scope: dict[str, list[str]], depth: int) -> str:
        def of(kind: str) -> str:
            return self.expression(kind, scope, depth - 1)

        def compared() -> str:
            return self.pick("<", "<=", ">", ">=", "==", "!=")

        return (
            self._either("bool", scope, depth)
            or self._draw(
                st.sampled_from(
                    [
                        lambda: self.pick("True", "False"),
                        lambda: f"(not {of(self.pick(*KINDS.values()))})",
                        lambda: f"bool({of(self.pick(*KINDS.values()))})",
                        lambda: f"({of('int')} {compared()} {of('int')})",
                        lambda: f"({of('int')} {compared()} {of('float')} {compared()} {of('int')})",
                        lambda: f"({of('str')} {compared()} {of('str')})",
                        lambda: f"({of('list')} {self.pick('==', '!=')} {of('list')})",
                        lambda: f"({of('dict')} {self.pick('==', '!=')} {of('dict')})",
                        lambda: f"({of('int')} {self.pick('in', 'not in')} {of('list')})",
                        lambda: f"({of('str')} {self.pick('in', 'not in')} {of(self.pick('str', 'dict'))})",
                        lambda: f"({of('int')} in (1, 2))",
                        lambda: f"({of(self.pick(*KINDS.values()))} {self.pick('is', 'is not')} None)",
                        lambda: f"{of('str')}.{self.pick('startswith', 'endswith')}({of('str')})",
                        lambda: f"{self.pick('any', 'all')}({of('list')})",
                    ]
                )
            )()
        )

    def _float(self, scope: dict[str, list[str]], depth: int) -> str:
        def of(kind: str) -> str:
            return self.expression(kind, scope, depth - 1)

        return (
            self._either("float", scope, depth)
            or self._draw(
                st.sampled_from(
                    [
                        lambda: self.pick("0.0", "0.5", "-2.75", "2.5"),
                        lambda: f"({of('int')} % 997 / {of('int')})",
                        lambda: f"({of('float')} + {of('float')})",
                        lambda: f"({of('float')} - {of('int')})",
                        lambda: f"({of('float')} % 5 * 0.25)",
                        lambda: f"({of('float')} % {of('float')})",
                        lambda: f"({of('float')} // {of('float')})",
                        lambda: f"abs({of('float')})",
                        lambda: f"float({of('int')})",
                        lambda: f"round({of('float')}, {self.count(0, 2)})",
                    ]
                )
            )()
        )


@st.composite
def sources(draw: Any) -> str:
    """Sources that run in Python as they are, with shims for what they import."""
    return Source(draw).source()
