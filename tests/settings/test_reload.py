"""A changed file is read again; a bad one, or one half written, changes nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.settings_text import WHOLE, parsed

from gateway.errors import GatewayError, SettingsError
from gateway.settings.reload import BOUND_AT_START, SettingsWatch, changed_sections, needs_restart
from gateway.settings.shape import Settings

DEADLINE = 10.0


class Stage:
    """A watched file, and what its watch has said so far."""

    def __init__(self, directory: Path, poll_every: float = 0.01) -> None:
        self.file = directory / "gateway.yaml"
        self.write(WHOLE)
        self.heard: asyncio.Queue[Settings | GatewayError] = asyncio.Queue()
        self.refuse = False
        self.watch = SettingsWatch(self.file, self._change, self.heard.put_nowait, poll_every=poll_every)

    def write(self, text: str) -> None:
        """Replace the file as careful tools do."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self.file)

    async def hears(self) -> Settings | GatewayError:
        return await asyncio.wait_for(self.heard.get(), DEADLINE)

    def _change(self, settings: Settings) -> None:
        if self.refuse:
            raise ZeroDivisionError
        self.heard.put_nowait(settings)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    stage.watch.load()
    stage.watch.start(on_sighup=False)
    yield stage
    await stage.watch.stop()


async def changed(stage: Stage) -> Settings:
    heard = await stage.hears()
    assert isinstance(heard, Settings)
    return heard


async def failed(stage: Stage) -> str:
    heard = await stage.hears()
    assert isinstance(heard, SettingsError)
    return str(heard)


async def test_a_new_file_is_handed_over(stage: Stage) -> None:
    stage.write(WHOLE + "log: {level: debug}\n")
    assert (await changed(stage)).log.level == "debug"
    assert stage.watch.counts == {"ok": 1, "failed": 0}


async def test_a_bad_file_is_reported_once_and_the_next_good_one_taken(stage: Stage) -> None:
    stage.write(WHOLE + "log: {level: loud}\n")
    assert "log.level: expected one of" in await failed(stage)
    stage.write(WHOLE + "log: {level: error}\n")
    assert (await changed(stage)).log.level == "error"
    assert stage.watch.counts == {"ok": 1, "failed": 1}


async def test_a_file_that_is_gone_is_a_failure_and_its_return_a_change(stage: Stage) -> None:
    stage.file.unlink()
    assert "No such file" in await failed(stage)
    stage.write(WHOLE)
    assert (await changed(stage)).workers == 1


async def test_what_changes_between_the_first_reading_and_the_start_is_not_missed(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.watch.load()
    stage.write(WHOLE + "log: {level: debug}\n")
    stage.watch.start(on_sighup=False)
    assert (await changed(stage)).log.level == "debug"
    await stage.watch.stop()


async def test_country_groups_are_watched_with_the_file(stage: Stage, tmp_path: Path) -> None:
    groups = tmp_path / "groups.yaml"
    groups.write_text("groups: {a: {members: [DE]}}\n", encoding="utf-8")
    stage.write(WHOLE + "country_groups: groups.yaml\n")
    assert (await changed(stage)).country_groups == str(groups)
    groups.write_text("groups: {a: {members: [DE, FR]}}\n", encoding="utf-8")
    await changed(stage)
    groups.write_text("groups: {a: {members: [QQ]}}\n", encoding="utf-8")
    assert "groups.yaml" in await failed(stage)


async def test_what_the_taker_refuses_counts_as_failed(stage: Stage) -> None:
    stage.refuse = True
    stage.watch.ask()
    assert "could not be applied: ZeroDivisionError" in await failed(stage)
    stage.refuse = False
    stage.watch.ask()
    await changed(stage)
    assert stage.watch.counts == {"ok": 1, "failed": 1}


async def test_sighup_reads_again_at_once_though_nothing_changed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, poll_every=3600)
    stage.watch.load()
    stage.watch.start()
    try:
        os.kill(os.getpid(), signal.SIGHUP)
        assert (await changed(stage)).workers == 1
    finally:
        await stage.watch.stop()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


async def test_a_file_that_still_changes_is_left_alone_until_it_rests(tmp_path: Path) -> None:
    """Half of a file can be a whole one with fewer restrictions: it is read when two looks have seen the same."""
    stage = Stage(tmp_path, poll_every=3600)
    stage.watch.load()
    stage.watch.start(on_sighup=False)
    try:
        stage.file.write_text(WHOLE, encoding="utf-8")
        assert not stage.watch.look()
        with stage.file.open("a", encoding="utf-8") as file:
            file.write("log: {level: debug}\n")
        assert not stage.watch.look()
        assert stage.watch.look()
    finally:
        await stage.watch.stop()


async def test_stopping_what_never_started_is_harmless(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    await stage.watch.stop()
    assert repr(stage.watch) == f"<SettingsWatch {stage.file} ok=0 failed=0>"


def test_sections_that_need_a_restart_are_told() -> None:
    new = parsed(WHOLE + "log: {level: debug}\nworkers: 2\nlimits: {drain: 30}\n")
    assert changed_sections(parsed(WHOLE), new) == {"log", "workers"}
    assert changed_sections(parsed(WHOLE), new) & BOUND_AT_START == {"workers"}


def test_whom_the_listener_believes_needs_no_restart() -> None:
    listening = "listen: {proxy: {address: 'a:1', trusted_proxies: [%s], client_address_header: forwarded, proxy_protocol: %s}}\n"
    old = parsed(WHOLE + listening % ("10.0.0.0/8", "v1"))
    assert needs_restart(old, parsed(WHOLE + listening % ("192.0.2.1", "v1"))) == set()
    assert needs_restart(old, parsed(WHOLE + listening % ("10.0.0.0/8", "v2"))) == {"listen"}
    assert needs_restart(old, parsed(WHOLE + "workers: 3\n" + listening % ("192.0.2.1", "v1"))) == {"workers"}
