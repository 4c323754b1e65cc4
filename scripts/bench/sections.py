"""The sections of the document, in its order."""

from scripts.bench import cost, handlers, peers, scale
from scripts.bench.section import Section

SECTIONS: dict[str, Section] = {
    "peers": peers.SECTION,
    "handlers": handlers.SECTION,
    "scale": scale.SECTION,
    "cost": cost.SECTION,
}
