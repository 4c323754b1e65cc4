"""Reads the documents of the project: their sections, and the tables in them."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def section(document: str, heading: str) -> str:
    """What stands below a heading, up to the next of its level or above."""
    text = (ROOT / "docs" / f"{document}.md").read_text()
    start = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert start, heading
    end = re.search(rf"^#{{1,{len(start[1])}}} ", text[start.end() :], re.MULTILINE)
    return text[start.end() : start.end() + end.start()] if end else text[start.end() :]


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the tables in a text, without their heads."""
    for line, following in pairwise([*text.splitlines(), ""]):
        if line.startswith("|") and not line.startswith("| ---") and not following.startswith("| ---"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])]
