"""A soak: streams come and go, an operator edits at random through tool and raw commands, and every log is checked as soon as it is whole.

The gate is a process of its own, so that its memory and its file descriptors are nobody else's.
"""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import redis.asyncio
from msgspec import Struct
from support.checker import OK, Ending, Violation, check_probe, check_stream
from support.fountain import flowing
from support.ledger import Bound, Key, Ledger
from support.observer import CHAT, SPEECH, Observer, StreamReader
from support.randomedits import MODELS, ORGANISATIONS, Shadow
from support.servers import RedisServer
from support.serving import ServedGate, serving

from gateway.settings.shape import ModelSection, Upstream
from gateway.store.keys import Keys
from gateway.store.writer import PolicyWriter

VISITORS = 24
SHORT_LIFE, LONG_LIFE = 0.2, 4.0
EDIT_EVERY = 0.03
KILL_EVERY = 3.0
SAMPLE_EVERY = 0.5
WARM_UP = 0.3
"""Share of the time after which memory is expected to stand."""
WARM_UP_DEADLINE = 10.0
PROBERS = 3
PAUSE = 0.02
PACE = 0.02


class Footprint(Struct, frozen=True):
    """Resident bytes and open file descriptors of the gate, `at` seconds from the start."""

    at: float
    memory: int
    descriptors: int


class SoakFigures(Struct, frozen=True):
    """What a soak came to. `last_byte`: milliseconds from the sending of a removal to the last byte of each stream it cut, in order."""

    seconds: float
    seed: int
    streams: int
    refused: int
    cut: int
    probes: int
    edits: int
    kills: int
    last_byte: tuple[float, ...]
    violations: tuple[Violation, ...]
    footprints: tuple[Footprint, ...]
    descriptors: tuple[int, int]

    def quantile(self, share: float) -> float:
        """Of `last_byte`; NaN where nothing was cut."""
        return self.last_byte[min(len(self.last_byte) - 1, int(share * len(self.last_byte)))] if self.last_byte else math.nan

    @property
    def growth(self) -> float:
        """Bytes by which the median memory of the last third exceeds that of the third after the warm-up."""
        settled = [step.memory for step in self.footprints if step.at > WARM_UP * self.seconds]
        third = max(1, len(settled) // 3)
        return _median(settled[-third:]) - _median(settled[:third])


class Soak:
    """One soak of `gate`; `figures` afterwards."""

    def __init__(self, gate: ServedGate, server: RedisServer, seed: int) -> None:
        self._gate = gate
        self._server = server
        self._chance = random.Random(seed)  # noqa: S311 (chooses what to play; the seed plays it again)
        self._shadow = Shadow(self._chance)
        self._ledger = Ledger([model for model in MODELS if model != "open-1"], Bound())
        self._observer = Observer([gate.url], gate.mint)
        self._seed = seed
        self._began = 0.0
        self._over = False
        self._streams = self._refused = self._cut = self._probes = self._edits = self._kills = 0
        self._last_byte: list[float] = []
        self._violations: list[Violation] = []
        self._footprints: list[Footprint] = []

    def __repr__(self) -> str:
        return f"<Soak {self._streams} streams, {self._edits} edits, {len(self._violations)} violations>"

    async def run(self, seconds: float) -> SoakFigures:
        """Let it run for so long."""
        async with contextlib.AsyncExitStack() as stack:
            client = await stack.enter_async_context(redis.asyncio.Redis(port=self._server.port, protocol=2))
            await self._write_all(client)
            at_rest = self._footprint().descriptors
            self._began = time.monotonic()
            work = [self._operate(client), self._kill(client), self._sample(), *(self._visit() for _ in range(VISITORS))]
            tasks = [asyncio.create_task(one) for one in work]
            for _ in range(PROBERS):
                self._observer.probe(self._key(), pause=PAUSE)
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            self._over = True
            await _end(tasks)
            await self._observer.go()
            self._take_probes()
            return self._figures(time.monotonic() - self._began, (at_rest, await self._emptied(at_rest)))

    # -- the operator -------------------------------------------------------------------------------------------------

    async def _write_all(self, client: "redis.asyncio.Redis") -> None:
        with self._ledger.writing(dict.fromkeys(self._shadow.keys, True)):
            for command in self._shadow.first():
                await client.execute_command(*command)  # type: ignore[no-untyped-call]
        async with asyncio.timeout(WARM_UP_DEADLINE):
            while not await self._warmed_up():  # noqa: ASYNC110 - another process
                await asyncio.sleep(PAUSE)
        self._ledger.settle()

    async def _warmed_up(self) -> bool:
        """Whether a stream flows and every worker has opened its file of decision records, which it keeps open."""
        reader = await self._observer.stream(self._shadow.keys[0])
        await asyncio.sleep(PAUSE)
        flows = reader.log.flowing
        await self._observer.go()
        self._observer.readers.clear()
        opened = len(list((self._gate.file.parent / "audit").glob("decisions-*")))
        return flows and opened >= max(1, len(self._gate.workers()))

    async def _operate(self, client: "redis.asyncio.Redis") -> None:
        writer = PolicyWriter(client, Keys())
        while not self._over:  # the client library now and then keeps a cancellation to itself
            await asyncio.sleep(self._chance.expovariate(1 / EDIT_EVERY))
            edit = self._shadow.choose()
            with self._ledger.writing(edit.changes):
                if self._chance.random() < 0.5:
                    await edit.by_tool(writer)
                else:
                    await client.execute_command(*edit.command)  # type: ignore[no-untyped-call]
            self._edits += 1

    async def _kill(self, client: "redis.asyncio.Redis") -> None:
        """Now and then the gate loses every connection to its store."""
        while not self._over:
            await asyncio.sleep(KILL_EVERY)
            for entry in await client.client_list():
                if entry["name"] == "gateway-watch":
                    await client.client_kill_filter(_id=entry["id"])
            self._kills += 1

    # -- the visitors -------------------------------------------------------------------------------------------------

    async def _visit(self) -> None:
        while True:
            reader = await self._observer.stream(self._key(), self._chance.choice((CHAT, CHAT, SPEECH)))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(SHORT_LIFE, LONG_LIFE)):
                    await reader.ended.wait()
            if not reader.ended.is_set():
                reader.leave()
                await reader.ended.wait()
            self._close_book(reader)
            if reader.log.status != OK:
                await asyncio.sleep(PAUSE)

    def _close_book(self, reader: StreamReader) -> None:
        log, ledger = reader.log, self._ledger
        self._observer.readers.remove(reader)
        self._violations += check_stream(ledger, log, time.monotonic())
        self._streams += log.status == OK
        self._refused += log.status not in (0, OK)
        edit = ledger.last_edit(log.key, log.ended_at)
        if log.status == OK and log.ending is not Ending.LEFT:
            self._cut += 1
            if edit is not None and not edit.permitted:
                self._last_byte.append((log.arrivals[-1] - edit.sent) * 1e3)

    def _take_probes(self) -> None:
        probes, self._observer.probes = self._observer.probes, []
        self._probes += len(probes)
        self._violations += (found for probe in probes for found in check_probe(self._ledger, probe))

    def _key(self) -> Key:
        """Mostly somebody who may."""
        keys = self._shadow.permitted() if self._chance.random() < 0.8 else ()
        return self._chance.choice(keys or self._shadow.keys)

    # -- the books ----------------------------------------------------------------------------------------------------

    async def _sample(self) -> None:
        while True:
            self._footprints.append(self._footprint())
            self._take_probes()
            await asyncio.sleep(SAMPLE_EVERY)

    def _footprint(self) -> Footprint:
        pids = self._gate.workers() or {self._gate.process.pid}
        memory = sum(_resident(pid) for pid in pids)
        return Footprint(time.monotonic() - self._began, memory, sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids))

    async def _emptied(self, at_rest: int) -> int:
        """Count the descriptors once connections that wait for their end are gone; idle ones to the upstream are kept for a while."""
        end = time.monotonic() + 5
        while (left := self._footprint().descriptors) > at_rest and time.monotonic() < end:  # noqa: ASYNC110 - another process
            await asyncio.sleep(PAUSE)
        return left

    def _figures(self, seconds: float, descriptors: tuple[int, int]) -> SoakFigures:
        return SoakFigures(
            seconds=seconds,
            seed=self._seed,
            streams=self._streams,
            refused=self._refused,
            cut=self._cut,
            probes=self._probes,
            edits=self._edits,
            kills=self._kills,
            last_byte=tuple(sorted(self._last_byte)),
            violations=tuple(self._violations),
            footprints=tuple(self._footprints),
            descriptors=descriptors,
        )


@contextlib.asynccontextmanager
async def soaking(directory: Path, server: RedisServer, *, seed: int, workers: int = 1) -> AsyncIterator[Soak]:
    """Start a gate in a process of its own, to be soaked."""
    async with flowing(PACE) as fountain:
        models = tuple(ModelSection(id=model, upstream="fountain", gated=model != "open-1") for model in MODELS)
        upstream = Upstream(name="fountain", urls=(fountain.url,), max_idle=VISITORS, keepalive=1.0)
        async with serving(directory, server, workers=workers, models=models, upstreams=(upstream,)) as gate:
            yield Soak(gate, server, seed)


async def _end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel what runs; raise what broke by itself."""
    tasks = list(tasks)
    broken = [error for task in tasks if task.done() and (error := task.exception())]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    if broken:
        raise broken[0]


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _median(values: Sequence[int]) -> float:
    return sorted(values)[len(values) // 2] if values else math.nan


__all__ = ["ORGANISATIONS", "Soak", "SoakFigures", "soaking"]
