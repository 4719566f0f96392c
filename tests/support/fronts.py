"""Real HAProxy and nginx in front of a gate: they pass TCP on, and say first whom they speak for (the PROXY protocol)."""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.servers import eventually, free_port

HAPROXY = """\
global
  maxconn 64
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend callers
  bind 127.0.0.1:{port}
  default_backend gate
backend gate
  server gate 127.0.0.1:{gate} {options}
"""

NGINX = """\
{load}
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
stream {{
  server {{
    listen 127.0.0.1:{port};
    proxy_pass 127.0.0.1:{gate};
    proxy_protocol on;
  }}
}}
"""
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


@contextlib.contextmanager
def haproxy(directory: Path, gate: int, options: str) -> Iterator[int]:
    """Pass connections on to the gate's port with these server options (`send-proxy`, `send-proxy-v2`, `check` ...); give the port."""
    port = free_port()
    file = directory / "haproxy.cfg"
    file.write_text(HAPROXY.format(port=port, gate=gate, options=options))
    with _running([_binary("haproxy"), "-db", "-f", str(file)], port, directory / "haproxy.log"):
        yield port


@contextlib.contextmanager
def nginx(directory: Path, gate: int) -> Iterator[int]:
    """Pass connections on to the gate's port with `proxy_protocol on` (version 1); give the port."""
    port = free_port()
    load = f"load_module {STREAM};" if STREAM.exists() else ""  # where it is no module it is built in
    file = directory / "nginx.conf"
    file.write_text(NGINX.format(port=port, gate=gate, directory=directory, load=load))
    with _running([_binary("nginx"), "-e", "stderr", "-p", str(directory), "-c", str(file)], port, directory / "nginx.log"):
        yield port


def _binary(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(f"the tests need {name} (apt-get install {name})")
    return found


@contextlib.contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        eventually(lambda: process.poll() is not None or _listens(port), f"{command[0]} at its port: {log.read_text()}")
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    """Whether somebody listens on the port, without connecting: the gate behind it would be asked too."""
    wanted = f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(wanted) and row[3] == "0A" for row in rows)
