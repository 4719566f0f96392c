"""`make hardness ARGS="[--members N]"`: what crowds cost a gate that runs, in a table."""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from hardness.crowds import CROWDS
from hardness.figures import Figures, measured
from support.servers import RedisServer
from support.serving import serving

TITLES = """\
| crowd | connections | resident before | during | for each | answers beside it | median | slowest |
|---|---|---|---|---|---|---|---|"""
MEBIBYTE = 1 << 20
KIBIBYTE = 1 << 10


async def main() -> None:
    """Measure each crowd on a gate of its own, and print it."""
    parser = argparse.ArgumentParser(prog="make hardness", description="What slow, silent and greedy callers cost a gate.")
    parser.add_argument("--members", type=int, default=0, metavar="N", help="connections of each crowd (default: each has its own)")
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # the upstream's streams end when their crowd goes
    arguments = parser.parse_args()
    print(TITLES)  # noqa: T201 - a program prints
    for name in CROWDS:
        print(row(await alone(name, arguments.members)), flush=True)  # noqa: T201


async def alone(name: str, members: int) -> Figures:
    """Measure one crowd on a fresh gate."""
    with tempfile.TemporaryDirectory() as directory:
        server = RedisServer("redis").start()
        try:
            server.cli("SET", "gateway:revision", 1)
            async with serving(Path(directory), server, workers=1) as gate:
                return await measured(gate, name, members)
        finally:
            server.close()


def row(figures: Figures) -> str:
    """One line of the table."""
    memory = f"{figures.before / MEBIBYTE:.1f} MiB | {figures.during / MEBIBYTE:.1f} MiB | {figures.per_member / KIBIBYTE:.1f} KiB"
    times = f"{figures.median * 1000:.2f} ms | {figures.slowest * 1000:.1f} ms"
    return f"| {figures.name} | {figures.members} | {memory} | {figures.answered} of {figures.answered} | {times} |"


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
