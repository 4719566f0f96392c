"""Where the embedded store of a data directory listens: one private unix socket, found again by every process of its owner."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

from gateway.errors import StoreUnavailableError

LONGEST_PATH: Final = 100
"""Bytes; a socket's path may hold 107 on Linux and 103 on macOS (sockaddr_un.sun_path)."""


def socket_path(data_dir: str | Path) -> Path:
    """Name the socket: inside the data directory, or in a private temporary directory where that path would be too long."""
    real = Path(data_dir).resolve()
    path = real / "run" / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gateway-{os.geteuid()}-{digest}" / "valkey.sock"


def make_private(directory: Path) -> None:
    """Create `directory` for its owner alone (0700), or check that it is so. Raises StoreUnavailableError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid != os.geteuid():
        raise StoreUnavailableError(f"{directory} belongs to someone else: remove it, or set store.data_dir to a directory of your own")
    directory.chmod(0o700)


def is_trusted(path: Path, data_dir: str | Path) -> bool:
    """Tell whether a socket is there, in a directory that belongs to us or to the owner of the data (never to a third party)."""
    try:
        return path.exists() and path.parent.lstat().st_uid in (os.geteuid(), Path(data_dir).stat().st_uid)
    except OSError:
        return False
