"""What the functions cost a processor, cold and warm, from the packages that `sam build` makes.

AWS answers over HTTP from a recording, so that its own time is in none of the figures. Every process is new and imports
nothing but its package, and all kinds of processes take turns.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from moto import mock_aws

from scripts.bench.numbers import shown, spread, with_spread
from scripts.bench.ours.emulated import ENVIRONMENT, Emulated, Scenario
from scripts.bench.ours.recording import Player, playing
from scripts.bench.section import Bars, Chart, Figures, Options, Section
from scripts.bench.tables import table
from scripts.package import package_into

_WORKER = Path(__file__).parent / "ours" / "worker.py"
_INSTALLED, _PACKAGED = "clients, boto3 as it is installed", "clients, boto3 as it is packaged"
_ATTEMPTS = 3
"""A process in which a minute ends looks at its key again, for which the recording has no answer."""
_WARM, _WARM_QUICK = 200, 20


def measure(options: Options) -> Figures:
    """Make the package, record what AWS answers, and start one process of each kind after the other, in rounds."""
    os.environ.update(ENVIRONMENT)
    # Of what is recorded nobody wants the log.
    with mock_aws(), redirect_stdout(StringIO()):
        scenarios = Emulated().scenarios()
    rows: dict[str, list[dict[str, float]]] = {
        name: [] for name in (_INSTALLED, _PACKAGED, *(s.name for s in scenarios))
    }
    installed, requests = sysconfig.get_path("purelib"), _WARM_QUICK if options.quick else _WARM
    with tempfile.TemporaryDirectory(prefix="lodol-bench-") as home:
        package = Path(home) / "package"
        package_into(package)
        _clients(installed)  # whatever of it was not compiled yet now is
        for _ in range(options.rounds):
            rows[_INSTALLED].append(_clients(installed))
            rows[_PACKAGED].append(_clients(str(package)))
            for scenario in scenarios:
                rows[scenario.name].append(_function(str(package), scenario, requests, Path(home)))
    for name, seen in rows.items():
        print(f"  {name}: cold {with_spread([1000 * one['cold'] for one in seen])} ms", flush=True)
    return {"functions": rows}


def _clients(packages: str) -> dict[str, float]:
    return _process(Player(), packages, "none", "", "", "0")


def _function(package: str, scenario: Scenario, requests: int, home: Path) -> dict[str, float]:
    paths = [home / "first.json", home / "later.json"]
    for path, event in zip(paths, scenario.events, strict=True):
        path.write_text(json.dumps(event))
    return _process(scenario.player, package, scenario.handler, *map(str, paths), str(requests))


def _process(player: Player, *arguments: str) -> dict[str, float]:
    with playing(player) as url:
        for _ in range(_ATTEMPTS):
            player.given.clear()
            done = subprocess.run(
                [sys.executable, "-S", _WORKER, *arguments],
                env={**_surroundings(), "AWS_ENDPOINT_URL": url},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
                return answer
    raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")


def _surroundings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def text(figures: Figures) -> str:
    """The table: cold against a process that makes the clients, warm against the calls alone."""
    functions = figures["functions"]
    installed, packaged = (spread(_cold(functions[name]))[0] for name in (_INSTALLED, _PACKAGED))
    rows, count = [], len(functions[_INSTALLED])
    for name, seen in functions.items():
        cold = _cold(seen)
        median = spread(cold)[0]
        row = [
            name,
            with_spread(cold),
            shown(median / installed),
            shown(median / packaged),
            f"{seen[0]['modules']:.0f}",
        ]
        if "warm" in seen[0]:
            ratio = spread([one["warm"] / one["alone"] for one in seen])[0]
            row += [with_spread([1000 * one[figure] for one in seen]) for figure in ("warm", "alone")]
            row += [shown(ratio), f"{seen[0]['calls']:.0f}", with_spread([1000 * one["own"] for one in seen])]
        rows.append(row + [""] * (10 - len(row)))
    heads = (
        "process",
        "cold, CPU ms",
        "× installed",
        "× packaged",
        "modules",
        "warm, CPU ms",
        "its calls alone",
        "×",
        "calls",
        "all but these",
    )
    return f"""
Each line is a process of its own that imports nothing but its package, {count} of each in turns; the median, and in
brackets the least and the most. **Cold** is from the first import to the first answer, beside a process that imports
boto3 and makes the clients of DynamoDB and Step Functions: from boto3 as pip installs it, and from the one of the
package, which has the data of the used services only. **Warm** is one of the requests behind it, beside nothing but the
calls of AWS that it makes, and beside all that it does but these calls, whose answers are then at hand. Together the
two are less than the whole: each has the processor's caches to itself.

{table(heads, rows)}

![Processor time of a cold process](performance/handlers.svg)

- AWS answers from a recording, over HTTP without TLS, which on AWS costs a cold process more. Its own time is not in
  here.
- All modules are compiled beforehand, as `sam build` does. On Lambda the import runs at full speed of a processor and
  is billed as the rest.
- A slice needs the nodes of programs, which are pydantic's models, and the effects. What was done for cold starts, and
  what was not, is told in [0012](decisions/0012-cold-starts.md).
"""


def _cold(seen: list[dict[str, float]]) -> list[float]:
    return [1000 * one["cold"] for one in seen]


def charts(figures: Figures) -> list[Chart]:
    """Cold, as bars, the cheapest first."""
    rows = sorted(((name, *spread(_cold(seen))) for name, seen in figures["functions"].items()), key=lambda row: row[1])
    return [Bars("handlers", "Processor time of a cold process until its first answer", "CPU ms", rows)]


SECTION = Section("Functions, cold and warm", measure, text, charts)
