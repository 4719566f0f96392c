"""How fast an edit takes effect on the next decision."""

import contextlib
import time
from typing import Final

from msgspec import Struct

from bench.call import MODEL, ORGANISATION, whole
from bench.figures import Distribution, distribution
from bench.peers.gate import store_of
from bench.peers.site import Peer, Site
from bench.plan import Plan
from bench.problem import BenchError
from bench.raw import Caller, RawStore
from gateway.store.keys import Keys

CUT_DEADLINE: Final = 10.0
OK: Final = 200


class EditFigures(Struct, frozen=True):
    """Milliseconds from the write of an edit to the answer of the first request that was decided by it, asking back to back."""

    edit: str
    effect: Distribution


def measure_edits(site: Site, peer: Peer, plan: Plan) -> list[EditFigures]:
    """Admit and remove by raw HSET and HDEL, again and again."""
    field = (Keys().allowlist(MODEL), ORGANISATION)
    admitted, removed = [], []
    with contextlib.closing(RawStore(store_of(peer))) as store, contextlib.closing(Caller(peer.port, whole(site.token).encoded)) as caller:
        caller.status()
        for _ in range(plan.edits):
            removed.append(_effect(store, caller, ("HDEL", *field), admitted=False))
            admitted.append(_effect(store, caller, ("HSET", *field, "{}"), admitted=True))
    return [EditFigures("HSET", distribution(admitted)), EditFigures("HDEL", distribution(removed))]


def _effect(store: RawStore, caller: Caller, edit: tuple[str, ...], *, admitted: bool) -> float:
    began = store.send(*edit)
    deadline = began + CUT_DEADLINE
    while (caller.status() == OK) is not admitted:
        if time.monotonic() > deadline:
            raise BenchError(f"{edit[0]} had no effect within {CUT_DEADLINE:.0f} s")
    effective = time.monotonic()
    store.reply()
    return (effective - began) * 1e3
