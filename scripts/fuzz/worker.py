"""`python -m scripts.fuzz.worker READER [argument of libFuzzer …]`: tries one reader until its time is over."""

import shlex
import sys

import atheris

from scripts.fuzz import trees


def main() -> None:
    """Fuzz the reader whose name is the first argument; what it is made of counts which of its branches are taken."""
    with atheris.instrument_imports(include=["domain"]):
        from tests.support.readers import READERS, words
    _, name, *arguments = sys.argv
    holds, _ = READERS[name]
    vocabulary = words()

    def changed(data: bytes, most: int, seed: int) -> bytes:
        tree = trees.changed(data, vocabulary, seed) if seed % 4 else None
        other: bytes = atheris.Mutate(data, most) if tree is None or len(tree) > most else tree
        return other

    # libFuzzer starts itself again where it merges, by what it takes for its own name.
    itself = shlex.join([sys.executable, "-m", "scripts.fuzz.worker", name])
    atheris.Setup([itself, *arguments], holds, custom_mutator=changed if name == "programs" else None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
