"""HAProxy: jwt_verify, tokens once verified kept in a stick table, maps for models and grants, a JSON line per request, its exporter.

It has no histograms, and its counters per model are in a stick table (runtime API), not in its exporter.
"""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import structs

from bench.call import COUNTRY_HEADER, MODEL, STREAM_MODEL
from bench.peers.audition import audition
from bench.peers.site import CONNECTIONS, PARTNERS, RESTRICTED, Peer, Site
from bench.program import Program, find, free_port, said
from bench.template import written

TEMPLATE: Final = Path(__file__).with_name("haproxy.cfg")
SPARE_DESCRIPTORS: Final = 200
SPARE: Final = 16_384
"""Bytes of a buffer beside the body: the head, and what HAProxy keeps for itself."""


@contextlib.contextmanager
def haproxy_verifying(site: Site) -> Iterator[Peer]:
    """As its manual shows it: each request's token is verified anew."""
    with haproxy(site, "HAProxy, verifying each", "always_false") as peer:
        yield structs.replace(peer, seldom=True)


@contextlib.contextmanager
def haproxy(site: Site, name: str = "HAProxy", known: str = "sc_get_gpt(0,0) gt 0") -> Iterator[Peer]:
    """Run one thread. `known`: its condition under which a token need not be verified again."""
    directory, port, admin_port = site.fresh("haproxy"), free_port(), free_port()
    (directory / "models.map").write_text(f"{MODEL} whole\n{STREAM_MODEL} stream\n")
    (directory / "grants.map").write_text("".join(f"{model}/{name} 1\n" for model in (MODEL, STREAM_MODEL) for name in PARTNERS))
    settings = written(
        directory,
        TEMPLATE,
        directory=directory,
        port=port,
        admin_port=admin_port,
        origin_port=site.origin_port,
        pacer_port=site.pacer_port,
        key_file=site.public_key,
        issuer=site.issuer.issuer,
        audience=site.issuer.audience,
        country_header=COUNTRY_HEADER,
        restricted=" ".join(RESTRICTED),
        known=known,
        bufsize=site.body + SPARE,
        connections=most_connections(),
    )
    command = [find("haproxy"), "-db", "-f", str(settings)]
    with Program(name, command, (site.cores.server,), directory / "log", (port,)) as program:
        peer = Peer(name, port, port, program, admin_port=admin_port, version=haproxy_version())
        audition(peer, site)
        yield peer


def most_connections() -> int:
    """As many as the limit of open files lets: HAProxy takes two for each, and does not start where there are too few."""
    return min(CONNECTIONS, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_DESCRIPTORS) // 2)


def haproxy_version() -> str:
    """Such as 2.6.12."""
    return said("haproxy", "-v").split()[2].partition("-")[0]
