"""Chromium without a window, driven by the DevTools protocol over a pipe: what a page shows, and what it asks for."""

import fcntl
import json
import os
import select
import signal
import time
from base64 import b64decode
from pathlib import Path
from typing import Any

_PATIENCE = 20
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)


class Chromium:
    """A browser with one page."""

    def __init__(self, executable: str, profile: Path) -> None:
        # The browser reads its file descriptor 3 and writes to 4; ours must not be in their way.
        reads, self._commands = (_out_of_the_way(end) for end in os.pipe())
        self._messages, writes = (_out_of_the_way(end) for end in os.pipe())
        with Path(os.devnull).open("r+b") as nowhere:
            self._process = os.posix_spawn(
                executable,
                [executable, *_FLAGS, f"--user-data-dir={profile}"],
                os.environ,
                file_actions=[
                    *((os.POSIX_SPAWN_DUP2, nowhere.fileno(), standard) for standard in (0, 1, 2)),
                    (os.POSIX_SPAWN_DUP2, reads, 3),
                    (os.POSIX_SPAWN_DUP2, writes, 4),
                ],
                setpgroup=0,
            )
        os.close(reads)
        os.close(writes)
        self._unread = b""
        self._sent = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.do(f"{domain}.enable")

    def close(self) -> None:
        """End the browser with everything that it has started."""
        os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._commands)
        os.close(self._messages)

    def do(self, method: str, **params: Any) -> Any:
        """Carry out a command of the protocol; what happens meanwhile is added to `events`."""
        self._sent += 1
        command = {"id": self._sent, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (message := self._next()).get("id") != self._sent:
            self.events.append(message)
        assert "error" not in message, message
        return message["result"]

    def show(self, page: Path, *, width: int, height: int = 900, scheme: str = "light") -> None:
        """Load a file in a window of this size, as somebody sees it who likes it light or dark."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.events.clear()
        self.do("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return self.do("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def requests(self) -> list[str]:
        """What the page has asked for since it was shown."""
        sent = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    def complaints(self) -> list[str]:
        """What the browser has said about the page since it was shown."""
        said = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        return [json.dumps(event["params"]) for event in self.events if event["method"] in said]

    def screenshot(self, *, whole: bool = True) -> bytes:
        """What the page looks like, as a PNG."""
        return b64decode(self.do("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._messages], [], [], max(until - time.monotonic(), 0))
            received = os.read(self._messages, 1 << 20) if ready else b""
            assert received, "chromium has said nothing"
            self._unread += received
        text, self._unread = self._unread.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        return message


def _out_of_the_way(descriptor: int) -> int:
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved
