"""`gateway demo`: a gate with everything around it, the main job walked before your eyes, then all of it yours to try."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console

import gateway
from gateway.audit.logs import configure
from gateway.cli.failures import DONE, REFUSED
from gateway.cli.options import operator
from gateway.demo.scene import Scene, open_scene
from gateway.demo.screen import Screen
from gateway.demo.walk import walk
from gateway.errors import SettingsError
from gateway.settings.loader import load
from gateway.settings.shape import Settings

PACKAGE: Final = Path(gateway.__file__).parent
PLACES: Final = (Path("config/demo.yaml"), PACKAGE.parent / "config" / "demo.yaml", PACKAGE / "demo" / "demo.yaml")

LOG: Final = "gateway.log"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `demo` takes."""
    parser.add_argument(
        "--once", action="store_true", help="walk in a directory that is thrown away, end, exit 0 if every step came out as said"
    )


def run(arguments: argparse.Namespace) -> int:
    """Walk, and unless `--once` stay up until interrupted."""
    config = demo_config()
    settings = load(config)
    with ExitStack() as stack:
        directory = Path(settings.store.data_dir)
        if arguments.once:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-demo-", ignore_cleanup_errors=True)))
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # In the terminal only the walk is seen: it provokes what the gate warns of.
        configure(settings.log, "demo", stack.enter_context((directory / LOG).open("w", encoding="utf-8")))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_play(settings, config, directory, once=arguments.once))


async def _play(settings: Settings, config: Path, directory: Path, *, once: bool) -> int:
    screen = Screen(Console())
    async with open_scene(settings, directory, operator()) as scene:
        screen.opening(scene)
        code = await _walk(screen, scene)
        if code != DONE:
            sys.stderr.write((directory / LOG).read_text(encoding="utf-8"))
        if not once:
            screen.invitation(scene, _own_name(), str(config), directory / LOG)
            await _interrupted()
    return code


async def _walk(screen: Screen, scene: Scene) -> int:
    steps = []
    async for step in walk(scene):
        screen.step(step)
        steps.append(step)
    screen.verdict(steps)
    return DONE if all(step.ok for step in steps) else REFUSED


async def _interrupted() -> None:
    """Wait for Ctrl-C or SIGTERM."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()


def demo_config() -> Path:
    """Find the demonstration's own settings, and no others: it clears the policy that it finds."""
    for place in PLACES:
        if place.is_file():
            return place
    raise SettingsError(f"no settings for the demonstration at {PLACES[0]}: run it where the project stands")


def _own_name() -> str:
    """Say how this program can be called again from here."""
    path = Path(sys.argv[0])
    return os.path.relpath(path) if path.name == "gateway" and path.is_file() else f"{os.path.relpath(sys.executable)} -m gateway"
