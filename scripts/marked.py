"""What is written by programs into documents that people write: it stands between two marks."""

from pathlib import Path


def write_between(document: Path, begin: str, end: str, text: str) -> None:
    """Replace what stands in a document between the marks, each of which it has once."""
    before, _, rest = document.read_text().partition(begin)
    document.write_text(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}")
