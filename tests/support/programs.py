"""Short ways to write programs in tests."""

from typing import Any


def program(*body: Any) -> dict[str, Any]:
    return {"kind": "Program", "body": list(body)}


def literal(value: Any) -> dict[str, Any]:
    return {"kind": "Literal", "value": value}


def hidden(value: Any) -> dict[str, Any]:
    """A value that the checker does not see through: calls are checked with it only when they are made."""
    return {"kind": "IndexExpr", "object": {"kind": "ArrayExpr", "elements": [literal(value)]}, "index": literal(0)}


def var(name: str) -> dict[str, Any]:
    return {"kind": "VarRef", "name": name}


def let(name: str, init: Any) -> dict[str, Any]:
    return {"kind": "LetStmt", "name": name, "init": init}


def call(callee: str, *args: Any) -> dict[str, Any]:
    return {"kind": "CallExpr", "callee": callee, "args": list(args)}


def do(expr: Any) -> dict[str, Any]:
    return {"kind": "ExprStmt", "expr": expr}


def block(*body: Any) -> dict[str, Any]:
    return {"kind": "BlockStmt", "body": list(body)}


def binary(op: str, left: Any, right: Any) -> dict[str, Any]:
    return {"kind": "BinaryExpr", "op": op, "left": left, "right": right}


def plus(left: Any, right: Any) -> dict[str, Any]:
    return binary("+", left, right)


def object_of(*properties: tuple[str, Any]) -> dict[str, Any]:
    return {"kind": "ObjectExpr", "properties": [{"key": key, "value": value} for key, value in properties]}


def for_each(name: str, iterable: Any, *body: Any) -> dict[str, Any]:
    return {"kind": "ForEachStmt", "name": name, "iterable": iterable, "body": block(*body)}


def list_comp(element: Any, name: str, iterable: Any, cond: Any = None) -> dict[str, Any]:
    node = {"kind": "ListCompExpr", "element": element, "name": name, "iterable": iterable}
    return {**node, "cond": cond} if cond else node


def dict_comp(key: Any, value: Any, name: str, iterable: Any) -> dict[str, Any]:
    return {"kind": "DictCompExpr", "key": key, "value": value, "name": name, "iterable": iterable}


def throw(message: Any) -> dict[str, Any]:
    return {"kind": "ThrowStmt", "message": message}


def ret(value: Any) -> dict[str, Any]:
    return {"kind": "ReturnStmt", "value": value}


def sleep(seconds: float) -> dict[str, Any]:
    return do(call("time.sleep", literal(seconds)))


def post(url: Any) -> dict[str, Any]:
    return call("http.request", literal("POST"), literal(url) if isinstance(url, str) else url)
