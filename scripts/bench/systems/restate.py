"""Restate: its server, and a service that it calls."""

import time
import uuid
from typing import Any

from scripts.bench.connection import Connection
from scripts.bench.environments import Environment
from scripts.bench.systems.system import APPS, System
from scripts.local.cloud import free_port


class Restate(System):
    """A single node with its log on disk, used through its ingress."""

    name = "Restate 1.7.12"
    what = "the server (RocksDB on disk) and a service in Python under hypercorn"
    environment = Environment(
        "restate",
        python=("restate-sdk==1.2.0", "hypercorn==0.18.0"),
        npm=("@restatedev/restate-server@1.7.12",),
    )

    def make_ready(self) -> None:
        self.ingress, admin, service, node = (free_port() for _ in range(4))
        self.spawn(
            self.environment.node_command("restate-server"),
            "--base-dir",
            str(self.home / "data"),
            RESTATE_INGRESS__BIND_ADDRESS=f"127.0.0.1:{self.ingress}",
            RESTATE_ADMIN__BIND_ADDRESS=f"127.0.0.1:{admin}",
            RESTATE_BIND_ADDRESS=f"127.0.0.1:{node}",
            RESTATE_ADVERTISED_ADDRESS=f"http://127.0.0.1:{node}",
            RESTATE_LOG_FILTER="error",
            DO_NOT_TRACK="1",
        )
        bind = ("--bind", f"127.0.0.1:{service}", "--workers", "1")
        hypercorn = self.environment.command("hypercorn")
        self.spawn(hypercorn, *bind, "restate_app:app", PYTHONPATH=str(APPS))
        self.until(lambda: Connection(f"http://127.0.0.1:{service}").reachable(), "Restate's service")
        server, known = Connection(f"http://127.0.0.1:{admin}"), {"uri": f"http://127.0.0.1:{service}"}
        self.until(lambda: server.send("POST", "/deployments", known), "Restate's server")
        client = self.connect()
        self.until(lambda: self.wait(client, self.start(client)), "Restate's first run")

    def connect(self) -> Connection:
        return Connection(f"http://127.0.0.1:{self.ingress}")

    def start(self, client: Connection) -> str:
        run = uuid.uuid4().hex
        client.send("POST", f"/order/{run}/run/send", self.work)
        return run

    def wait(self, client: Connection, run: str) -> float:
        client.send("GET", f"/restate/workflow/order/{run}/attach")
        return time.time()

    def poll(self, client: Connection, run: str) -> Any:
        return client.send("GET", f"/restate/workflow/order/{run}/output")
