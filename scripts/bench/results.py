"""The results of each section, one JSON file each: what was found, when, on which machine, of which commit."""

import hashlib
import json
import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.bench.section import Figures

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "performance"
TRIED = ROOT / ".local" / "bench"
"""Where a quick run writes, whose figures nobody should quote."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one section has found."""

    measured_at: str
    commit: str
    machine: str
    seconds: int
    figures: Figures

    @property
    def digest(self) -> str:
        """Names these figures; what is drawn of them carries it."""
        return hashlib.sha256(json.dumps(self.figures, sort_keys=True).encode()).hexdigest()[:16]


def result_of(figures: Figures, seconds: float) -> Result:
    """Figures that were just measured, with the surroundings in which they were."""
    return Result(
        measured_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        machine=machine(),
        seconds=round(seconds),
        figures=figures,
    )


def machine() -> str:
    """The processor, its number of cores, the memory, the system and the interpreter."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, {python}"


def write(folder: Path, name: str, result: Result) -> None:
    """Keep the result of a section."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = {field: getattr(result, field) for field in Result.__dataclass_fields__}
    (folder / f"{name}.json").write_text(json.dumps(fields, indent=1, ensure_ascii=False) + "\n")


def read(folder: Path, name: str) -> Result | None:
    """The result of a section, if it was ever measured."""
    file = folder / f"{name}.json"
    return Result(**json.loads(file.read_text())) if file.exists() else None


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _commit() -> str:
    git = ["git", "-C", str(ROOT)]
    done = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "src", "lodol", "template.yaml", "uv.lock"],
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout.strip() or "unknown") + (" with changes" if changed.stdout else "")
