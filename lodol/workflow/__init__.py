"""What workflows written as Python import. They are read and never run; here is what lets a file of one be imported."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

type Input = Any


class Failure(Exception):
    """What fails a step, raised or caught."""


def workflow(**_: str) -> Callable[[Any], Any]:
    """Make a function the workflow of its file."""
    return lambda function: function


def block() -> AbstractContextManager[None]:
    """Statements with variables of their own."""
    return nullcontext()


def coalesce(value: Any, otherwise: Any) -> Any:
    """The value, or otherwise where it is None."""
    return otherwise if value is None else value


def fail(message: Any) -> NoReturn:
    """End the execution as failed."""
    raise SystemExit(str(message))


class _Namespace:
    """The callables of a namespace, none of which runs here."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{self._name}.{name} runs in an execution: a workflow is read, and never run as Python")


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return _Namespace(name)
