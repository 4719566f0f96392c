"""`gateway serve`: one worker in this process, or a crew of them; signals, reloads, an orderly end."""

import asyncio
import gc
import logging
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import uvloop

from gateway.app import Gateway, settings_refused
from gateway.audit.logs import configure, event
from gateway.crew import Crew, die_with_parent, hold_sighup, let_sighup_through
from gateway.errors import GatewayError
from gateway.settings.advice import advice, overdue
from gateway.settings.loader import load
from gateway.settings.provision import country_groups
from gateway.settings.reload import SettingsWatch
from gateway.settings.shape import Settings

GARBAGE: Final = 20_000  # container objects made and not freed between two collections of the youngest
LOG: Final = logging.getLogger(__name__)


async def run_worker(path: Path, *, worker: str = "w0", run_dir: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP and a change of the file read the settings again."""
    loop = asyncio.get_running_loop()
    watch = SettingsWatch(path, lambda settings: gateway.apply(settings), settings_refused)  # noqa: PLW0108 - made after the watch
    gateway = Gateway(watch.load(), worker=worker, run_dir=run_dir)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await gateway.start()
    gateway.readings.config_reloads = watch.counts
    watch.start()
    let_sighup_through()
    gc.collect()
    gc.freeze()  # what stands after the start stays: later collections need not walk it
    gc.set_threshold(GARBAGE, 10, 100)  # exchanges free themselves by reference counts; collections are for the rare cycle
    _advise(gateway.settings)
    event(LOG, logging.INFO, "serving", address=gateway.proxy_url)
    try:
        await ended.wait()
    finally:
        await watch.stop()
        await gateway.stop()


def serve(path: Path, workers: int | None = None) -> int:
    """Run the gate of the settings file at `path`; `workers` processes share its ports. Returns the exit code."""
    hold_sighup()
    settings = load(path)
    configure(settings.log, "w0")
    count = workers or settings.workers
    if count == 1:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_worker(path))
        return 0
    return Crew(path, count, Path(settings.store.data_dir)).run(_worker_process)


def _worker_process(path: Path, worker: str, run_dir: Path) -> None:
    """Be one worker of several, in a process of its own."""
    configure(load(path).log, worker)
    die_with_parent()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run_worker(path, worker=worker, run_dir=run_dir))
    except (GatewayError, OSError) as error:
        event(LOG, logging.ERROR, "worker_not_started", problem=str(error))
        raise SystemExit(1) from None


def _advise(settings: Settings) -> None:
    today = datetime.now(UTC).date()
    for sentence in (*advice(settings), *overdue(settings, country_groups(settings), today)):
        event(LOG, logging.WARNING, "settings_advice", problem=sentence)
