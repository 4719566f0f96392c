"""The gate with everything on: metrics, leases, limits, deadlines, a record per request."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bench.call import BYSTANDER_MODEL, COUNTRY_HEADER, MODEL, STREAM_MODEL
from bench.peers.audition import audition
from bench.peers.site import CONNECTIONS, PARTNERS, RESTRICTED, Peer, Site
from bench.problem import BenchError
from bench.program import Program, free_port, python
from bench.raw import RawStore
from gateway.store.keys import Keys
from gateway.store.socketpath import socket_path


@contextlib.contextmanager
def gate(
    site: Site, workers: int = 1, audit: str = "best_effort", issuer: Mapping[str, Any] | None = None, cores: Sequence[int] = ()
) -> Iterator[Peer]:
    """Run it with an embedded store and the grants that the calls need; all its `workers` on one core unless `cores` says otherwise."""
    directory, port, admin_port = site.fresh("gate"), free_port(), free_port()
    settings = directory / "gateway.yaml"
    written = _settings(site, directory, port, admin_port, audit)
    written["issuers"][0] |= issuer or {}
    settings.write_text(yaml.safe_dump(written))
    command = python("gateway", "serve", "--config", str(settings), "--workers", str(workers))
    with Program("gate", command, cores or (site.cores.server,), directory / "log", (port, admin_port)) as program:
        peer = Peer("gate", port, port, program, directory, admin_port)
        for model in (MODEL, STREAM_MODEL):
            grant(store_of(peer), model, *PARTNERS)
        audition(peer, site)
        yield peer


def store_of(peer: Peer) -> Path:
    """Give the socket of a gate's store. Raises BenchError for a peer that has none."""
    if peer.data_dir is None:
        raise BenchError(f"{peer.name} has no store to edit")
    return socket_path(peer.data_dir)


def grant(store: Path, model: str, *organisations: str) -> None:
    """Put organisations on a model's allowlist, as redis-cli would."""
    connection = RawStore(store)
    connection.command("HSET", Keys().allowlist(model), *(word for name in organisations for word in (name, "{}")))
    connection.close()


def _settings(site: Site, directory: Path, port: int, admin_port: int, audit: str) -> dict[str, Any]:
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
        "audit": {"directory": str(directory / "audit"), "mode": audit},
        "log": {"level": "warning"},
    }
