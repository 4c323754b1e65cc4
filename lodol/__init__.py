"""Lodol Executions for those who write for it: the client of the API, its models and errors, and the command line."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lodol import errors, models
    from lodol.client import AsyncClient, Client
    from lodol.errors import LodolError, WaitTimedOut

__all__ = ["AsyncClient", "Client", "LodolError", "WaitTimedOut", "errors", "models"]

_HOMES = {
    "AsyncClient": "lodol.client",
    "Client": "lodol.client",
    "LodolError": "lodol.errors",
    "WaitTimedOut": "lodol.errors",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: the command line starts without the client of HTTP, and may not have it."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in __all__:
        return import_module(f"lodol.{name}")
    raise AttributeError(f"module 'lodol' has no attribute {name!r}")
