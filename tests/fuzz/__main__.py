"""`make fuzz ARGS="[--seconds N] [TARGET ...]"`: look for faults, target by target.

Exit code: 0 none found, 1 one was, 2 bad usage or no atheris here.
"""

import argparse
import importlib.util
import subprocess
import sys

from fuzz.table import TARGETS

LONGEST_INPUT = 4096
SLOW = 10
"""Seconds after which one input counts as a hang."""


def main() -> int:
    """Fuzz the targets that are named, or all."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Fuzz the gate, guided by coverage.")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each target (default: 60)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"any of {', '.join(TARGETS)} (default: all)")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: it has wheels for Linux on x86-64, CPython 3.11 to 3.14", file=sys.stderr)  # noqa: T201 - a program
        return 2
    found = [name for name in arguments.targets or TARGETS if not fuzzed(name, f"-max_total_time={arguments.seconds}")]
    print(f"faults found by: {', '.join(found)}" if found else "no fault was found")  # noqa: T201
    return 1 if found else 0


def fuzzed(name: str, *options: str) -> bool:
    """Fuzz one target; True where nothing was found."""
    print(f"== {name}", flush=True)  # noqa: T201
    command = [sys.executable, "-m", "fuzz.guided", name, f"-max_len={LONGEST_INPUT}", f"-timeout={SLOW}", "-print_final_stats=1", *options]
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
