"""The loopback API that every workflow calls, which belongs to no system."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.bench import processes
from scripts.bench.connection import Connection
from scripts.bench.systems.system import APPS
from scripts.local.cloud import free_port, is_taken


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Its address, as long as it runs."""
    port = free_port()
    process = processes.spawn([sys.executable, str(APPS / "site.py"), str(port)], folder / "site.log")
    try:
        while not is_taken(port) and process.poll() is None:
            pass
        Connection(f"http://127.0.0.1:{port}").send("GET", "/")
        yield f"http://127.0.0.1:{port}/number"
    finally:
        processes.end([process])
