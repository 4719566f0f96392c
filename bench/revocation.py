"""How fast an edit takes effect: on the next decision, and on streams that run."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import redis.asyncio
from msgspec import Struct

from bench.call import MODEL, ORGANISATION, STREAM_MODEL, streamed, whole
from bench.crowd import Crowd, Reader
from bench.figures import Distribution, distribution
from bench.peers import Peer, Site, grant
from bench.plan import SINGLE_PACE, Plan
from bench.problem import BenchError
from bench.raw import Caller, RawStore, wait_for_status
from gateway.store.keys import Keys
from gateway.store.socketpath import socket_path
from gateway.store.writer import PolicyWriter

CUT_DEADLINE: Final = 10.0
SETTLE: Final = 0.1
OK: Final = 200
Removal = Callable[[], Awaitable[float]]
"""Removes the grant; gives when it began (`time.monotonic()`)."""


class CutFigures(Struct, frozen=True):
    """Milliseconds from the removal of the grant to the last byte of each stream, and to the end of its connection."""

    way: str
    streams: int
    repeats: int
    last_byte: Distribution
    end: Distribution


class EditFigures(Struct, frozen=True):
    """Milliseconds from the write of an edit to the answer of the first request that was decided by it, asking back to back."""

    edit: str
    effect: Distribution


def measure_edits(site: Site, peer: Peer, plan: Plan) -> list[EditFigures]:
    """Admit and remove by raw HSET and HDEL, again and again."""
    field = (Keys().allowlist(MODEL), ORGANISATION)
    admitted, removed = [], []
    with contextlib.closing(RawStore(_socket(peer))) as store, contextlib.closing(Caller(peer.port, whole(site.token).encoded)) as caller:
        caller.status()
        for _ in range(plan.edits):
            removed.append(_effect(store, caller, ("HDEL", *field), admitted=False))
            admitted.append(_effect(store, caller, ("HSET", *field, "{}"), admitted=True))
    return [EditFigures("HSET", distribution(admitted)), EditFigures("HDEL", distribution(removed))]


async def measure_cuts(site: Site, peer: Peer, plan: Plan) -> list[CutFigures]:
    """Remove the grant under one stream and under many, by a raw HDEL and by the tools' writer."""
    found = []
    async with contextlib.AsyncExitStack() as stack:
        ways = {"HDEL": await _raw(peer, stack), "tool": await _tool(peer, stack)}
        for count, repeats, pace in ((1, plan.single_cuts, SINGLE_PACE), (plan.mass_streams, plan.mass_cuts, plan.mass_pace)):
            for way, remove in ways.items():
                found.append(await _cuts(site, peer, way, remove, (count, repeats, pace)))
    return found


async def _cuts(site: Site, peer: Peer, way: str, remove: Removal, size: tuple[int, int, float]) -> CutFigures:
    count, repeats, pace = size
    crowd = Crowd(peer.stream_port, streamed(site.token, pace).encoded)
    last, end = [], []
    for _ in range(repeats):
        await crowd.gather(count)
        await asyncio.sleep(SETTLE)
        began = await remove()
        await _all_ended(crowd)
        last += [_after(began, reader, reader.last_at) for reader in crowd.readers]
        end += [_after(began, reader, reader.ended_at) for reader in crowd.readers]
        crowd.readers.clear()
        _restore(site, peer, pace)
    return CutFigures(way, count, repeats, distribution(last), distribution(end))


async def _all_ended(crowd: Crowd) -> None:
    try:
        async with asyncio.timeout(CUT_DEADLINE):
            await asyncio.gather(*(reader.ended.wait() for reader in crowd.readers))
    except TimeoutError:
        raise BenchError(
            f"{crowd.open} of {len(crowd.readers)} streams still run {CUT_DEADLINE:.0f} s after the grant was removed"
        ) from None


def _after(began: float, reader: Reader, moment: float) -> float:
    if reader.last_at < began - SETTLE and reader.ended_at < began:
        raise BenchError("a stream ended before its grant was removed")
    return max(0.0, moment - began) * 1e3


def _restore(site: Site, peer: Peer, pace: float) -> None:
    if peer.data_dir is not None:
        grant(peer.data_dir, STREAM_MODEL)
    wait_for_status(peer.stream_port, streamed(site.token, pace).encoded, OK)


def _effect(store: RawStore, caller: Caller, edit: tuple[str, ...], *, admitted: bool) -> float:
    began = store.send(*edit)
    deadline = began + CUT_DEADLINE
    while (caller.status() == OK) is not admitted:
        if time.monotonic() > deadline:
            raise BenchError(f"{edit[0]} had no effect within {CUT_DEADLINE:.0f} s")
    effective = time.monotonic()
    store.reply()
    return (effective - began) * 1e3


async def _raw(peer: Peer, stack: contextlib.AsyncExitStack) -> Removal:
    store = RawStore(_socket(peer))
    stack.callback(store.close)

    async def remove() -> float:
        began = store.send("HDEL", Keys().allowlist(STREAM_MODEL), ORGANISATION)
        await asyncio.sleep(0)
        store.reply()
        return began

    return remove


async def _tool(peer: Peer, stack: contextlib.AsyncExitStack) -> Removal:
    client = redis.asyncio.Redis(unix_socket_path=str(_socket(peer)), protocol=2)
    stack.push_async_callback(client.aclose)
    writer = PolicyWriter(client, Keys())
    await client.ping()

    async def remove() -> float:
        began = time.monotonic()
        await writer.remove_grant(STREAM_MODEL, ORGANISATION, "bench", "revocation under measurement")
        return began

    return remove


def _socket(peer: Peer) -> Path:
    if peer.data_dir is None:
        raise BenchError(f"{peer.name} has no store to edit")
    return socket_path(peer.data_dir)
