"""`python -m scripts.fuzz [--seconds N] [READER …]`: fuzzes each reader, and keeps the least corpus that covers all.

What breaks a reader stays below .local/fuzz, and the command fails.
"""

import argparse
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from tests.support.readers import READERS, keep, kept, words

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = _ROOT / ".local" / "fuzz"
_KEPT_BYTES = 150_000
"""As many bytes of a corpus are kept, the shortest inputs first."""
_LIMITS = ["-max_len=4000", "-timeout=20", "-rss_limit_mb=2048"]


def main() -> int:
    """Fuzz the readers one after the other, and say what was tried and found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60, help="for how long each reader is tried")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(READERS)}; all without one")
    arguments = parser.parse_args()
    return max([_fuzz(name, arguments.seconds) for name in arguments.readers or READERS])


def _fuzz(name: str, seconds: int) -> int:
    """Try one reader; answers with 1 if something breaks it."""
    corpus, least, vocabulary = _FOLDER / name, _FOLDER / f"{name}.least", _FOLDER / "words"
    corpus.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("".join(f'"{word}"\n' for word in words()))
    _, begins_with = READERS[name]
    # What once broke it is tried first.
    breaking = [path.read_bytes() for path in _FOLDER.glob(f"{name}-*")]
    for data in [*begins_with(), *kept(name), *breaking]:
        (corpus / sha256(data).hexdigest()).write_bytes(data)
    done = _worker(
        name,
        [
            f"-max_total_time={seconds}",
            f"-dict={vocabulary}",
            f"-artifact_prefix={_FOLDER}/{name}-",
            "-print_final_stats=1",
        ],
        corpus,
    )
    tried = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if done.returncode or tried is None:
        print(f"{name}: broken\n{done.stdout[-5000:]}\n{done.stderr[-2000:]}")
        return 1
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir()
    _worker(name, ["-merge=1"], least, corpus).check_returncode()
    found = _within(sorted((path.read_bytes() for path in least.iterdir()), key=len))
    keep(name, found)
    print(f"{name}: {tried[1]} inputs tried, nothing breaks it; {len(found)} are kept")
    return 0


def _worker(name: str, arguments: list[str], *folders: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.fuzz.worker", name, *_LIMITS, *arguments, *map(str, folders)]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, errors="replace", check=False)


def _within(inputs: list[bytes]) -> list[bytes]:
    """The first of them that together take no more than is kept."""
    taken, found = 0, []
    for data in inputs:
        taken += len(data)
        if taken > _KEPT_BYTES:
            break
        found.append(data)
    return found


if __name__ == "__main__":
    sys.exit(main())
