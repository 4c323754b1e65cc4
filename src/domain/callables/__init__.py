"""The callables of programs: effects, one module for each namespace, and the pure ones of the language itself.

Adding an effect means adding a module: whatever `Effect` stands in a module of this package is found.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from domain.callables.effect import Effect
from domain.program.builtins import BUILTINS
from domain.program.signatures import Signature


def _effects() -> Iterator[Effect]:
    for module in pkgutil.iter_modules(__path__):
        found = vars(importlib.import_module(f"{__name__}.{module.name}"))
        yield from (value for value in found.values() if isinstance(value, Effect))


EFFECTS: Mapping[str, Effect] = {effect.signature.name: effect for effect in _effects()}
"""Every effect by its name."""

SIGNATURES: Mapping[str, Signature] = {
    **{name: builtin.signature for name, builtin in BUILTINS.items()},
    **{name: effect.signature for name, effect in EFFECTS.items()},
}
"""How every callable is called: what the checker and the documentation know."""
