"""Prefect: its server on SQLite, and a process that serves the flow."""

import time
from datetime import datetime
from typing import Any

from scripts.bench.connection import Connection, Failed
from scripts.bench.environments import Environment
from scripts.bench.systems.system import APPS, System
from scripts.local.cloud import free_port


class Prefect(System):
    """Used through the REST API of its server."""

    name = "Prefect 3.9.1"
    what = "the server (SQLite) and a runner, which starts a process for each run"
    is_slow = True
    environment = Environment("prefect", python=("prefect==3.9.1",))

    def make_ready(self) -> None:
        self.port = free_port()
        api = f"http://127.0.0.1:{self.port}/api"
        surroundings = {
            "PREFECT_HOME": str(self.home),
            "PREFECT_API_URL": api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "DO_NOT_TRACK": "1",
            "PREFECT_LOGGING_LEVEL": "WARNING",
            "PYTHONPATH": str(APPS),
        }
        python = self.environment.command("python")
        server = ("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(self.port), "--no-ui")
        self.spawn(python, *server, **surroundings)
        client = self.connect()
        self.until(lambda: client.send("GET", "/health") is not None, "Prefect's server")
        self.spawn(python, str(APPS / "prefect_app.py"), **surroundings)
        found = self.until(lambda: client.send("GET", "/deployments/name/order/bench"), "Prefect's deployment")
        self._deployment = found["id"]

    def connect(self) -> Connection:
        return Connection(f"http://127.0.0.1:{self.port}/api")

    def start(self, client: Connection) -> str:
        # While its database is busy it answers 503, which a client repeats.
        path, asked = f"/deployments/{self._deployment}/create_flow_run", {"parameters": self.work}
        created = self.until(lambda: client.send("POST", path, asked), "a run of Prefect")
        return str(created["id"])

    def wait(self, client: Connection, run: str) -> float:
        def ended() -> Any:
            found = self.poll(client, run)
            return found if found["state_type"] in {"COMPLETED", "FAILED", "CRASHED"} else None

        found = self.until(ended, "a run of Prefect")
        if found["state_type"] != "COMPLETED":
            raise Failed(str(found["state_name"]))
        return min(datetime.fromisoformat(found["end_time"]).timestamp(), time.time())

    def poll(self, client: Connection, run: str) -> Any:
        return client.send("GET", f"/flow_runs/{run}")
