"""`python -m scripts.mutations [WORD …] [--write]`: those whose name has a word, or all; `--write` writes the table."""

import pickle
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from scripts.marked import write_between
from scripts.mutations import runner
from scripts.mutations.operators import Mutation, mutations_of
from scripts.mutations.runner import ROOT, SOURCE, Reach

DOCUMENT = ROOT / "docs" / "guarantees.md"
KEPT = ROOT / ".local" / "reach.pickle"
KILLERS = ROOT / ".local" / "killers.txt"
"""A line for each mutation killed so far and its test: the one to be tried first the next time."""

EQUIVALENT = Path(__file__).parent / "equivalent.toml"
BEGIN, END = "<!-- mutations: make mutations -->\n", "<!-- end of mutations -->"
AT_ONCE = 2


def all_mutations() -> list[Mutation]:
    """Every mutation of the rules and the handlers."""
    return [
        mutation
        for folder in ("domain", "handlers", "views")
        for file in sorted((SOURCE / folder).rglob("*.py"))
        for mutation in mutations_of(file, ".".join(file.relative_to(SOURCE).with_suffix("").parts))
    ]


def equivalent() -> dict[str, dict[str, str]]:
    """The mutations that change nothing anybody could see: what the first changed line `becomes`, and `why`."""
    argued: dict[str, dict[str, str]] = tomllib.loads(EQUIVALENT.read_text())
    return argued


def misnamed(everything: Iterable[Mutation]) -> list[str]:
    """What is argued to be equivalent under a name that is nothing's, or by now another mutation's."""
    argued, named = equivalent(), {mutation.name: mutation for mutation in everything}
    return [name for name, of in argued.items() if name not in named or named[name].becomes() != of["becomes"]]


def _reach() -> Reach:
    """What was learnt, kept as long as no file of the product or the tests changes."""
    newest = max(file.stat().st_mtime for folder in ("src", "tests") for file in (ROOT / folder).rglob("*.py"))
    if not KEPT.exists() or KEPT.stat().st_mtime < newest:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_bytes(runner.learn())
    reach: Reach = pickle.loads(KEPT.read_bytes())  # noqa: S301 - our own file
    return reach


def _try(chosen: tuple[Mutation, dict[str, float]]) -> tuple[str, str]:
    mutation, tests = chosen
    by = runner.killer(mutation, tests) if tests else ""
    if by in tests:
        with KILLERS.open("a") as file:
            file.write(f"{mutation.name}\t{by}\n")
    where = f"{mutation.file.relative_to(ROOT)}:{mutation.lines[0]}"
    print(f"{'killed  ' if by else 'SURVIVED'} {mutation.name}  {by}  {where}", flush=True)
    return mutation.name, by


def _attempt(mutations: list[Mutation], reach: Reach) -> dict[str, str]:
    lines = KILLERS.read_text().splitlines() if KILLERS.exists() else []
    former = dict(line.split("\t") for line in lines)
    chosen = [(one, _first(former.get(one.name, ""), reach.of(one))) for one in mutations]
    with get_context("fork").Pool(AT_ONCE) as pool:
        return dict(pool.imap_unordered(_try, chosen))


def _first(test: str, tests: dict[str, float]) -> dict[str, float]:
    return {test: tests[test], **tests} if test in tests else tests


def main() -> int:
    """Try the mutations, and fail if one survives that is not argued to be equivalent."""
    words = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    argued, everything = equivalent(), all_mutations()
    if wrong := misnamed(everything):
        raise SystemExit(f"{EQUIVALENT.name} names what is not there, or is another by now: {', '.join(wrong)}")
    chosen = [
        one for one in everything if one.name not in argued and (not words or any(word in one.name for word in words))
    ]
    print(f"· learning which tests reach what, for {len(chosen)} mutations", flush=True)
    reach = _reach()
    chosen = [replace(one, function="") if reach.works_at_import(one) else one for one in chosen]
    # What works at import is tried before the product is imported here.
    killers = _attempt([one for one in chosen if not one.function], reach)
    killers |= runner.collected(lambda: _attempt([one for one in chosen if one.function], reach))
    survivors = [name for name, by in killers.items() if not by]
    print(
        f"{len(killers)} mutations, {len(killers) - len(survivors)} killed, {len(argued)} more argued to be equivalent"
    )
    if "--write" in sys.argv and not survivors and not words:
        _write(everything, argued)
    return 1 if survivors else 0


def _write(everything: list[Mutation], argued: dict[str, dict[str, str]]) -> None:
    modules = Counter(str(one.file.relative_to(SOURCE)) for one in everything)
    same = Counter(str(one.file.relative_to(SOURCE)) for one in everything if one.name in argued)
    rows = [f"| `{module}` | {count - same[module]} | {same[module]} |" for module, count in sorted(modules.items())]
    total = f"{len(everything) - len(argued)} mutations, all killed; {len(argued)} more are argued to be equivalent."
    table = "\n".join(["| module | killed | equivalent |", "| --- | --- | --- |", *rows])
    write_between(DOCUMENT, BEGIN, END, f"{total}\n\n{table}")


if __name__ == "__main__":
    sys.exit(main())
