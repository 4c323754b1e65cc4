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
    name: Name = Field(description="The variable, new in this scope.")
    init: Expression | None = Field(default=None, description="Its value; `null` without it.")


class AssignStmt(Node):
    """Sets an existing variable."""

    kind: Literal["AssignStmt"]
    name: Name = Field(description="The variable, which exists.")
    value: Expression = Field(description="Its new value.")


class IfStmt(Node):
    """Runs one of two branches; `null`, `false`, `0` and what is empty are falsy, all else is truthy."""

    kind: Literal["IfStmt"]
    cond: Expression = Field(description="What decides.")
    thenBranch: Statement = Field(description="Runs where the condition is truthy.")  # noqa: N815 - the language's own field name
    elseBranch: Statement | None = Field(default=None, description="Runs where it is falsy, if there is one.")  # noqa: N815 - the language's own field name


class ExprStmt(Node):
    """Evaluates an expression."""

    kind: Literal["ExprStmt"]
    expr: Expression = Field(description="What is evaluated.")


class BlockStmt(Node):
    """Statements in a scope of their own."""

    kind: Literal["BlockStmt"]
    body: list[Statement] = Field(description="The statements, in order.")


class ForEachStmt(Node):
    """Runs its body for each item of a list, `name` being a new variable every time.

    With `others`, each item is a list of as many items as there are names, and each name is one of them.
    """

    kind: Literal["ForEachStmt"]
    name: Name = Field(description="The variable that holds the item.")
    others: list[Name] = Field(default_factory=list, description="More variables, where items are taken apart.")
    iterable: Expression = Field(description="The list.")
    body: Statement = Field(description="Runs for each item.")


class WhileStmt(Node):
    """Runs its body as long as a condition is truthy."""

    kind: Literal["WhileStmt"]
    cond: Expression = Field(description="What decides before each round.")
    body: Statement = Field(description="Runs in each round.")


class BreakStmt(Node):
    """Leaves the nearest loop."""

    kind: Literal["BreakStmt"]


class ContinueStmt(Node):
    """Goes on with the next round of the nearest loop."""

    kind: Literal["ContinueStmt"]


class TryStmt(Node):
    """On a failure in `body`, runs `handler`, in which `name` holds `{message, callee, at}`."""

    kind: Literal["TryStmt"]
    body: Statement = Field(description="What may fail.")
    name: Name = Field(description="The variable that holds the failure.")
    handler: Statement = Field(description="Runs after a failure.")


class ReturnStmt(Node):
    """Ends the execution with success; its value is the step's result."""

    kind: Literal["ReturnStmt"]
    value: Expression | None = Field(default=None, description="The result; `null` without it.")


class FailStmt(Node):
    """Ends the execution as failed, with this error."""

    kind: Literal["FailStmt"]
    message: Expression = Field(description="The error of the execution.")


class ThrowStmt(Node):
    """Fails the step with this message, which a `TryStmt` around it catches."""

    kind: Literal["ThrowStmt"]
    message: Expression = Field(description="The message of the failure.")


class LiteralExpr(Node):
    """A JSON value."""

    kind: Literal["Literal"]
    value: Any = Field(description="Any JSON value.")


class VarRef(Node):
    """The value of a variable; `input` is there from the start."""

    kind: Literal["VarRef"]
    name: Name = Field(description="The variable.")


class BinaryExpr(Node):
    """Combines two values; `&&`, `||` and `??` evaluate the right one only where it matters."""

    kind: Literal["BinaryExpr"]
    op: Literal["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "??"] = Field(
        description="How the two are combined."
    )
    left: Expression = Field(description="The left operand.")
    right: Expression = Field(description="The right operand.")


class UnaryExpr(Node):
    """Negates a truth value or a number."""

    kind: Literal["UnaryExpr"]
    op: Literal["!", "-"] = Field(description="`!` of anything, `-` of a number.")
    operand: Expression = Field(description="What it is applied to.")


class CallExpr(Node):
    """Calls a callable by its dotted name."""

    kind: Literal["CallExpr"]
    callee: str = Field(description="The dotted name of what is called.")
    args: list[Expression] = Field(
        default_factory=list, description="The arguments, in the order of the parameters; none without it."
    )


class MemberExpr(Node):
    """A property of an object; `null` where it has none of that name."""

    kind: Literal["MemberExpr"]
    object: Expression = Field(description="The object.")
    property: str = Field(description="The name of the property.")


class IndexExpr(Node):
    """An item of a list (negative counts from the end), a character of a string, a property of an object."""

    kind: Literal["IndexExpr"]
    object: Expression = Field(description="The list, string or object.")
    index: Expression = Field(description="A position, or the name of a property.")


class ArrayExpr(Node):
    """A list."""

    kind: Literal["ArrayExpr"]
    elements: list[Expression] = Field(description="The items.")


class Property(Node):
    """A key of an object, and its value."""

    key: str = Field(description="The key.")
    value: Expression = Field(description="Its value.")


class ObjectExpr(Node):
    """An object; of two properties with one key the last counts."""

    kind: Literal["ObjectExpr"]
    properties: list[Property] = Field(description="The keys with their values.")


class CondExpr(Node):
    """One of two values, the other of which is not evaluated."""

    kind: Literal["CondExpr"]
    cond: Expression = Field(description="What decides.")
    then: Expression = Field(description="The value where it is truthy.")
    otherwise: Expression = Field(alias="else", description="The value where it is falsy.")


class ListCompExpr(Node):
    """A list of what an element is for each item of another list, of those items for which `cond` is truthy.

    `name` and `others` are variables within it, as those of a `ForEachStmt` are within its body.
    """

    kind: Literal["ListCompExpr"]
    element: Expression = Field(description="What each item becomes.")
    name: Name = Field(description="The variable that holds the item.")
    others: list[Name] = Field(default_factory=list, description="More variables, where items are taken apart.")
    iterable: Expression = Field(description="The list.")
    cond: Expression | None = Field(default=None, description="Which items count; all without it.")


class DictCompExpr(Node):
    """An object of a key and a value for each item of a list, as `ListCompExpr` is a list; the last of a key counts."""

    kind: Literal["DictCompExpr"]
    key: Expression = Field(description="The key for each item.")
    value: Expression = Field(description="The value for each item.")
    name: Name = Field(description="The variable that holds the item.")
    others: list[Name] = Field(default_factory=list, description="More variables, where items are taken apart.")
    iterable: Expression = Field(description="The list.")
    cond: Expression | None = Field(default=None, description="Which items count; all without it.")


class TemplateExpr(Node):
    """Joins its parts to a string: strings as they are, other values as JSON."""

    kind: Literal["TemplateExpr"]
    parts: list[str | Expression] = Field(description="Texts and expressions.")


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
    body: list[Statement] = Field(description="The steps.")


KINDS: tuple[type[Node], ...] = tuple(model for model in Node.__subclasses__() if model is not Property)
"""Every node that names itself in `kind`."""

Program.model_rebuild()
