"""The pure callables of the language, one module for each namespace."""

import importlib
import pkgutil

from domain.program.builtins.registry import REGISTERED, Builtin

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

BUILTINS: dict[str, Builtin] = dict(sorted(REGISTERED.items()))
"""Every pure callable by its name."""
