"""What the bench wants of every system: to be made ready, and to run the same workflow."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from typing import Any, ClassVar

from scripts.bench import processes
from scripts.bench.connection import Connection, Failed
from scripts.bench.environments import Environment

APPS = Path(__file__).resolve().parents[1] / "apps"
_READY_WITHIN_SECONDS = 90
_PAUSE_SECONDS = 0.05


class System(ABC):
    """One system: a class, of which each round makes an instance that runs."""

    name: ClassVar[str]
    what: ClassVar[str]
    """What its processes are, all of which count."""
    environment: ClassVar[Environment | None] = None
    is_slow: ClassVar[bool] = False
    """Whether a run takes seconds: it is left out of a quick bench, and warmed up by one client only."""

    def __init__(self, home: Path, site: str) -> None:
        """Run below a folder of its own; workflows call `site`."""
        self.home, self.site = home, site
        self.processes: list[Popen[bytes]] = []
        self.work = {"items": [{"price": 30, "quantity": 2}, {"price": 5, "quantity": 1}], "url": site}

    @classmethod
    def prepare(cls) -> None:
        """Do once what need not be done for every start; that takes no part in the time until it is ready."""
        return

    @abstractmethod
    def make_ready(self) -> None:
        """Start it, and wait until it can run the workflow."""

    @abstractmethod
    def connect(self) -> Connection:
        """A client's connection."""

    @abstractmethod
    def start(self, client: Connection) -> str:
        """Start a run, and answer with its id."""

    @abstractmethod
    def wait(self, client: Connection, run: str) -> float:
        """Wait until a run is done, and answer with the moment, in seconds of `time.time`; `Failed` if it failed."""

    @abstractmethod
    def poll(self, client: Connection, run: str) -> Any:
        """Ask once how a run that has ended stands."""

    def until[T](self, is_so: Callable[[], T], what: str) -> T:
        """Ask again and again until the answer is true, and give it; an answer that does not come is not yet one.

        Raises `Failed` as soon as one of its processes has ended, and when it has taken too long.
        """
        deadline, said = time.monotonic() + _READY_WITHIN_SECONDS, ""
        while True:
            try:
                if found := is_so():
                    return found
            except (OSError, Failed) as failure:
                said = f": {failure}"
            if any(process.poll() is not None for process in self.processes):
                raise Failed(f"{what} ended before it was there{said}")
            if time.monotonic() > deadline:
                raise Failed(f"{what} was not there within {_READY_WITHIN_SECONDS} s{said}")
            time.sleep(_PAUSE_SECONDS)

    @property
    def roots(self) -> list[int]:
        """The processes under which all its others are."""
        return [process.pid for process in self.processes]

    @property
    def beside(self) -> list[int]:
        """Processes that stand in for a service of somebody else: they are told, but not counted."""
        return []

    def stop(self) -> None:
        """End everything that was started."""
        processes.end(self.processes)

    def spawn(self, *command: str, **environment: str) -> None:
        """Start one of its processes."""
        self.processes.append(processes.spawn(list(command), self.home / "log", environment))
