"""What one worker tells operators of itself: the policy that it has applied, when, and what that ended.

A step is applied when every lease was decided on and the last byte of each exchange that it ended has left; steps are told in their
order. Reports go over a connection of their own, right after each step and every few seconds, so the path of requests never waits for
them.
"""

import asyncio
import contextlib
import math
import os
import secrets
import socket
import time
from collections import deque
from collections.abc import Callable, Sized
from functools import partial
from typing import Any, Final, Protocol

from msgspec import Struct

from gateway import __version__
from gateway.errors import StoreUnavailableError
from gateway.neighbours import Neighbours, machine
from gateway.policy.snapshot import Snapshot
from gateway.store.replicas import ReplicaRegister, StoreTime
from gateway.store.report import STEPS, Report, Step, encode_report

EVERY: Final = 2.0
"""Seconds between two reports where nothing happens."""

MISSED: Final = 5
"""Reports that may fail to come, beyond the time for which a worker without news goes on, before it counts as gone."""

RETRY: Final = 0.2


class Policy(Protocol):
    """What is asked of the watch: the policy in force, whether the store is heard, when the last change was heard of (steady)."""

    snapshot: Snapshot
    up: bool
    seen_at: float


class Swept(Protocol):
    """What a sweep tells when it is done."""

    cuts: int
    cut_at: float | None


class _Open(Struct, eq=False):
    """A step that is not told yet; instants are steady. `done` when its sweep is; `applied_at` when those before it are too."""

    follows: int
    revision: int
    digest: str
    seen_at: float
    done: bool = False
    applied_at: float = 0.0
    cuts: int = 0
    cut_at: float | None = None


class Replica:
    """One worker's entry. Tell it of each publication, and the sweep what `published` answers."""

    def __init__(
        self,
        worker: str,
        register: ReplicaRegister,
        policy: Policy,
        leases: Sized,
        on_failure: Callable[[], None],
        *,
        max_staleness: float,
        every: float = EVERY,
        tally: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._worker = worker
        self._register = register
        self._policy = policy
        self._leases = leases
        self._on_failure = on_failure
        self._every = every
        self._tally = tally
        self._expires_after = max_staleness + MISSED * every
        self._host = socket.gethostname()
        self._machine = machine()
        self._started_at = time.monotonic()
        self._under_way: deque[_Open] = deque()
        self._untold: deque[_Open] = deque(maxlen=STEPS)
        self._steps: deque[Step] = deque(maxlen=STEPS)
        self._applied = (0, "")
        self._settled_at = -math.inf
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.key = f"{self._host}/{worker}/{secrets.token_hex(4)}"
        self._neighbours = Neighbours(register, self.key, every)

    def __repr__(self) -> str:
        return f"<Replica {self.key} at revision {self._applied[0]}, {len(self._under_way)} under way>"

    @property
    def workers(self) -> int:
        """How many workers live, this one among them, as last seen."""
        return 1 + self._neighbours.living

    def published(self, old: Snapshot, new: Snapshot) -> Callable[[Swept], None]:
        """A policy is in force; call what is answered when its sweep is done."""
        step = _Open(old.revision, new.revision, new.digest, self._policy.seen_at)
        self._under_way.append(step)
        return partial(self._done, step)

    async def start(self) -> None:
        """Report for the first time (nobody may be served by a worker that operators cannot see), then go on."""
        await self._try()
        self._task = asyncio.create_task(self._keep_reporting(), name="replica")

    async def stop(self) -> None:
        """Take the entry away."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))
            self._task = None
        with contextlib.suppress(StoreUnavailableError):
            await self._register.remove(self.key)
        self._register.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _done(self, step: _Open, sweep: Swept) -> None:
        step.done, step.cuts, step.cut_at = True, sweep.cuts, sweep.cut_at
        while self._under_way and self._under_way[0].done:
            applied = self._under_way.popleft()
            applied.applied_at = time.monotonic()
            self._applied = (applied.revision, applied.digest)
            self._untold.append(applied)
            self._news.set()

    async def _keep_reporting(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._news.wait()
            if not await self._try():
                await asyncio.sleep(RETRY)

    async def _try(self) -> bool:
        self._news.clear()
        try:
            now = await self._register.time()
            await self._register.report(self.key, encode_report(self._report(now)))
            await self._neighbours.look()
        except StoreUnavailableError:
            self._on_failure()
            self._register.close()
            return False
        return True

    def _report(self, now: StoreTime) -> Report:
        while self._untold:
            self._steps.appendleft(_told(self._untold.popleft(), now))
        revision, digest = self._applied
        return Report(
            worker=self._worker,
            host=self._host,
            pid=os.getpid(),
            machine=self._machine,
            version=__version__,
            started_at=now.latest(self._started_at),
            reported_at=now.shown,
            expires_after=self._expires_after,
            up=self._policy.up,
            revision=revision,
            digest=digest,
            through=self._through(now),
            streams=len(self._leases),
            steps=tuple(self._steps),
            tally=self._tally(),
        )

    def _through(self, now: StoreTime) -> float | None:
        """Until when whatever was written is in force: while a step is under way, no later than before it."""
        snapshot = self._policy.snapshot
        if not self._under_way and self._applied == (snapshot.revision, snapshot.digest):
            self._settled_at = snapshot.confirmed_at
        return now.earliest(self._settled_at) if math.isfinite(self._settled_at) else None


def _told(step: _Open, now: StoreTime) -> Step:
    return Step(
        revision=step.revision,
        follows=step.follows,
        applied_at=now.latest(step.applied_at),
        applied_seconds=step.applied_at - step.seen_at,
        cut=step.cuts,
        last_cut_at=None if step.cut_at is None else now.latest(step.cut_at),
    )
