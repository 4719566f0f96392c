"""`python -m fuzz.guided NAME [--weakened] [libFuzzer's options]`: one target in a process of its own, guided by coverage.

Exit code: 0 nothing was found, 77 a fault was, which is on standard error with the input.

Without arguments each line of standard input is such a call, played in a fork, since preparing the gate for coverage takes longer
than most searches; the answer is a line of JSON: `code`, and what was `said`.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterable
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


def answer(calls: Iterable[str]) -> None:
    """Play each call in a fork."""
    for call in calls:
        with tempfile.TemporaryFile() as said:
            child = os.fork()
            if not child:
                os.dup2(said.fileno(), sys.stdout.fileno())
                os.dup2(said.fileno(), sys.stderr.fileno())
                main(call.split())
                os._exit(0)  # where libFuzzer has not ended it
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said.seek(0)
            sys.stdout.write(json.dumps({"code": code, "said": said.read().decode(errors="replace")}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:]:
        main(sys.argv[1:])
    answer(sys.stdin)
