"""Runs a program that ends when its parent does: `python -I tether.py PARENT_PID PROGRAM ARGUMENT…`. Stands alone, imports nothing of ours.

On Linux the kernel sees to it (PR_SET_PDEATHSIG, kept over exec) and nothing else stays in memory. Elsewhere this process waits for the end
of its standard input, whose other end the parent holds.
"""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def main() -> int:
    """Bind to the parent, then become the program or wait beside it."""
    parent, *command = sys.argv[1:]
    if os.uname().sysname == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == int(parent):
            os.execv(command[0], command)  # noqa: S606 (a fixed program, no shell)
        return 1
    return wait_beside(command)


def wait_beside(command: list[str]) -> int:
    """Run the program, with what it was given to hold; when standard input ends, end it."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603 (a fixed program)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while child.poll() is None and os.read(0, 1):
        pass
    child.terminate()
    return child.wait()


if __name__ == "__main__":
    raise SystemExit(main())
