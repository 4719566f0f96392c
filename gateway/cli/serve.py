"""`gateway serve`: run the gate until it is told to end (SIGTERM drains, SIGHUP reads the settings again)."""

import argparse
from typing import Final

from gateway.cli.options import add_config, config_path
from gateway.errors import CommandError, SettingsError
from gateway.serving import serve

MOST_WORKERS: Final = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `serve` takes."""
    add_config(parser)
    parser.add_argument("--workers", type=_count, metavar="N", help="processes on one port (default: the settings file's, 1)")


def run(arguments: argparse.Namespace) -> int:
    """Serve; the value is the gate's own exit code."""
    path = config_path(arguments)
    if path is None:
        raise SettingsError("no settings file. Write: gateway serve --config FILE")
    try:
        return serve(path, arguments.workers)
    except OSError as error:
        raise CommandError(f"the gate cannot start: {error}. Check the addresses under `listen` and who else uses them.") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of workers: write 1 to {MOST_WORKERS}")
    return int(text)
