"""A whole gate for tests: demo issuer, demo upstream, real store and `gateway.app.Gateway`, on free loopback ports.

    async with running_gate(tmp_path) as gate:
        await gate.admit("org_acme")                  # HSET, as typed into redis-cli
        token = gate.mint("org_acme")
        ...                                           # ask gate.url
        await gate.remove("org_acme")                 # HDEL

`settings_for` gives the same settings without starting anything, `write_settings` puts them into a file for `gateway serve`.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import redis
from prometheus_client.parser import text_string_to_metric_families
from support.servers import RedisServer

from gateway.app import Gateway
from gateway.demo.issuer import AUDIENCE, ISSUER, DemoIssuer
from gateway.demo.upstream import DemoUpstream
from gateway.policy.snapshot import Snapshot
from gateway.settings.rules_shape import NationalityList, RegionList
from gateway.settings.shape import (
    AdminListener,
    Audit,
    Claims,
    Credential,
    Issuer,
    Keys,
    Limits,
    Listen,
    ModelSection,
    ProxyListener,
    Refusals,
    RestrictionsSection,
    Settings,
    Store,
    Upstream,
)
from gateway.store.socketpath import socket_path

DEADLINE = 10.0
CONTACT = "access@operator.example"
UPSTREAM_KEY = "the-gates-own-key"
COUNTRY_HEADER = "cf-ipcountry"

GATED, ALIAS, REGIONAL, OPEN, HIDDEN = "frontier-1", "frontier-latest", "regional-1", "open-1", "secret-1"
NATIONALITY = NationalityList(any_in=("KP",))
MODELS = (
    ModelSection(
        id=GATED, upstream="demo", aliases=(ALIAS,), restrictions=RestrictionsSection(nationality=NATIONALITY), created=1767225600
    ),
    ModelSection(id=REGIONAL, upstream="demo", restrictions=RestrictionsSection(region=RegionList(any_in=("KP",)))),
    ModelSection(id=OPEN, upstream="demo", gated=False),
    ModelSection(id=HIDDEN, upstream="demo", hidden=True),
)


def demo_issuer_section(issuer: DemoIssuer, **changes: Any) -> Issuer:
    """Trust the demo issuer by its key file; `changes` replace fields."""
    claims = Claims(nationalities="/nationalities", us_person="/us_person", residence="/residence")
    fields = {"issuer": ISSUER, "audience": (AUDIENCE,), "keys": Keys(file=str(issuer.jwks_file)), "claims": claims}
    return Issuer(name="demo", **{**fields, **changes})


def store_section(directory: Path, server: RedisServer | None, **changes: Any) -> Store:
    """An embedded store under `directory`, or the given server; canaries ten times a second, so that silence is noticed soon."""
    fields = {"url": server.url if server is not None else "embedded", "data_dir": str(directory), "canary_every": 0.1, "timeout": 1.0}
    return Store(**{**fields, **changes})


def settings_for(
    directory: Path,
    issuer: DemoIssuer,
    upstream_urls: Sequence[str],
    *,
    models: Sequence[ModelSection] = MODELS,
    issuers: Sequence[Issuer] | None = None,
    store: RedisServer | Store | None = None,
    limits: Limits | None = None,
    **sections: Any,
) -> Settings:
    """Settings of a gate on free loopback ports; `store`: None is embedded; `sections` replace whole sections of the file."""
    key_file = directory / "upstream.key"
    key_file.write_text(UPSTREAM_KEY)
    proxy = ProxyListener(address="127.0.0.1:0", trusted_proxies=("127.0.0.0/8",), country_header=COUNTRY_HEADER)
    upstream = Upstream(name="demo", urls=tuple(upstream_urls), credential=Credential(file=str(key_file)), retry_after=0.0)
    fields: dict[str, Any] = {
        "listen": Listen(proxy=proxy, admin=AdminListener(address="127.0.0.1:0")),
        "store": store if isinstance(store, Store) else store_section(directory, store),
        "issuers": tuple(issuers) if issuers is not None else (demo_issuer_section(issuer),),
        "upstreams": (upstream,),
        "models": tuple(models),
        "limits": limits or Limits(drain=0.2),
        "audit": Audit(directory=str(directory / "audit")),
        "refusals": Refusals(contact=CONTACT),
    }
    return Settings(**{**fields, **sections})


def write_settings(path: Path, settings: Settings) -> Path:
    """Put settings into a file for `gateway serve`: JSON is YAML; what is unset is left out."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(_without_none(msgspec.to_builtins(settings)))))
    return path


class RunningGate:
    """Everything that runs. `raw` is a plain redis client on the gate's store, for commands as one would type them."""

    def __init__(
        self, gateway: Gateway, issuer: DemoIssuer, upstream: DemoUpstream, raw: "redis.Redis", session: aiohttp.ClientSession
    ) -> None:
        self.gateway = gateway
        self.issuer = issuer
        self.upstream = upstream
        self.raw = raw
        self.session = session

    def __repr__(self) -> str:
        return f"<RunningGate {self.gateway!r}>"

    @property
    def url(self) -> str:
        """Where callers connect, without a path."""
        return self.gateway.proxy_url

    @property
    def admin_url(self) -> str:
        """Where health and metrics are."""
        return self.gateway.admin_url

    @property
    def snapshot(self) -> Snapshot:
        """The policy in force."""
        return self.gateway.watch.snapshot

    def mint(self, organisation: str | None = "org_acme", **claims: Any) -> str:
        """Make a token of an organisation's German employee; claims of None are left out."""
        return self.issuer.mint(**{"org_id": organisation, "nationalities": ["DE"], **claims})

    # -- the store by hand; each returns when the gate has taken it in ---------------------------------------------------

    async def admit(self, organisation: str = "org_acme", model: str = GATED, grant: str = "{}") -> None:
        """HSET a grant. A policy that was begun so has been given its revision too: removing its last entry does not lose it."""
        self.raw.hset(f"gateway:allowlist:{model}", organisation, grant)
        await self.settled()
        await self.until(lambda: self.raw.exists("gateway:revision"), "a revision")

    async def remove(self, organisation: str = "org_acme", model: str = GATED) -> None:
        """HDEL a grant."""
        self.raw.hdel(f"gateway:allowlist:{model}", organisation)
        await self.settled()

    def cli(self, *command: str) -> Any:
        """Send one command as typed into redis-cli, and wait for nothing but its answer."""
        return self.raw.execute_command(*command)  # type: ignore[no-untyped-call]

    async def settled(self) -> None:
        """Wait for a confirmation that began after now: everything written so far is in force."""
        now = time.monotonic()
        await self.until(lambda: self.snapshot.confirmed_at > now, "confirmation from the store")

    # -- what is seen of it ---------------------------------------------------------------------------------------------

    async def metric(self, name: str, **labels: str) -> float:
        """Scrape the admin listener: the sum of the samples with at least these labels."""
        return await scrape(self.session, self.admin_url, name, **labels)

    async def until_metric(self, name: str, value: float, **labels: str) -> None:
        """Scrape until the metric has this value: what the parts count in plain numbers is copied once a second."""
        try:
            async with asyncio.timeout(DEADLINE):
                while await self.metric(name, **labels) != value:
                    pass
        except TimeoutError:
            raise AssertionError(f"{name}{labels} never became {value}, it is {await self.metric(name, **labels)}") from None

    async def ready(self) -> tuple[bool, list[str]]:
        """Ask /readyz: whether it is, and what stands in the way."""
        async with self.session.get(f"{self.admin_url}/readyz") as response:
            return response.status == 200, (await response.json())["reasons"]

    async def until(self, condition: Callable[[], object], what: str, within: float = DEADLINE) -> None:
        """Return once `condition` holds; fail by name where it never does."""
        await eventually(condition, what, within)


async def eventually(condition: Callable[[], object], what: str, within: float = DEADLINE) -> None:
    """Return once `condition` holds; fail by name after `within` seconds."""
    try:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110 - the state of another process or protocol has no event to wait for
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None


async def scrape(session: aiohttp.ClientSession, admin_url: str, name: str, **labels: str) -> float:
    """Sum the samples of one metric with at least these labels, as /metrics tells them now."""
    async with session.get(f"{admin_url}/metrics", raise_for_status=True) as response:
        families = list(text_string_to_metric_families(await response.text()))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


@contextlib.asynccontextmanager
async def running_gate(
    directory: Path,
    *,
    models: Sequence[ModelSection] = MODELS,
    issuers: Sequence[Issuer] | None = None,
    store: RedisServer | Store | None = None,
    limits: Limits | None = None,
    pace: float = 0.0,
    **sections: Any,
) -> AsyncIterator[RunningGate]:
    """Start issuer, upstream (`pace` seconds between two events) and gate; stop them all. A gate that cannot start raises."""
    async with contextlib.AsyncExitStack() as stack:
        issuer, upstream = DemoIssuer(directory), DemoUpstream(pace=pace)
        await upstream.start()
        stack.push_async_callback(upstream.stop)
        settings = settings_for(directory, issuer, (upstream.url,), models=models, issuers=issuers, store=store, limits=limits, **sections)
        gateway = Gateway(settings)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        raw = stack.enter_context(_raw_client(settings))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield RunningGate(gateway, issuer, upstream, raw, session)


def _raw_client(settings: Settings) -> "redis.Redis":
    if settings.store.url == "embedded":
        return redis.Redis(unix_socket_path=str(socket_path(settings.store.data_dir)), protocol=2)
    return redis.Redis.from_url(settings.store.url, protocol=2)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_none(each) for each in value]
    return value
