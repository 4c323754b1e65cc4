"""Reads the arguments of effects: what cannot be used is told in one sentence."""

from collections.abc import Collection

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.program.signatures import Given
from domain.program.values import Value, text_of

_SENTENCES = {
    "missing": "is missing",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "list_type": "must be a list",
    "string_type": "must be a string",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "value_error": "{error}",
}
"""What is wrong, by pydantic's type of error, in the words of programs."""


def verb(method: Value, known: Collection[str]) -> str:
    """A method of HTTP in capitals, however it is written, or `ValueError` where it is not one of the known."""
    written = method.upper() if isinstance(method, str) else ""
    if written not in known:
        raise ValueError(f"method must be one of {', '.join(known)}, not {text_of(method)[:40]}")
    return written


def listed(value: object) -> object:
    """A list as it is, all else as the only item of one."""
    return value if isinstance(value, list) else [value]


def fields_of(model: type[BaseModel], *, only_required: bool = False) -> tuple[str, ...]:
    """The fields that an object of a model may have, or must have, as programs write them."""
    return tuple(
        field.alias or name for name, field in model.model_fields.items() if field.is_required() or not only_required
    )


def parsed[M: BaseModel](model: type[M], value: Value, name: str) -> M:
    """Read an object by its model, or raise `ValueError` with a sentence on the first field that is wrong.

    `name` is the parameter's; `null` is an object without fields.
    """
    try:
        return model.model_validate({} if value is None else value)
    except ValidationError as invalid:
        raise ValueError(_sentence(model, invalid.errors()[0], name)) from None


def ensure_readable(model: type[BaseModel], given: Given, name: str) -> None:
    """Refuse an object that no call can read, whatever its unknown fields will be, as `parsed` does."""
    try:
        model.model_validate({} if given.value is None else given.value)
    except ValidationError as invalid:
        for problem in invalid.errors():
            # What is said of the whole, and of what is not there yet, may be right when it is.
            where = problem["loc"]
            if not given.unknown or (where and where[0] not in given.unknown):
                raise ValueError(_sentence(model, problem, name)) from None
    if unknown := sorted(given.unknown - {*fields_of(model)}):
        raise ValueError(f"{name}.{unknown[0]} is unknown; {name} has {', '.join(fields_of(model))}")


def _sentence(model: type[BaseModel], problem: ErrorDetails, name: str) -> str:
    where = ".".join([name, *(str(part) for part in problem["loc"] if part != "[key]")])
    if problem["type"] == "extra_forbidden":
        return f"{where} is unknown; {name} has {', '.join(fields_of(model))}"
    return f"{where} {_SENTENCES[problem['type']].format(**problem.get('ctx', {}))}"
