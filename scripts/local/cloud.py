"""The local cloud: one ministack process on 127.0.0.1, with its own ports and its own state."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_STARTS_WITHIN_SECONDS = 60
_STOPS_WITHIN_SECONDS = 30
REGION = "us-east-1"
_FUNCTION = b"AWS_LAMBDA_FUNCTION_NAME="


class CloudFailed(Exception):
    """The local cloud cannot be started; the text says why."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running local cloud."""

    pid: int
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, compare=False)
    """The process itself, where this program started it."""

    @property
    def endpoint_url(self) -> str:
        """Where every AWS client finds it."""
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        """The environment in which AWS tools talk to it, whatever the surroundings say."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_CHECK_VERSION_UPDATE": "0",
        }

    def is_alive(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def workers(self, seconds: float = 0) -> dict[int, str]:
        """The processes that serve functions, each with the name of its function, from an age of so many seconds on."""
        found = {}
        began_by = float(Path("/proc/uptime").read_text().split()[0]) - seconds
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                settings = environ.read_bytes().split(b"\0")
                stat = (environ.parent / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile, or belongs to somebody else
                continue
            names = [one.removeprefix(_FUNCTION) for one in settings if one.startswith(_FUNCTION)]
            if int(stat[1]) == self.pid and names and int(stat[19]) / os.sysconf("SC_CLK_TCK") <= began_by:
                found[int(environ.parent.name)] = names[0].decode()
        return found

    def kill(self, function: str) -> None:
        """Kill the processes that serve a function, as a crash would."""
        for pid, name in self.workers().items():
            if name == function:
                kill(pid)

    def stop(self) -> None:
        """End it with everything it started, its state being saved."""
        try:
            os.killpg(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _STOPS_WITHIN_SECONDS
        while self._exists():
            if time.monotonic() > deadline:
                os.killpg(self.pid, signal.SIGKILL)
                return
            time.sleep(0.1)

    def _exists(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


def start(port: int, home: Path, *, keeps_state: bool, enforces_grants: bool = False) -> Cloud:
    """Start a local cloud whose state and log are below `home`, and wait until it answers.

    One that enforces grants refuses whatever the role of a function does not grant it.

    Raises `CloudFailed` if the port is taken or it does not come up.
    """
    if is_taken(port):
        raise CloudFailed(f"Port {port} on 127.0.0.1 is taken by another program; choose another: make up PORT=4580")
    state, log = home / "state", home / "cloud.log"
    state.mkdir(parents=True, exist_ok=True)
    clear(home)
    _scratch(home).mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_PORT": str(free_port()),
        "LAMBDA_EXECUTOR": "local",
        "AUTH": str(enforces_grants).lower(),
        "PERSIST_STATE": "1" if keeps_state else "0",
        "S3_PERSIST": "1" if keeps_state else "0",
        "STATE_DIR": str(state),
        "S3_DATA_DIR": str(state / "s3"),
        "TMPDIR": str(_scratch(home)),
        # Functions run on the interpreter that their packages were built for.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=home,
        )
    cloud = Cloud(process.pid, port, process)
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while not cloud.is_alive():
        if process.poll() is not None or time.monotonic() > deadline:
            cloud.stop()
            raise CloudFailed(f"The local cloud did not start; its log: {log}")
        time.sleep(0.2)
    return cloud


def kill(pid: int) -> None:
    """Kill a process that may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def clear(home: Path) -> None:
    """Remove what workers have left behind: each unpacks its functions, and nobody else cleans up."""
    shutil.rmtree(_scratch(home), ignore_errors=True)


def _scratch(home: Path) -> Path:
    return home / "workers"


def is_taken(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
