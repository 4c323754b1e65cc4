"""The systems that are measured: each module makes some ready, and knows how a client uses them."""

from scripts.bench.systems.fronted import Dbos, Temporal
from scripts.bench.systems.ours import Emulator, Handlers, Stack
from scripts.bench.systems.prefect import Prefect
from scripts.bench.systems.restate import Restate
from scripts.bench.systems.system import System

SYSTEMS: tuple[type[System], ...] = (Handlers, Stack, Emulator, Restate, Dbos, Temporal, Prefect)
"""In the order of a round."""

LEFT_OUT = {
    "n8n": "npm could install none of the versions from 1.88.0 to 2.41.3 that were tried where this was written: "
    "packages that they need were not to be had, or four minutes did not suffice"
}
"""Systems that are not measured, each with the reason."""
