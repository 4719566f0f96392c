"""`python -m bench [--quick] [--out FILE]`. Exit code: 0 measured, 1 a figure could not be reported, 2 bad usage or a machine unfit."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from bench.plan import FULL, QUICK, Plan
from bench.problem import BenchError
from bench.report import show
from bench.run import PARTS, SERVERS, run

LONGEST: Final = 600
"""Seconds after which a run is broken off, whatever it waits for."""


def main() -> int:
    """Measure and report."""
    arguments = _arguments()
    console, progress = Console(), Console(stderr=True)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(LONGEST)
    try:
        outcome = run(_plan(arguments), tuple(arguments.parts), tuple(arguments.servers), lambda text: progress.print(f"[dim]{text}[/]"))
    except BenchError as error:
        progress.print(f"[bold red]bench:[/] {error}", highlight=False)
        return 2
    if not console.is_terminal:
        console = Console(width=160)
    show(outcome, console)
    if arguments.out is not None:
        arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=1) + b"\n")
    return 1 if outcome.refusals or outcome.failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gate beside its peers, on two cores of this machine.")
    parser.add_argument("--quick", action="store_true", help="less than a minute instead of some five, with wider spread")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    parser.add_argument("--servers", nargs="+", choices=list(SERVERS), default=list(SERVERS), help="whom to measure (default: all)")
    parser.add_argument(
        "--connections", nargs="+", type=int, metavar="N", help="connections of the generator (default: 32 1 256, quick: 32)"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of the requests")
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    chosen = {"connections": tuple(arguments.connections or ()), "rounds": arguments.rounds}
    return msgspec.structs.replace(QUICK if arguments.quick else FULL, **{name: value for name, value in chosen.items() if value})


def _end(number: int, _frame: object) -> None:
    """Leave through every `with`, so that no program stays behind."""
    raise SystemExit(f"bench: ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
