import stat
from pathlib import Path

import pytest

from gateway.errors import StoreUnavailableError
from gateway.store.socketpath import LONGEST_PATH, is_trusted, make_private, socket_path


def test_the_socket_is_beside_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert socket_path("data") == Path("/data/run/valkey.sock")


def test_a_path_too_long_for_a_socket_is_moved_and_always_to_the_same_place(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    path = socket_path(deep)
    assert len(str(path)) <= LONGEST_PATH
    assert path == socket_path(str(deep))
    assert path != socket_path(tmp_path / ("e" * 120))


def test_a_private_directory_is_the_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "run"
    make_private(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    directory.chmod(0o755)
    make_private(directory)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreUnavailableError, match="belongs to someone else"):
        make_private(tmp_path / "run")


def test_only_what_is_there_is_trusted(tmp_path: Path) -> None:
    assert not is_trusted(tmp_path / "valkey.sock", tmp_path)
    (tmp_path / "valkey.sock").touch()
    assert is_trusted(tmp_path / "valkey.sock", tmp_path)
