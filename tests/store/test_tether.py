import os
import subprocess
import sys
from pathlib import Path

from support.servers import eventually

from gateway.store import tether

PARENT = (
    "import os, subprocess, sys, time; child = subprocess.Popen([sys.executable, '-I', sys.argv[1], str(os.getpid()), '/bin/sleep', '60'])"
)
PARENT += "; print(child.pid, flush=True); time.sleep(60)"


def test_the_program_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, tether.__file__], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = Path("/proc") / parent.stdout.readline().decode().strip()
        eventually(lambda: child.exists() and (child / "comm").read_text() == "sleep\n", "program")
        parent.kill()
    eventually(lambda: not child.exists() or " Z " in (child / "stat").read_text(), "end of the program")


def test_without_its_parent_it_does_not_begin() -> None:
    ended = subprocess.run([sys.executable, "-I", tether.__file__, str(os.getpid() + 1), "/bin/sleep", "60"], check=False, timeout=20)
    assert ended.returncode == 1


def test_elsewhere_it_waits_beside_the_program_and_ends_it() -> None:
    code = "from gateway.store.tether import wait_beside; raise SystemExit(wait_beside(['/bin/sleep', '60']))"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as beside:
        assert beside.stdin is not None
        assert beside.poll() is None
        beside.stdin.close()
        assert beside.wait(20) != 0
