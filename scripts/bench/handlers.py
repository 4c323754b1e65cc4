"""What each function costs a processor, cold and warm, against a process that only makes the clients."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from scripts.bench.numbers import shown, spread, with_spread
from scripts.bench.section import Bars, Chart, Figures, Options, Section
from scripts.bench.tables import table

_ROOT = Path(__file__).resolve().parents[2]
_BESIDE = ("interpreter", "clients")
_NOBODY = "f" * 24


def measure(options: Options) -> Figures:
    """Start everything once to have it compiled, and then in rounds, one process after the other."""
    from scripts.bench.systems.ours import on_the_stub

    functions = sorted(file.stem for file in (_ROOT / "events").glob("*.json"))
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in (*_BESIDE, *functions)}
    with tempfile.TemporaryDirectory(prefix="lodol-bench-") as home, on_the_stub(Path(home)) as stub:
        events = {name: _event(name, stub.ids) for name in functions}
        for number in range(0 if options.quick else -1, options.rounds):
            for name, seen in rows.items():
                found = _run(name, events.get(name), stub.environment)
                if number >= 0:
                    seen.append(found)
    for name, seen in rows.items():
        print(f"  {name}: cold {with_spread([one['cold_ms'] for one in seen])} ms", flush=True)
    return {"functions": rows}


def _event(name: str, ids: dict[str, str]) -> Any:
    from string import Template

    return json.loads(Template((_ROOT / "events" / f"{name}.json").read_text()).substitute(ids, review_id=_NOBODY))


def _run(name: str, event: Any, environment: dict[str, str]) -> dict[str, float]:
    command = [sys.executable, "-m", "scripts.bench.ours.cold", name, json.dumps(event)]
    surroundings = {**os.environ, **environment}
    done = subprocess.run(command, env=surroundings, cwd=_ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def text(figures: Figures) -> str:
    """The table, by what they cost cold."""
    functions = figures["functions"]
    base = spread([one["cold_ms"] for one in functions["clients"]])[0]
    rows = []
    for name, (seen, cold) in _by_cold(functions).items():
        is_ours = name not in _BESIDE
        rows.append(
            [
                f"`{name}`" if is_ours else f"*{_TOLD[name]}*",
                with_spread(cold),
                shown(spread(cold)[0] / base),
                with_spread([one["warm_ms"] for one in seen]) if is_ours else "",
                str(seen[0]["modules"]),
                str(seen[0]["status"] or ""),
            ]
        )
    count = len(functions["clients"])
    heads = ("process", "cold, CPU ms", "× clients", "warm, CPU ms", "modules", "answer")
    return f"""
Each line is a process of its own, one after the other, {count} of each; the median, and in brackets the least and the
most. **Cold** is all processor time of the process, from its start until the first event is answered: interpreter,
imports, clients, the calls of AWS. **Warm** is one more event in the same process, the mean of 20.

{table(heads, rows)}

![Processor time of a cold process](performance/handlers.svg)

- AWS is a stub behind HTTP in another process, whose time is not in here. There is no TLS, which on AWS costs a cold
  process more, and queries of an index find nothing.
- The events are those of `events/`. The review that is asked for does not exist, hence 404; what can be done only once
  is refused when it is repeated, which is a little cheaper.
- All modules are compiled beforehand. On Lambda the import runs at full speed of a processor and is billed as the rest.
"""


def _by_cold(functions: Any) -> dict[str, tuple[Any, list[float]]]:
    """What was seen of each, and its cold times, the cheapest first."""
    found = {name: (seen, [one["cold_ms"] for one in seen]) for name, seen in functions.items()}
    return dict(sorted(found.items(), key=lambda row: spread(row[1][1])[0]))


_TOLD = {"interpreter": "an interpreter that does nothing", "clients": "boto3 and the two clients, nothing else"}


def charts(figures: Figures) -> list[Chart]:
    """Cold, as bars."""
    rows = [(_TOLD.get(name, name), *spread(cold)) for name, (_, cold) in _by_cold(figures["functions"]).items()]
    return [Bars("handlers", "Processor time of a cold process until its first answer", "CPU ms", rows)]


SECTION = Section("Functions, cold and warm", measure, text, charts)
