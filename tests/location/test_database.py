"""One file: opened with the extension, judged by its age, replaced while running."""

import asyncio
from pathlib import Path

import pytest
from support.mmdb import NETWORKS, write_mmdb

from gateway.errors import SettingsError
from gateway.location.database import NOTHING, Database, Reader

BUILT = 1_790_000_000
PYONGYANG, UNLISTED = "175.45.176.1", "9.9.9.9"


def any_file(_reader: Reader, _file: str) -> None:
    """Ask nothing of a file."""


def never(_reader: Reader, file: str) -> None:
    raise SettingsError(f"{file} is not what was wanted")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_mmdb(tmp_path / "country.mmdb", built_at=BUILT)


def test_a_record_nothing_and_no_answer_are_three_things(file: Path) -> None:
    database = Database(str(file), "here", 0, any_file)
    assert database.record(PYONGYANG) == NETWORKS["175.45.176.0/22"]
    assert database.record(UNLISTED) is NOTHING
    assert database.record("no address") is None
    database.close()
    assert database.record(PYONGYANG) is None


def test_one_that_is_too_old_says_nothing(file: Path) -> None:
    old = Database(str(file), "here", 10, any_file, clock=lambda: BUILT + 10.5)
    assert (old.fresh, old.record(PYONGYANG), old.built_at) == (False, None, BUILT)


def test_a_file_that_the_probe_refuses_is_not_taken(file: Path) -> None:
    with pytest.raises(SettingsError, match="is not what was wanted"):
        Database(str(file), "here", 0, never)


async def test_a_new_file_is_probed_in_a_thread_and_a_bad_one_is_told_once(file: Path) -> None:
    heard: list[SettingsError] = []
    database = Database(str(file), "here", 0, any_file, on_failure=heard.append)
    await database.refresh_aside()
    assert database.counts == {"ok": 0, "failed": 0}
    write_mmdb(file, {"9.9.9.0/24": {"country": {"iso_code": "CH"}}}, built_at=BUILT + 1)
    await database.refresh_aside()
    assert (database.record(UNLISTED), database.built_at) == ({"country": {"iso_code": "CH"}}, BUILT + 1)
    file.with_suffix(".bad").write_bytes(b"half")
    file.with_suffix(".bad").replace(file)
    await asyncio.gather(database.refresh_aside(), database.refresh_aside())
    assert (len(heard), database.counts, database.generation) == (1, {"ok": 1, "failed": 1}, 1)
    assert "here: " in str(heard[0])
