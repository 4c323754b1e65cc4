"""docs/performance.md, made of the results and of nothing else: text and figures cannot part."""

from pathlib import Path

from scripts.bench import results
from scripts.bench.sections import SECTIONS

DOCUMENT = results.ROOT / "docs" / "performance.md"
_HEAD = (Path(__file__).parent / "performance.md").read_text()


def document(folder: Path) -> str:
    """The whole document, of the results in a folder; a section that was never measured is left out."""
    parts = [_HEAD.rstrip()]
    for name, section in SECTIONS.items():
        if result := results.read(folder, name):
            taken = f"{result.measured_at}, commit {result.commit}, in {result.seconds} s; {result.machine}"
            parts += [
                f"## {section.title}",
                f"`make bench SECTIONS={name}`, {taken}.",
                section.text(result.figures).strip(),
            ]
    return "\n\n".join(parts) + "\n"
