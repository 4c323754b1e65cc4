"""The types of `lodol.workflow`, for editors and type checkers: made from the signatures of the callables."""

import keyword
from collections.abc import Iterator
from itertools import groupby

from domain.callables import EFFECTS, SIGNATURES
from domain.program.python.names import GENERIC
from domain.program.signatures import Parameter, Signature, snake_case

_MAPPING = "Mapping[str, Any]"
_NAMED = {
    "actionId": "str",
    "content": "Any",
    "decisionConfig": _MAPPING,
    "digits": "float",
    "end": "float",
    "fill": "str",
    "id": "str",
    "indent": "float",
    "item": "Any",
    "items": "Any",
    "key": "str",
    "mail": _MAPPING,
    "message": "Any",
    "method": "str",
    "moment": "str",
    "options": _MAPPING,
    "otherwise": "Any",
    "path": "str",
    "payload": _MAPPING,
    "seconds": "float",
    "separator": "str",
    "start": "float",
    "step": "float",
    "steps": "Any",
    "url": "str",
    "value": "Any",
    "zone": "str",
}
"""What parameters take whose examples do not say it: they have none, or are of one kind among many."""

_FIELDS = {
    "body": "str",
    "decisions": "Sequence[str]",
    "defaultDecision": "str",
    "headers": "Mapping[str, str]",
    "html": "str",
    "json": "Any",
    "query": _MAPPING,
    "reply_to": "str",
    "subject": "str",
    "text": "str",
    "timeout": "float",
    "timeoutSeconds": "int",
    "to": "str | Sequence[str]",
}
"""What the fields take of the objects that are given by keywords."""

_HEAD = '''"""What workflows written as Python import: the callables, by namespaces. Generated from the code."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeAlias, TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., Any])

Input: TypeAlias = Any
"""What a run was given: any JSON value, whose properties are attributes."""

class Failure(Exception):
    """What fails a step, raised or caught; a `try` catches every failure as one."""

    message: str
    callee: str | None
    at: str
    def __init__(self, message: Any) -> None: ...

def workflow(*, name: str, id: str = ..., description: str = ...) -> Callable[[_F], _F]:
    """Makes a function the workflow of its file."""

def block() -> AbstractContextManager[None]:
    """Statements with variables of their own: `with block():`."""

def coalesce(value: Any, otherwise: Any) -> Any:
    """The value, or otherwise where it is None; evaluates the second only then."""

def fail(message: Any) -> NoReturn:
    """Ends the execution as failed; no `try` catches that."""
'''


def stubs() -> str:
    """The typed stub of `lodol.workflow`."""
    names = sorted(name for name in SIGNATURES if not name.startswith(f"{GENERIC}."))
    parts = [_HEAD]
    for namespace, members in groupby(names, key=lambda name: name.partition(".")[0]):
        lines = [f"class _{namespace.title()}:"]
        for name in members:
            lines += _function(SIGNATURES[name])
        parts.append("\n".join([*lines, "", f"{namespace}: _{namespace.title()}", ""]))
    return "\n".join(parts)


def _function(signature: Signature) -> Iterator[str]:
    """The lines of a callable; one whose object can be given by fields alone has two forms."""
    plain = [_parameter(signature, index) for index in range(len(signature.parameters))]
    owner = next((parameter for parameter in signature.parameters if parameter.fields), None)
    if owner is None:
        yield from _form(signature, plain)
        return
    fields = [_field(owner, field) for field in owner.fields]
    if owner.optional:
        yield from _form(signature, [*plain, "*", *fields])
        return
    yield from (
        "    @overload",
        *_form(signature, plain),
        "    @overload",
        *_form(signature, [*plain[:-1], "*", *fields]),
    )


def _form(signature: Signature, parameters: list[str]) -> Iterator[str]:
    name = signature.name.partition(".")[2]
    yield "    @staticmethod"
    yield f"    def {name}({', '.join(parameters)}) -> {_result(signature)}:"
    yield f'        """{signature.summary}"""'


def _parameter(signature: Signature, index: int) -> str:
    parameter = signature.parameters[index]
    kind = _NAMED.get(parameter.name) or _kind(signature.example.args[index] if signature.example else None)
    name = snake_case(parameter.name)
    name = f"{name}_" if keyword.iskeyword(name) else name
    if parameter.variadic:
        return f"*{name}: {kind}"
    if not parameter.optional:
        return f"{name}: {kind}"
    may_be_null = signature.name in EFFECTS and kind != "Any"
    return f"{name}: {kind}{' | None' if may_be_null else ''} = ..."


def _field(owner: Parameter, field: str) -> str:
    return f"{snake_case(field)}: {_FIELDS[field]}{'' if field in owner.required else ' = ...'}"


def _kind(example: object) -> str:
    match example:
        case str():
            return "str"
        case int() | float():
            return "float"
        case list():
            return "Sequence[Any]"
        case dict():
            return _MAPPING
        case _:
            raise TypeError(f"a parameter without an example has its type among the named ones, not {example!r}")


def _result(signature: Signature) -> str:
    """What a callable gives, where it always gives that: numbers may be whole or not, and values anything."""
    match signature.example.result if signature.example else None:
        case bool():
            return "bool"
        case str():
            return "str"
        case _:
            return "Any"
