"""A stage for faults: real gates on a real server, an upstream that always flows, an observer, an operator, and the ledger of what is true.

    async with open_theatre(tmp_path, server) as stage:
        await stage.remove(X)                 # as typed into redis-cli
        await stage.watch()                   # until it must be in force, and a little longer
        assert stage.violations() == []

X, Y and Z are partners with running streams on every model when the curtain rises.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from msgspec import Struct, structs
from support.checker import OK, Fault, Violation, check
from support.fountain import Fountain, flowing
from support.ledger import Bound, Key, Ledger
from support.observer import CHAT, SPEECH, Observer, StreamReader, all_flow
from support.passage import Passage, passage
from support.running import settings_for, store_section
from support.servers import RedisServer

from gateway.app import PARTS, Gateway, Parts
from gateway.demo.issuer import DemoIssuer
from gateway.policy.access import Instant
from gateway.policy.snapshot import Snapshot
from gateway.policy.vocabulary import Stage
from gateway.settings.shape import Limits, ModelSection, Settings, Upstream

X, Y, Z = "org_x", "org_y", "org_z"
PARTNERS = (X, Y, Z)
FRONTIER, SECOND, SCARCE, NEWCOMER, OPEN = "frontier-1", "frontier-2", "scarce-1", "newcomer-1", "open-1"
GATED = (FRONTIER, SECOND, SCARCE)
MODELS = (
    ModelSection(id=FRONTIER, upstream="fountain"),
    ModelSection(id=SECOND, upstream="fountain"),
    ModelSection(id=SCARCE, upstream="narrow"),
    ModelSection(id=NEWCOMER, upstream="fountain", stage=Stage.SUSPENDED),
    ModelSection(id=OPEN, upstream="fountain", gated=False),
)
STREAMS = ((FRONTIER, CHAT), (FRONTIER, SPEECH), (SECOND, CHAT), (OPEN, CHAT))
PROBES = (FRONTIER, OPEN)

AFTERMATH = 0.2
MARGIN = 0.1
LIFE = 7200
"""Seconds before and after now in which a token is good: it outlives every step of the clock."""


class WallClock:
    """The real clocks, with a wall clock that a test sets."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> Instant:
        return Instant(time.time() + self.ahead, time.monotonic())


class Scene(Struct, frozen=True, kw_only=True):
    """How a stage is set. `max_staleness` is far away unless the store's absence is the subject; `through`: a passage to the store."""

    max_staleness: float = 30.0
    timeout: float = 1.0
    through: bool = False
    canary_every: float = 0.1
    bound: Bound = Bound()


NEAR: Final = Scene()
AWAY: Final = Scene(max_staleness=1.0, timeout=0.3, bound=Bound(unreachable=2.0, patience=0.5))
"""The store is going to be out of reach: stale after a second."""


class Store(Protocol):
    """A server, or several that act as one."""

    @property
    def url(self) -> str:
        """Its address in the gate's settings."""

    def cli(self, *arguments: str | bytes | float) -> Any:
        """Send one command as typed into redis-cli, to whoever takes it now."""


class Theatre:
    """Everything that plays. `gates` are workers; `way` leads to the store if the scene has a passage; `server`: a store of one server."""

    def __init__(self, store: Store, fountain: Fountain, ledger: Ledger, clock: WallClock) -> None:
        self.store = store
        if isinstance(store, RedisServer):
            self.server = store
        self.prefix = "{gateway}:" if store.url.startswith("redis+cluster:") else "gateway:"
        self.fountain = fountain
        self.ledger = ledger
        self.clock = clock
        self.gates: list[Gateway] = []
        self.way: Passage
        self.observer: Observer

    def __repr__(self) -> str:
        return f"<Theatre {self.store} {self.observer}>"

    # -- the operator: what is written is also noted in the ledger ----------------------------------------------------

    async def cli(self, *command: str | float) -> Any:
        """Type one command into redis-cli."""
        return await asyncio.to_thread(self.store.cli, *command)

    def allowlist(self, model: str) -> str:
        """Key of a model's allowlist."""
        return f"{self.prefix}allowlist:{model}"

    async def admit(self, *organisations: str, model: str = FRONTIER, grant: str = "{}") -> None:
        """HSET grants on the allowlist of a model."""
        with self.ledger.writing({(organisation, model): True for organisation in organisations}):
            await self.cli("HSET", self.allowlist(model), *(part for name in organisations for part in (name, grant)))

    async def remove(self, *organisations: str, model: str = FRONTIER) -> None:
        """HDEL grants."""
        with self.ledger.writing({(organisation, model): False for organisation in organisations}):
            await self.cli("HDEL", self.allowlist(model), *organisations)

    @contextmanager
    def ends(self, keys: Iterable[Key]) -> Iterator[None]:
        """What is written in the block ends the permission of `keys`, by whichever way."""
        with self.ledger.writing(dict.fromkeys(keys, False)):
            yield

    @contextmanager
    def begins(self, keys: Iterable[Key]) -> Iterator[None]:
        """What is written in the block permits `keys` again."""
        with self.ledger.writing(dict.fromkeys(keys, True)):
            yield

    async def prepare(self) -> None:
        """Write the policy: every partner on every gated model."""
        with self.begins(ALL):
            for model in GATED:
                await self.cli("HSET", self.allowlist(model), *(part for name in PARTNERS for part in (name, "{}")))
            await self.cli("SET", f"{self.prefix}revision", 1)

    # -- the audience -------------------------------------------------------------------------------------------------

    async def open_streams(self, keys: Iterable[Key] | None = None, door: int = 0) -> list[StreamReader]:
        """Open the usual streams (of `keys` only), and wait until they flow."""
        wanted = [((partner, model), path) for partner in PARTNERS for model, path in STREAMS]
        chosen = [(key, path) for key, path in wanted if keys is None or key in set(keys)]
        readers = [await self.observer.stream(key, path, door) for key, path in chosen]
        await all_flow(readers)
        return readers

    async def rise(self) -> None:
        """Curtain: streams flow, probes ask, the canary has sung."""
        for door, gate in enumerate(self.gates):
            await until(partial(_sung, gate), "first canary")
            await self.open_streams(door=door)
            for partner in PARTNERS:
                for model in PROBES:
                    self.observer.probe((partner, model), door)
        asked = {((partner, model), door) for partner in PARTNERS for model in PROBES for door in range(len(self.gates))}
        await until(lambda: {(probe.key, probe.door) for probe in self.observer.probes} >= asked, "every probe has an answer")
        self.ledger.settle()

    async def watch(self) -> None:
        """Go on until whatever must have ended has ended, at the latest a little after its bound; then for an aftermath."""
        end = max((self._deadline(key) for key in self.ledger.keys if not self.ledger.permits(key)), default=0.0) + MARGIN
        while time.monotonic() < end and self._something_passes():  # noqa: ASYNC110 - what stays away has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(AFTERMATH)

    async def recovers(self, keys: Iterable[Key]) -> None:
        """Wait until every key is let through again; what takes longer than it may is the checker's finding."""
        began = time.monotonic()
        end = began + self.ledger.bound.recovery + self.ledger.bound.reachable
        waiting = set(keys)
        seen = len(self.observer.probes)
        while waiting and time.monotonic() < end:
            await asyncio.sleep(0.01)
            fresh, seen = self.observer.probes[seen:], len(self.observer.probes)
            waiting -= {probe.key for probe in fresh if probe.status == OK and probe.asked_at > began}

    async def back_without_x(self) -> None:
        """The store is back: everybody but X is served again, soon."""
        await self.recovers(on(FRONTIER, Y, Z))
        await self.watch()

    async def stale(self) -> None:
        """Wait until every gated stream is cut, at the latest a little after its bound."""
        end = self.ledger.outages[-1].began + self.ledger.bound.unreachable + MARGIN
        while time.monotonic() < end and self.running(*EVERY_GATED):  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
        await asyncio.sleep(AFTERMATH)

    async def settled(self) -> None:
        """Wait for a confirmation that began after now: everything written so far has been taken in."""
        now = time.monotonic()
        await self.gates_know(lambda snapshot: snapshot.confirmed_at > now)

    async def gates_know(self, condition: Callable[[Snapshot], object]) -> None:
        """Wait until every gate's policy is such that `condition` holds."""
        await until(lambda: all(condition(gate.watch.snapshot) for gate in self.gates), "the gates know")
        self.ledger.settle()

    def violations(self) -> list[Violation]:
        """Check everything logged so far."""
        return check(self.ledger, self.observer.logs, self.observer.probes, time.monotonic())

    def faults(self) -> set[Fault]:
        """The kinds of violations so far."""
        return {violation.fault for violation in self.violations()}

    def running(self, *keys: Key) -> int:
        """How many streams of these keys flow."""
        return sum(log.flowing and log.key in keys for log in self.observer.logs)

    def _something_passes(self) -> bool:
        """Whether anybody who is not permitted still has a stream, or was let through when last asked."""
        told = {probe.key: probe.status for probe in self.observer.probes}
        permitted = self.ledger.permits
        return any(not permitted(log.key) and log.flowing for log in self.observer.logs) or any(
            not permitted(key) and status == OK for key, status in told.items()
        )

    def _deadline(self, key: Key) -> float:
        edit = self.ledger.last_edit(key, time.monotonic())
        return 0.0 if edit is None else self.ledger.deadline(edit)


ALL: tuple[Key, ...] = tuple((partner, model) for partner in PARTNERS for model in (*GATED, OPEN))

EVERY_GATED = tuple(key for key in ALL if key[1] in GATED)


def on(model: str, *organisations: str) -> tuple[Key, ...]:
    """Keys of these organisations (all, where none is named) on a model."""
    return tuple((organisation, model) for organisation in organisations or PARTNERS)


def _mint(issuer: DemoIssuer, organisation: str) -> str:
    return issuer.mint(org_id=organisation, nationalities=["DE"], iat=int(time.time()) - LIFE, lifetime=LIFE)


def _sung(gate: Gateway) -> bool:
    return gate.watch.canary_seconds >= 0


async def _gone(gate: Gateway) -> None:
    """Stop a gate, and wait until its last socket is closed."""
    await gate.stop()
    await until(lambda: not (gate.gate.doors.connections or any(each.open for each in gate.gate.upstreams.values())), "all closed")


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a state that has no event to wait for."""
    try:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - the state of other parts
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None


@asynccontextmanager
async def open_theatre(
    directory: Path,
    store: Store,
    scene: Scene = NEAR,
    parts: Parts = PARTS,
    *,
    workers: int = 1,
    pace: float = 0.02,
) -> AsyncIterator[Theatre]:
    """Set the stage and raise the curtain; everything is stopped in the end."""
    async with AsyncExitStack() as stack:
        fountain = await stack.enter_async_context(flowing(pace))
        clock = WallClock()
        stage = Theatre(store, fountain, Ledger(GATED, scene.bound), clock)
        if scene.through:
            stage.way = await stack.enter_async_context(passage(stage.server.port))
        await stage.prepare()
        issuer = DemoIssuer(directory)
        for number in range(workers):
            made_of = structs.replace(parts, clock=clock)
            gate = Gateway(_settings(directory, issuer, stage, scene), worker=f"w{number}", parts=made_of)
            await gate.start()
            stack.push_async_callback(_gone, gate)
            stage.gates.append(gate)
        stage.observer = Observer((gate.proxy_url for gate in stage.gates), partial(_mint, issuer))
        stack.push_async_callback(stage.observer.go)
        await stage.rise()
        yield stage


def _settings(directory: Path, issuer: DemoIssuer, stage: Theatre, scene: Scene) -> Settings:
    url = f"redis://127.0.0.1:{stage.way.port}" if scene.through else stage.store.url
    store = store_section(
        directory, None, url=url, max_staleness=scene.max_staleness, timeout=scene.timeout, canary_every=scene.canary_every
    )
    upstreams = (
        Upstream(name="fountain", urls=(stage.fountain.url,)),
        Upstream(name="narrow", urls=(stage.fountain.url,), max_connections=1, connect_timeout=30.0),
    )
    return settings_for(directory, issuer, (), models=MODELS, store=store, limits=Limits(drain=0.0), upstreams=upstreams)
