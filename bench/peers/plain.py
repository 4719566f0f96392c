"""A plain relay on aiohttp with the same checks (`bench.peers.plain_relay`), and the way straight to the upstream."""

import contextlib
from collections.abc import Iterator
from importlib import metadata

import msgspec

from bench.call import COUNTRY_HEADER, MODEL, STREAM_MODEL
from bench.peers.audition import audition
from bench.peers.plain_relay import Rules
from bench.peers.site import PARTNERS, RESTRICTED, Peer, Site
from bench.program import Program, free_port, python


@contextlib.contextmanager
def plain(site: Site) -> Iterator[Peer]:
    """The aiohttp relay."""
    directory, port = site.fresh("aiohttp"), free_port()
    rules = Rules(
        port=port,
        key_file=str(site.issuer.jwks_file),
        issuer=site.issuer.issuer,
        audience=site.issuer.audience,
        models={MODEL: f"http://127.0.0.1:{site.origin_port}", STREAM_MODEL: f"http://127.0.0.1:{site.pacer_port}"},
        allowlists={MODEL: list(PARTNERS), STREAM_MODEL: list(PARTNERS)},
        restricted=list(RESTRICTED),
        country_header=COUNTRY_HEADER,
        record_file=str(directory / "records.jsonl"),
    )
    file = directory / "rules.json"
    file.write_bytes(msgspec.json.encode(rules))
    command = python("bench.peers.plain_relay", str(file))
    with Program("aiohttp", command, (site.cores.server,), directory / "log", (port,)) as program:
        peer = Peer("aiohttp", port, port, program, version=metadata.version("aiohttp"))
        audition(peer, site)
        yield peer


@contextlib.contextmanager
def direct(site: Site) -> Iterator[Peer]:
    """No server between: what the load side can do at most."""
    yield Peer("direct", site.origin_port, site.pacer_port, judges=False)
