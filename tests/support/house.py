"""A gate put together from real parts and a few stand-ins, for screenplays of the relay: no store, no tokens, one loop."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gateway.audit.metrics import Metrics
from gateway.audit.recorder import Recorder
from gateway.clock import read_clock
from gateway.dialects import House
from gateway.identity.verifier import NeedKeys
from gateway.policy.access import NOWHERE, Instant, Location, Subject
from gateway.policy.snapshot import Grant, Model, Snapshot
from gateway.policy.vocabulary import Reason
from gateway.policy.vocabulary import Stage as ModelStage
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.evidence import Witness
from gateway.proxy.journey import Gate
from gateway.proxy.listener import Connection
from gateway.proxy.upstream import Upstream
from gateway.settings.shape import Credential, Limits
from gateway.settings.shape import Upstream as UpstreamSettings

FRONTIER = Model(id="frontier", upstream="api")
OPEN = Model(id="open", upstream="api", gated=False, stage=ModelStage.GENERAL)


class KnownTokens:
    """Knows the callers by name: the token is the organisation. The same token is the very same subject, as it is to the verifier."""

    def __init__(self) -> None:
        self.delay: asyncio.Event | None = None
        self._known: dict[bytes, Subject] = {}

    def verify(self, token: bytes, now: Instant, shown: str = "") -> Subject | Reason | NeedKeys:
        del now, shown
        if token == b"bad":
            return Reason.TOKEN_INVALID
        known = self._known.get(token)
        if known is None:
            known = self._known[token] = Subject("main", "someone", organisation=token.decode())
        return known

    async def fetch_keys(self, need: NeedKeys) -> None:
        del need


class Nowhere:
    """Every client is at its socket's address, in no known place."""

    generation = 0

    def locate(self, peer: str, headers: Sequence[tuple[bytes, bytes]]) -> tuple[str, Location]:
        del headers
        return peer, NOWHERE


class Notebook:
    """A journal in memory."""

    def __init__(self) -> None:
        self.accepting = True
        self.lines: list[bytes] = []

    def write(self, record: bytes) -> bool:
        self.lines.append(record)
        return True


class Policy:
    """The snapshot in force; `publish` replaces it as the store's watch does."""

    def __init__(self) -> None:
        self.snapshot = policy(frontier={"acme": Grant(), "beta": Grant()})


def policy(*, frontier: dict[str, Grant], revision: int = 1, max_staleness: float = 3600.0) -> Snapshot:
    """Make a snapshot with two models, `frontier` (gated, these grants) and `open`."""
    return Snapshot(
        catalogue={"frontier": FRONTIER, "open": OPEN},
        grants={"frontier": frontier},
        revision=revision,
        initialised=True,
        confirmed_at=read_clock().steady,
        max_staleness=max_staleness,
    )


class Stage:
    """Everything on it: the gate, its policy, notebook and metrics, and the port where callers connect."""

    def __init__(self, gate: Gate, policy: Policy, notebook: Notebook, metrics: Metrics, port: int) -> None:
        self.gate = gate
        self.policy = policy
        self.notebook = notebook
        self.metrics = metrics
        self.port = port

    def publish(self, snapshot: Snapshot) -> None:
        """Put another policy in force, as the watch does."""
        old, self.policy.snapshot = self.policy.snapshot, snapshot
        self.gate.leases.published(old, snapshot)


@asynccontextmanager
async def open_stage(urls: Sequence[str], *, limits: Limits | None = None, **upstream: Any) -> AsyncIterator[Stage]:
    """Start a gate in front of `urls`; `upstream` overrides its upstream's settings."""
    loop = asyncio.get_running_loop()
    deadlines, notebook, metrics, source = Deadlines(loop), Notebook(), Metrics(), Policy()
    metrics.set_known(["frontier", "open"], [["acme", "beta"]])
    settings = UpstreamSettings(name="api", urls=tuple(urls), credential=Credential(env="UNUSED"), **upstream)
    gate = Gate(
        loop=loop,
        clock=read_clock,
        limits=limits or Limits(),
        identifier=KnownTokens(),
        policy=source,
        locator=Nowhere(),
        upstreams={"api": Upstream(settings, loop, deadlines, "the-gates-own-key")},
        witness=Witness(metrics, notebook, Recorder("w0"), read_clock),
        house=House(contact="access@example.org"),
        deadlines=deadlines,
    )
    server = await loop.create_server(lambda: Connection(gate), "127.0.0.1", 0)
    deadlines.start()
    gate.start()
    try:
        yield Stage(gate, source, notebook, metrics, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        deadlines.stop()
        gate.stop()
        await server.wait_closed()
        metrics.close()
