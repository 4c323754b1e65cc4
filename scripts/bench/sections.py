"""The sections of the document, in its order."""

from scripts.bench import handlers, peers
from scripts.bench.section import Section

SECTIONS: dict[str, Section] = {
    "peers": peers.SECTION,
    "handlers": handlers.SECTION,
}
