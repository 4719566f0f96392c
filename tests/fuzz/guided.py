"""`python -m fuzz.guided NAME [--weakened] [libFuzzer's options]`: one target in a process of its own, guided by coverage.

Exit code: 0 nothing was found, 77 a fault was, which is on standard error with the input.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["gateway"]):
    from fuzz.table import TARGETS, WEAKENED


def main(arguments: list[str]) -> None:
    """Fuzz until libFuzzer has had its runs or seconds."""
    name, *options = arguments
    table = WEAKENED if "--weakened" in options else TARGETS
    target = table[name]()
    options = [option for option in options if option != "--weakened"]
    with tempfile.TemporaryDirectory() as directory:
        corpus, words = Path(directory, "corpus"), Path(directory, "words")
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / f"{number:02}").write_bytes(seed)
        words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in target.words))
        atheris.Setup([sys.argv[0], *options, f"-dict={words}", f"-artifact_prefix={directory}/", str(corpus)], target.try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
