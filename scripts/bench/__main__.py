"""`python -m scripts.bench [SECTION …] [--quick] [--write]`: measures sections, or all; `--write` only writes anew."""

import argparse
import sys
import time
from pathlib import Path

from scripts.bench import charts, document, results
from scripts.bench.section import Options
from scripts.bench.sections import SECTIONS

_ROUNDS = 4


def main() -> int:
    """Measure, keep what was found, and write the document."""
    arguments = _arguments()
    folder = results.TRIED if arguments.quick else results.KEPT
    for name in [] if arguments.write else arguments.sections or SECTIONS:
        print(f"· {name}", flush=True)
        begun = time.monotonic()
        rounds = 1 if arguments.quick else arguments.rounds
        figures = SECTIONS[name].measure(Options(arguments.quick, arguments.install, rounds))
        results.write(folder, name, results.result_of(figures, time.monotonic() - begun))
    _write(folder, folder / "performance.md" if arguments.quick else document.DOCUMENT)
    return 0


def _write(folder: Path, file: Path) -> None:
    for name, section in SECTIONS.items():
        if result := results.read(folder, name):
            for chart in section.charts(result.figures):
                charts.draw(chart, folder, result.digest)
    file.write_text(document.document(folder))
    print(f"wrote {file.relative_to(results.ROOT)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; without one, all")
    parser.add_argument("--quick", action="store_true", help="shows that all works; the figures stay in .local/bench")
    parser.add_argument("--install", action="store_true", help="installs the peers that are not there")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="of what is compared; %(default)s")
    parser.add_argument("--write", action="store_true", help="measures nothing: writes document and charts")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.sections if name not in SECTIONS]:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
