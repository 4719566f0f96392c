"""`python -m bench [--quick] [--out FILE] [--write]`. Exit code: 0 measured, 1 a figure is not reported, 2 bad usage or machine unfit."""

import argparse
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec
from msgspec import structs
from rich.console import Console

from bench.outcome import Outcome
from bench.page import DATA, write_page
from bench.peers.roster import SERVERS
from bench.plan import FULL, PARTS, QUICK, QUICK_PARTS, QUICK_SERVERS, Plan
from bench.problem import BenchError
from bench.report import show
from bench.run import Run

WIDTH: Final = 180


def main() -> int:
    """Measure and report, or write the page again from what was measured."""
    arguments = _arguments()
    console, progress = Console(), Console(stderr=True)
    signal.signal(signal.SIGTERM, _end)
    try:
        outcome = _outcome(arguments, progress)
        if not console.is_terminal:
            console = Console(width=WIDTH)
        show(outcome, console)
        for file in {arguments.out, DATA if arguments.write else None} - {None}:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=1) + b"\n")
        if arguments.write or arguments.redraw:
            write_page(outcome)
    except BenchError as error:
        progress.print(f"[bold red]bench:[/] {error}", highlight=False)
        return 2
    return 1 if outcome.refusals or outcome.failures else 0


def _outcome(arguments: argparse.Namespace, progress: Console) -> Outcome:
    if arguments.redraw:
        return msgspec.json.decode(DATA.read_bytes(), type=Outcome)
    parts = arguments.parts or (QUICK_PARTS if arguments.quick else tuple(PARTS))
    servers = arguments.servers or (QUICK_SERVERS if arguments.quick else tuple(SERVERS))
    return Run(_plan(arguments), servers, lambda text: progress.print(f"[dim]{text}[/]")).measure(parts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gate beside its peers, on two cores of this machine.")
    parser.add_argument("--quick", action="store_true", help="two minutes instead of some twenty, with wider spread")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md, its plots and its figures again")
    parser.add_argument("--redraw", action="store_true", help="measure nothing: write the page again from its figures")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--servers", nargs="+", choices=list(SERVERS), help="whom to measure (default: all)")
    parser.add_argument("--connections", nargs="+", type=int, metavar="N", help="connections of the generator (default: 32 1 256)")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of the requests")
    return parser.parse_args()


def _plan(arguments: argparse.Namespace) -> Plan:
    plan = QUICK if arguments.quick else FULL
    cases = plan.cases
    if arguments.connections:
        cases = tuple(structs.replace(cases[0], connections=number) for number in arguments.connections)
    if arguments.rounds:
        cases = tuple(structs.replace(case, rounds=arguments.rounds) for case in cases)
    return structs.replace(plan, cases=cases)


def _end(number: int, _frame: object) -> None:
    """Leave through every `with`, so that no program stays behind."""
    raise SystemExit(f"bench: ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
