"""What a system's processes use: processor time and memory, of all of them together."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

_ENDS_WITHIN_SECONDS = 15


def spawn(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, what it says going to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            cwd=cwd or log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End processes with all that they started."""
    processes = list(processes)
    for process in processes:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + _ENDS_WITHIN_SECONDS
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], what: signal.Signals) -> None:
    try:
        os.killpg(process.pid, what)
    except ProcessLookupError:
        return


def processor_seconds(roots: Iterable[int]) -> float:
    """User and system time of the processes and all below them so far, those that have ended included."""
    return sum(sum(process.cpu_times()[:4]) for process in _trees(roots))


def memory_megabytes(roots: Iterable[int]) -> tuple[float, float]:
    """Resident memory, in which what processes share counts for each, and proportional, in which it counts once."""
    found = [process.memory_full_info() for process in _trees(roots)]
    return sum(one.rss for one in found) / 2**20, sum(one.pss for one in found) / 2**20


def _trees(roots: Iterable[int]) -> list[psutil.Process]:
    trees = [psutil.Process(root) for root in roots]
    return [one for root in trees for one in (root, *root.children(recursive=True)) if one.status() != "zombie"]
