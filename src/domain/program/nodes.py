"""The nodes of programs, as pydantic models: what a stored program is made of, and where its JSON Schema comes from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]{0,63}$"

type Name = Annotated[str, Field(pattern=IDENTIFIER)]


class Node(BaseModel):
    """A node names itself in `kind`; fields it does not have are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LetStmt(Node):
    """Declares a variable in this scope; `null` without `init`."""

    kind: Literal["LetStmt"]
    name: Name
    init: Expression | None = None


class AssignStmt(Node):
    """Sets an existing variable."""

    kind: Literal["AssignStmt"]
    name: Name
    value: Expression


class IfStmt(Node):
    """Runs one of two branches; `null`, `false`, `0` and what is empty are falsy, all else is truthy."""

    kind: Literal["IfStmt"]
    cond: Expression
    thenBranch: Statement  # noqa: N815 - the language's own field name
    elseBranch: Statement | None = None  # noqa: N815 - the language's own field name


class ExprStmt(Node):
    """Evaluates an expression."""

    kind: Literal["ExprStmt"]
    expr: Expression


class BlockStmt(Node):
    """Statements in a scope of their own."""

    kind: Literal["BlockStmt"]
    body: list[Statement]


class ForEachStmt(Node):
    """Runs its body for each item of a list, `name` being a new variable every time.

    With `others`, each item is a list of as many items as there are names, and each name is one of them.
    """

    kind: Literal["ForEachStmt"]
    name: Name
    others: list[Name] = Field(default_factory=list)
    iterable: Expression
    body: Statement


class WhileStmt(Node):
    """Runs its body as long as a condition is truthy."""

    kind: Literal["WhileStmt"]
    cond: Expression
    body: Statement


class BreakStmt(Node):
    """Leaves the nearest loop."""

    kind: Literal["BreakStmt"]


class ContinueStmt(Node):
    """Goes on with the next round of the nearest loop."""

    kind: Literal["ContinueStmt"]


class TryStmt(Node):
    """On a failure in `body`, runs `handler`, in which `name` holds `{message, callee, at}`."""

    kind: Literal["TryStmt"]
    body: Statement
    name: Name
    handler: Statement


class ReturnStmt(Node):
    """Ends the execution with success; its value is the step's result."""

    kind: Literal["ReturnStmt"]
    value: Expression | None = None


class FailStmt(Node):
    """Ends the execution as failed, with this error."""

    kind: Literal["FailStmt"]
    message: Expression


class ThrowStmt(Node):
    """Fails the step with this message, which a `TryStmt` around it catches."""

    kind: Literal["ThrowStmt"]
    message: Expression


class LiteralExpr(Node):
    """A JSON value."""

    kind: Literal["Literal"]
    value: Any


class VarRef(Node):
    """The value of a variable; `input` is there from the start."""

    kind: Literal["VarRef"]
    name: Name


class BinaryExpr(Node):
    """Combines two values; `&&`, `||` and `??` evaluate the right one only where it matters."""

    kind: Literal["BinaryExpr"]
    op: Literal["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "??"]
    left: Expression
    right: Expression


class UnaryExpr(Node):
    """Negates a truth value or a number."""

    kind: Literal["UnaryExpr"]
    op: Literal["!", "-"]
    operand: Expression


class CallExpr(Node):
    """Calls a callable by its dotted name."""

    kind: Literal["CallExpr"]
    callee: str
    args: list[Expression] = Field(default_factory=list)


class MemberExpr(Node):
    """A property of an object; `null` where it has none of that name."""

    kind: Literal["MemberExpr"]
    object: Expression
    property: str


class IndexExpr(Node):
    """An item of a list (negative counts from the end), a character of a string, a property of an object."""

    kind: Literal["IndexExpr"]
    object: Expression
    index: Expression


class ArrayExpr(Node):
    """A list."""

    kind: Literal["ArrayExpr"]
    elements: list[Expression]


class Property(Node):
    """A key of an object, and its value."""

    key: str
    value: Expression


class ObjectExpr(Node):
    """An object; of two properties with one key the last counts."""

    kind: Literal["ObjectExpr"]
    properties: list[Property]


class CondExpr(Node):
    """One of two values, the other of which is not evaluated."""

    model_config = ConfigDict(populate_by_name=True)

    kind: Literal["CondExpr"]
    cond: Expression
    then: Expression
    otherwise: Expression = Field(alias="else")


class ListCompExpr(Node):
    """A list of what an element is for each item of another list, of those items for which `cond` is truthy.

    `name` and `others` are variables within it, as those of a `ForEachStmt` are within its body.
    """

    kind: Literal["ListCompExpr"]
    element: Expression
    name: Name
    others: list[Name] = Field(default_factory=list)
    iterable: Expression
    cond: Expression | None = None


class DictCompExpr(Node):
    """An object of a key and a value for each item of a list, as `ListCompExpr` is a list; the last of a key counts."""

    kind: Literal["DictCompExpr"]
    key: Expression
    value: Expression
    name: Name
    others: list[Name] = Field(default_factory=list)
    iterable: Expression
    cond: Expression | None = None


class TemplateExpr(Node):
    """Joins its parts to a string: strings as they are, other values as JSON."""

    kind: Literal["TemplateExpr"]
    parts: list[str | Expression]


type Statement = Annotated[
    LetStmt
    | AssignStmt
    | IfStmt
    | ExprStmt
    | BlockStmt
    | ForEachStmt
    | WhileStmt
    | BreakStmt
    | ContinueStmt
    | TryStmt
    | ReturnStmt
    | FailStmt
    | ThrowStmt,
    Field(discriminator="kind"),
]

type Expression = Annotated[
    LiteralExpr
    | VarRef
    | BinaryExpr
    | UnaryExpr
    | CallExpr
    | MemberExpr
    | IndexExpr
    | ArrayExpr
    | ObjectExpr
    | CondExpr
    | TemplateExpr
    | ListCompExpr
    | DictCompExpr,
    Field(discriminator="kind"),
]


class Program(Node):
    """A workflow program: each statement directly in its body is a step."""

    kind: Literal["Program"]
    body: list[Statement]


KINDS: tuple[type[Node], ...] = tuple(model for model in Node.__subclasses__() if model is not Property)
"""Every node that names itself in `kind`."""

Program.model_rebuild()
