"""nginx + Lua: verified tokens in an LRU cache, decisions in Lua tables, counters shared each second, a buffered record per request."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.call import COUNTRY_HEADER, MODEL, STREAM_MODEL
from bench.nginx import nginx_command, nginx_version
from bench.peers.audition import audition
from bench.peers.site import PARTNERS, RESTRICTED, Peer, Site
from bench.program import Program, free_port
from bench.template import written

HERE: Final = Path(__file__).parent


@contextlib.contextmanager
def nginx_lua(site: Site) -> Iterator[Peer]:
    """Run one worker."""
    directory, port, admin_port = site.fresh("nginx-lua"), free_port(), free_port()
    shutil.copy(HERE / "gate.lua", directory)
    settings = written(
        directory,
        HERE / "nginx_lua.conf",
        directory=directory,
        port=port,
        admin_port=admin_port,
        origin_port=site.origin_port,
        pacer_port=site.pacer_port,
        key_file=site.public_key,
        issuer=site.issuer.issuer,
        audience=site.issuer.audience,
        country_header=COUNTRY_HEADER,
        partners=_listed(PARTNERS),
        restricted=_listed(RESTRICTED),
        models=f'["{MODEL}"] = "whole", ["{STREAM_MODEL}"] = "stream"',
    )
    with Program("nginx + Lua", nginx_command(settings), (site.cores.server,), directory / "log", (port,)) as program:
        peer = Peer("nginx + Lua", port, port, program, admin_port=admin_port, version=nginx_version())
        audition(peer, site)
        yield peer


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
