"""What many tests are given: a moment, a program, and the shapes of the fixtures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from domain.program.values import Value

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
PROGRAM: Value = {"kind": "Program", "body": [{"kind": "ExprStmt", "expr": {"kind": "Literal", "value": 1}}]}


class AtCommit(Protocol):
    """Lets something happen right before the nth transaction from now on is carried out."""

    def __call__(self, action: Callable[[], Any], *, nth: int = 1) -> None: ...


type Lines = Callable[[], list[Any]]
"""The lines of the functions' log so far, read as JSON."""
