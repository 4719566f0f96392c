"""The floor: nginx and HAProxy relaying without any check, record or metric."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.nginx import nginx_command, nginx_version
from bench.peers.audition import audition
from bench.peers.haproxy import haproxy_version, most_connections
from bench.peers.site import Peer, Site
from bench.program import Program, find, free_port
from bench.template import written

HERE: Final = Path(__file__).parent


@contextlib.contextmanager
def nginx_floor(site: Site) -> Iterator[Peer]:
    """Run nginx, checking nothing: a port for whole answers, one for streams."""
    directory, port, stream_port = site.fresh("nginx"), free_port(), free_port()
    settings = written(
        directory,
        HERE / "nginx_floor.conf",
        directory=directory,
        port=port,
        stream_port=stream_port,
        origin_port=site.origin_port,
        pacer_port=site.pacer_port,
    )
    with Program("nginx", nginx_command(settings), (site.cores.server,), directory / "log", (port, stream_port)) as program:
        peer = Peer("nginx (no checks)", port, stream_port, program, judges=False, version=nginx_version())
        audition(peer, site)
        yield peer


@contextlib.contextmanager
def haproxy_floor(site: Site) -> Iterator[Peer]:
    """Run HAProxy, checking nothing."""
    directory, port, stream_port = site.fresh("haproxy-floor"), free_port(), free_port()
    settings = written(
        directory,
        HERE / "haproxy_floor.cfg",
        port=port,
        stream_port=stream_port,
        origin_port=site.origin_port,
        pacer_port=site.pacer_port,
        connections=most_connections(),
    )
    command = [find("haproxy"), "-db", "-f", str(settings)]
    with Program("haproxy", command, (site.cores.server,), directory / "log", (port, stream_port)) as program:
        peer = Peer("HAProxy (no checks)", port, stream_port, program, judges=False, version=haproxy_version())
        audition(peer, site)
        yield peer
