"""Who is measured: the gate, a plain aiohttp relay, nginx relaying without a check, and the way straight to the upstream."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import yaml
from msgspec import Struct

from bench.call import BYSTANDER_MODEL, COUNTRY_HEADER, MODEL, ORGANISATION, STREAM_MODEL, streamed, whole
from bench.cores import Cores
from bench.origin import floor
from bench.plain_relay import Rules
from bench.problem import BenchError
from bench.program import Program, free_port, python
from bench.raw import RawStore, wait_for_status
from gateway.demo.issuer import DemoIssuer
from gateway.store.keys import Keys
from gateway.store.socketpath import socket_path

RESTRICTED: Final = ("KP", "IR", "SY")
CONNECTIONS: Final = 25_000
LEVEL: Final = 25.0


class Site(Struct, frozen=True):
    """What the peers share: a directory for their files, the cores, the issuer of tokens, the upstreams."""

    directory: Path
    cores: Cores
    issuer: DemoIssuer
    origin: Program
    origin_port: int
    pacer: Program
    pacer_port: int
    numbers: Iterator[int] = msgspec.field(default_factory=lambda: itertools.count(1))

    @property
    def token(self) -> str:
        """A token that every peer admits."""
        return self.issuer.mint(org_id=ORGANISATION, nationalities=["DE"])

    def fresh(self, name: str) -> Path:
        """Make a directory of its own for one run of a peer."""
        directory = self.directory / f"{name}-{next(self.numbers)}"
        directory.mkdir()
        return directory


class Peer(Struct, frozen=True):
    """One running way to the upstreams. `program` is None for the direct way; `data_dir` and `admin_port` only the gate has."""

    name: str
    port: int
    stream_port: int
    program: Program | None = None
    data_dir: Path | None = None
    admin_port: int = 0

    @property
    def programs(self) -> list[Program]:
        """What is measured on the server's core."""
        return [self.program] if self.program is not None else []


Runner = Callable[[Site], contextlib.AbstractContextManager[Peer]]


@contextlib.contextmanager
def gate(site: Site, workers: int = 1) -> Iterator[Peer]:
    """The gate with everything on, its own embedded store, and the grants that the calls need; all its `workers` on one core."""
    directory, port, admin_port = site.fresh("gate"), free_port(), free_port()
    settings = directory / "gateway.yaml"
    settings.write_text(yaml.safe_dump(_gate_settings(site, directory, port, admin_port)))
    command = python("gateway", "serve", "--config", str(settings), "--workers", str(workers))
    with Program("gate", command, site.cores.server, directory / "log", (port, admin_port)) as program:
        peer = Peer("gate", port, port, program, directory, admin_port)
        for model in (MODEL, STREAM_MODEL):
            grant(store_of(peer), model, ORGANISATION)
        _check(peer, site)
        yield peer


@contextlib.contextmanager
def plain(site: Site) -> Iterator[Peer]:
    """The aiohttp relay with the same checks."""
    directory, port = site.fresh("aiohttp"), free_port()
    rules = Rules(
        port=port,
        key_file=str(site.issuer.jwks_file),
        issuer=site.issuer.issuer,
        audience=site.issuer.audience,
        models={MODEL: f"http://127.0.0.1:{site.origin_port}", STREAM_MODEL: f"http://127.0.0.1:{site.pacer_port}"},
        allowlists={MODEL: [ORGANISATION], STREAM_MODEL: [ORGANISATION]},
        restricted=list(RESTRICTED),
        country_header=COUNTRY_HEADER,
    )
    file = directory / "rules.json"
    file.write_bytes(msgspec.json.encode(rules))
    with Program("aiohttp", python("bench.plain_relay", str(file)), site.cores.server, directory / "log", (port,)) as program:
        peer = Peer("aiohttp", port, port, program)
        _check(peer, site)
        yield peer


@contextlib.contextmanager
def nginx(site: Site) -> Iterator[Peer]:
    """What relaying costs at least: nginx, checking nothing."""
    port, stream_port = free_port(), free_port()
    ports = {port: site.origin_port, stream_port: site.pacer_port}
    with floor(site.fresh("nginx") / "run", ports, site.cores.server) as program:
        peer = Peer("nginx (no checks)", port, stream_port, program)
        _check(peer, site)
        yield peer


@contextlib.contextmanager
def direct(site: Site) -> Iterator[Peer]:
    """No server between: what the load side can do at most."""
    yield Peer("direct", site.origin_port, site.pacer_port)


def store_of(peer: Peer) -> Path:
    """Give the socket of a gate's store. Raises BenchError for a peer that has none."""
    if peer.data_dir is None:
        raise BenchError(f"{peer.name} has no store to edit")
    return socket_path(peer.data_dir)


def grant(store: Path, model: str, organisation: str) -> None:
    """Put an organisation on a model's allowlist, as redis-cli would."""
    connection = RawStore(store)
    connection.command("HSET", Keys().allowlist(model), organisation, "{}")
    connection.close()


def _check(peer: Peer, site: Site) -> None:
    """The path is open, for whole answers and for streams; that also warms it."""
    wait_for_status(peer.port, whole(site.token).encoded, 200)
    wait_for_status(peer.stream_port, streamed(site.token, LEVEL).encoded, 200)


def _gate_settings(site: Site, directory: Path, port: int, admin_port: int) -> dict[str, object]:
    restricted = {"any_in": list(RESTRICTED)}
    model = {"gated": True, "stage": "preview", "restrictions": {"nationality": restricted, "region": restricted}}
    upstream = {"max_connections": CONNECTIONS, "max_idle": 512}
    return {
        "listen": {
            "proxy": {"address": f"127.0.0.1:{port}", "trusted_proxies": ["127.0.0.0/8"], "country_header": COUNTRY_HEADER},
            "admin": {"address": f"127.0.0.1:{admin_port}"},
        },
        "store": {"url": "embedded", "data_dir": str(directory)},
        "issuers": [
            {
                "name": "bench",
                "issuer": site.issuer.issuer,
                "audience": [site.issuer.audience],
                "algorithms": ["ES256"],
                "keys": {"file": str(site.issuer.jwks_file)},
                "claims": {"organisation": "/org_id", "nationalities": "/nationalities"},
            }
        ],
        "upstreams": [
            {"name": "whole", "urls": [f"http://127.0.0.1:{site.origin_port}"]} | upstream,
            {"name": "stream", "urls": [f"http://127.0.0.1:{site.pacer_port}"]} | upstream,
        ],
        "models": [
            {"id": MODEL, "upstream": "whole"} | model,
            {"id": STREAM_MODEL, "upstream": "stream"} | model,
            {"id": BYSTANDER_MODEL, "upstream": "stream"} | model,
        ],
        "limits": {"connections": CONNECTIONS},
        "audit": {"directory": str(directory / "audit")},
        "log": {"level": "warning"},
    }
