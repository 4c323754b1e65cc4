"""Clients that use a system: each starts a run, waits until it is done, and starts the next."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from scripts.bench import processes
from scripts.bench.systems.system import System


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw, and what the system used for it.

    `start_ms` is how long the request took that starts a run, `done_ms` from its beginning until the run was done.
    """

    start_ms: float
    done_ms: float
    a_second: float
    processor_ms: float
    beside_ms: float

    @staticmethod
    def of(system: System, clients: int, seconds: float) -> "Load":
        """Let so many clients work for so long, each at least once; the processor time is shared out among the runs."""
        seen: list[tuple[float, float]] = []
        before, beside = processes.processor_seconds(system.roots), processes.processor_seconds(system.beside)
        begun = time.monotonic()
        _at_once(clients, lambda: _work(system, begun + seconds, seen))
        took = time.monotonic() - begun
        used = processes.processor_seconds(system.roots) - before
        used_beside = processes.processor_seconds(system.beside) - beside
        return Load(
            start_ms=1000 * statistics.median(start for start, _ in seen),
            done_ms=1000 * statistics.median(done for _, done in seen),
            a_second=len(seen) / took,
            processor_ms=1000 * used / len(seen),
            beside_ms=1000 * used_beside / len(seen),
        )


@dataclass(frozen=True, slots=True)
class Polls:
    """What it takes to ask how a run stands: for the client to have the answer, and of the processor."""

    took_ms: float
    processor_ms: float

    @staticmethod
    def of(system: System, seconds: float) -> "Polls":
        """Ask about one run that has ended, one time after the other."""
        client = system.connect()
        run = system.start(client)
        system.wait(client, run)
        system.poll(client, run)
        seen: list[float] = []
        before, until = processes.processor_seconds(system.roots), time.monotonic() + seconds
        while time.monotonic() < until:
            begun = time.monotonic()
            system.poll(client, run)
            seen.append(time.monotonic() - begun)
        used = processes.processor_seconds(system.roots) - before
        return Polls(1000 * statistics.median(seen), 1000 * used / len(seen))


def _work(system: System, until: float, seen: list[tuple[float, float]]) -> None:
    client = system.connect()
    while True:
        begun, moment = time.monotonic(), time.time()
        run = system.start(client)
        started = time.monotonic() - begun
        seen.append((started, system.wait(client, run) - moment))
        if time.monotonic() >= until:
            return


def _at_once(clients: int, work: Callable[[], None]) -> None:
    failed: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except Exception as failure:  # noqa: BLE001 - raised where the clients were let loose
            failed.append(failure)

    threads = [threading.Thread(target=guarded) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
