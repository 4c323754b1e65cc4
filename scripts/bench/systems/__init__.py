"""The systems that are measured: each module makes some ready, and knows how a client uses them."""

from scripts.bench.systems.fronted import Dbos, Temporal
from scripts.bench.systems.ours import Emulator, Handlers, Stack
from scripts.bench.systems.prefect import Prefect
from scripts.bench.systems.restate import Restate
from scripts.bench.systems.system import System

SYSTEMS: tuple[type[System], ...] = (Handlers, Stack, Emulator, Restate, Dbos, Temporal, Prefect)
"""In the order of a round."""
