"""A long soak: `make soak` (`ARGS="--minutes 20"`). Streams come and go under random edits; the checker reads every log.

The same soak runs for some seconds in the test suite (tests/support/soak.py). Exit code: 0 no violation and nothing grew, 1 otherwise.
"""

import argparse
import asyncio
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the observer, the checker and the servers live with the tests

from support.servers import RedisServer
from support.soak import SoakFigures, soaking

MOST_MINUTES: Final = 60.0
GRACE: Final = 60
"""Seconds beyond the asked time after which the run is broken off, whatever it waits for."""
MEBIBYTE: Final = 1 << 20
GROWTH: Final = 8 * MEBIBYTE


def main() -> int:
    """Soak and report."""
    arguments = _arguments()
    seconds = 60 * arguments.minutes
    signal.alarm(int(seconds) + GRACE)
    server = RedisServer(arguments.store).start()
    try:
        with tempfile.TemporaryDirectory(prefix="gw-soak-") as directory:
            figures = asyncio.run(_soak(Path(directory), server, arguments, seconds))
    finally:
        server.close()
    _show(figures)
    return 0 if not figures.violations and figures.growth < GROWTH and figures.descriptors[1] <= figures.descriptors[0] else 1


async def _soak(directory: Path, server: RedisServer, arguments: argparse.Namespace, seconds: float) -> SoakFigures:
    async with soaking(directory, server, seed=arguments.seed, workers=arguments.workers) as soak:
        return await soak.run(seconds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.soak", description="Let streams come and go under random edits; check every log."
    )
    parser.add_argument("--minutes", type=_minutes, default=5.0, help="how long (default 5, at most 60)")
    parser.add_argument("--workers", type=int, default=1, choices=range(1, 9), metavar="N", help="processes of the gate (default 1)")
    parser.add_argument("--store", choices=("redis", "valkey"), default="redis", help="which server (default redis)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="plays the same edits again")
    return parser.parse_args()


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"write a number of minutes up to {MOST_MINUTES:.0f}")
    return minutes


def _show(figures: SoakFigures) -> None:
    steps = figures.footprints
    print(f"seed {figures.seed}: {figures.seconds:.0f} s, {figures.edits} edits, {figures.kills} times all store connections killed")
    print(f"{figures.streams} streams, {figures.cut} cut, {figures.refused} refused, {figures.probes} probes")
    quantiles = ", ".join(f"{name} {figures.quantile(share):.1f}" for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)))
    print(f"removal sent -> last byte, ms: {quantiles}")
    print(
        f"resident memory: {steps[0].memory / MEBIBYTE:.1f} MiB at first, {max(step.memory for step in steps) / MEBIBYTE:.1f} at most, "
        f"{steps[-1].memory / MEBIBYTE:.1f} at last; {figures.growth / MEBIBYTE:+.2f} after the warm-up"
    )
    before, after = figures.descriptors
    print(f"file descriptors: {before} before, {max(step.descriptors for step in steps)} at most, {after} after")
    print(f"violations: {len(figures.violations)}")
    for violation in figures.violations[:20]:
        print(f"  {violation}")


if __name__ == "__main__":
    sys.exit(main())
