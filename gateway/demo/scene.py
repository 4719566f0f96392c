"""The scene of the demonstration: an issuer, an upstream and a gate between them, started together, on loopback only."""

import os
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
from msgspec import Struct, structs

from gateway.admin.service import Administration
from gateway.admin.session import PolicySession, open_policy
from gateway.app import Gateway
from gateway.demo.caller import Caller
from gateway.demo.issuer import DemoIssuer
from gateway.demo.upstream import DemoUpstream
from gateway.policy.snapshot import Model
from gateway.settings.provision import build_catalogue, country_groups
from gateway.settings.shape import Listen, Settings

PACE: Final = 0.02
HOME: Final = "DE"


class Scene(Struct, frozen=True):
    """Everything on stage. `administration` gives commands as an operator would, `policy` is the store for edits by hand."""

    issuer: DemoIssuer
    upstream: DemoUpstream
    session: aiohttp.ClientSession
    administration: Administration
    policy: PolicySession
    catalogue: Mapping[str, Model]
    settings: Settings
    directory: Path
    proxy_url: str
    admin_url: str

    def caller(self, organisation: str | None, *, nationality: str | None = HOME, country: str = HOME, signed: bool = True) -> Caller:
        """Make a caller with a fresh token; `country` is what the CDN in front of the gate says of the address."""
        nationalities = [nationality] if nationality else None
        token = self.issuer.mint(org_id=organisation, nationalities=nationalities) if signed else ""
        return Caller(self.session, self.proxy_url, token, {self.settings.listen.proxy.country_header: country})


@asynccontextmanager
async def open_scene(settings: Settings, directory: Path, actor: str, inference: str = "") -> AsyncIterator[Scene]:
    """Start everything with its files under `directory`, on the configured ports or, where one is taken, on a free one.

    `inference` is the URL of another inference API that the gate is to use instead of the demo's own.
    """
    async with AsyncExitStack() as stack:
        issuer = DemoIssuer(directory)
        upstream = DemoUpstream(pace=PACE)
        await upstream.start()
        stack.push_async_callback(upstream.stop)
        placed = _placed(settings, directory, issuer, inference or upstream.url)
        gateway = Gateway(placed)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        policy = await stack.enter_async_context(open_policy(placed.store))
        yield Scene(
            issuer=issuer,
            upstream=upstream,
            session=session,
            administration=Administration(policy.writer, policy.keys, actor),
            policy=policy,
            catalogue=build_catalogue(placed, country_groups(placed)),
            settings=placed,
            directory=directory,
            proxy_url=gateway.proxy_url,
            admin_url=gateway.admin_url,
        )


def _placed(settings: Settings, directory: Path, issuer: DemoIssuer, inference: str) -> Settings:
    """Fill in where everything really is."""
    key_file = directory / "upstream.key"
    if not key_file.exists():
        _write_secret(key_file, f"demo-{secrets.token_hex(16)}")
    first = settings.upstreams[0]
    credential = first.credential and structs.replace(first.credential, file=str(key_file))
    return structs.replace(
        settings,
        listen=_free_listeners(settings.listen),
        store=structs.replace(settings.store, url="embedded", data_dir=str(directory)),
        issuers=tuple(structs.replace(i, keys=structs.replace(i.keys, file=str(issuer.jwks_file))) for i in settings.issuers),
        upstreams=(structs.replace(first, urls=(inference,), credential=credential),),
        audit=structs.replace(settings.audit, directory=str(directory / "audit")),
    )


def _free_listeners(listen: Listen) -> Listen:
    return structs.replace(
        listen,
        proxy=structs.replace(listen.proxy, address=free_address(listen.proxy.address)),
        admin=structs.replace(listen.admin, address=free_address(listen.admin.address)),
    )


def free_address(wanted: str) -> str:
    """Give `wanted` (host:port) if nobody listens there, else the same host with a free port."""
    host, _, port = wanted.rpartition(":")
    for candidate in (int(port), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return f"{host}:{probe.getsockname()[1]}"
    raise OSError(f"no free port on {host}")


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
