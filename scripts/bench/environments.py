"""An environment of its own for each peer, below a cache folder, from PyPI and npm with pinned versions."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_INSTALLS_WITHIN_SECONDS = 480
_UV = Path(sys.executable).parent / "uv"


class Missing(Exception):
    """A system cannot be measured here; the text says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a peer needs: requirements of PyPI, packages of npm."""

    name: str
    python: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Below LODOL_BENCH_CACHE, or the user's cache; other versions are another folder."""
        versions = hashlib.sha256(repr((self.python, self.npm)).encode()).hexdigest()[:8]
        cache = os.environ.get("LODOL_BENCH_CACHE") or Path.home() / ".cache" / "lodol-bench"
        return Path(cache) / f"{self.name}-{versions}"

    def command(self, name: str) -> str:
        """The path of a command of one of its Python packages, `python` itself being one."""
        return str(self.folder / "python" / "bin" / name)

    def node_command(self, name: str) -> str:
        """The path of a command of one of its npm packages."""
        return str(self.folder / "node" / "node_modules" / ".bin" / name)

    def ensure(self, *, install: bool) -> None:
        """Install it if it is not there, or raise `Missing`."""
        ready = self.folder / "ready"
        if ready.exists():
            return
        if not install:
            raise Missing("not installed; `make bench SECTIONS=peers` installs it")
        print(f"  installing {', '.join((*self.python, *self.npm))}", flush=True)
        python, node = self.folder / "python", self.folder / "node"
        node.mkdir(parents=True, exist_ok=True)
        if self.python:
            _run(str(_UV), "venv", "--quiet", "--clear", "--python", sys.executable, str(python))
            _run(str(_UV), "pip", "install", "--quiet", "--python", str(python / "bin" / "python"), *self.python)
        if self.npm:
            quiet = ("--no-fund", "--no-audit", "--loglevel=error")
            _run("npm", "install", *quiet, "--prefix", str(node), *self.npm)
        ready.touch()


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_INSTALLS_WITHIN_SECONDS)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed on this machine") from None
    except subprocess.TimeoutExpired:
        raise Missing(f"was not installed within {_INSTALLS_WITHIN_SECONDS} s") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and "debug-0.log" not in line]
        last = said[-1] if said else f"{command[0]} ended with {done.returncode}"
        telling = next((line for line in said if "No matching" in line or "not found" in line), last)
        raise Missing(f"cannot be installed here: {telling.strip()[:200]}")
