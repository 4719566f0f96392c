"""Keeps one Snapshot true: loads the policy in one atomic step, learns of every change, swaps one reference.

Any disconnection, silence, null push, change of server or of its role, and any canary unheard, ends in a fresh connection and a full
reading. While the store is away the last snapshot stays and ages; `decide` refuses gated models once it is older than `max_staleness`.
"""

import asyncio
import contextlib
import math
import random
import secrets
from collections.abc import Callable, Mapping
from typing import Final

from gateway.errors import GatewayError, StoreUnavailableError
from gateway.policy.access import Instant
from gateway.policy.snapshot import Model, Snapshot
from gateway.settings.shape import Store
from gateway.store.address import StoreAddress
from gateway.store.assembly import Assembly
from gateway.store.canary import Canary
from gateway.store.draft import Changed
from gateway.store.feed import Feed, open_feed
from gateway.store.keys import Keys
from gateway.store.link import open_link
from gateway.store.load import ensure_revision
from gateway.store.reading import stepwise
from gateway.store.retired import Retired
from gateway.store.rules import Expand
from gateway.store.slotfeed import open_slot_feed
from gateway.store.stored import NOTHING, Stored
from gateway.store.whereabouts import Fixed, Whereabouts, whereabouts

FIRST_DELAY: Final = 0.05
LONGEST_DELAY: Final = 2.0
SEARCH_DELAY: Final = 0.3
"""Seconds between attempts to connect: doubled from the first to the longest, or to the third where another server may take over."""

OnPublish = Callable[[Snapshot, Snapshot, Changed], None]
"""Old snapshot, new one, ids of the models touched (None: all). Called in the loop, must not block."""


class PolicyWatch:
    """`snapshot` is the policy now, `up` whether the store is connected; `start` and `stop` it in one event loop.

    `seen_at` is when the change behind the last publication was heard of, steady seconds.

    For metrics and status: `canary_seconds` (NaN before the first and while the server refuses it), `watch_errors`, `reloads`,
    `reload_seconds`, `last_error`. Nothing is ever raised out of the background work.
    """

    def __init__(
        self,
        address: StoreAddress,
        settings: Store,
        catalogue: Mapping[str, Model],
        expand: Expand,
        clock: Callable[[], Instant],
        on_publish: OnPublish,
    ) -> None:
        self._address = address
        self._settings = settings
        self._keys = Keys(address.prefix)
        self._watcher = secrets.token_hex(8)
        self._expand = expand
        self._clock = clock
        self._on_publish = on_publish
        self._retired = Retired()
        self._assembly = Assembly(self._keys, catalogue, expand, self._retired)
        self._stored: Stored = NOTHING
        self._stopping = False
        self._torn = False
        self._read_at = -math.inf
        self._adopting: set[asyncio.Task[None]] = set()
        self._reading = asyncio.Lock()
        self._adoption = asyncio.Lock()  # one catalogue after the other, in the order in which they came
        self._finder: Whereabouts = Fixed(address)
        self._every = max(settings.canary_every, 0.01)
        self._feed: Feed | None = None
        self._canary: Canary | None = None
        self._task: asyncio.Task[None] | None = None
        self._loaded = asyncio.Event()
        self._asked = asyncio.Event()
        self._delay = FIRST_DELAY
        self.snapshot = Snapshot(catalogue=catalogue, max_staleness=settings.max_staleness)
        self.up = False
        self.watch_errors = 0
        self.reloads = 0
        self.reload_seconds = math.nan
        self.seen_at = -math.inf
        self.last_error = ""

    def __repr__(self) -> str:
        return f"PolicyWatch({'up' if self.up else 'down'}, revision {self.snapshot.revision}, {self._address})"

    @property
    def canary_seconds(self) -> float:
        """Seconds from the last canary's write to its news on the feed."""
        return math.nan if self._canary is None else self._canary.seconds

    async def start(self) -> None:
        """Begin. Returns after the first reading, or without it after the store's timeout: then nothing is permitted until it comes."""
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="policy-watch")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.timeout):
                await self._loaded.wait()

    async def stop(self) -> None:
        """End; the last snapshot stays."""
        self._stopping = True
        tasks = {*self._adopting, *(() if self._task is None else (self._task,))}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._task = None
        self.up = False

    def ask(self) -> None:
        """Have the policy confirmed now, not only when it is time again."""
        self._asked.set()

    def replace_catalogue(self, catalogue: Mapping[str, Model], expand: Expand | None = None) -> None:
        """Take a new catalogue (and new country groups): soon published on the entries known, then the added models' are read."""
        self._expand = expand or self._expand
        task = asyncio.get_running_loop().create_task(self._adopt(Assembly(self._keys, catalogue, self._expand, self._retired)))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, assembly: Assembly) -> None:
        """Decode everything known beside the watch's work, so that no change waits for it; then what has come meanwhile, and swap."""
        async with self._adoption:
            await stepwise(assembly.take(self._stored))
            await self._replace(assembly)

    async def _replace(self, assembly: Assembly) -> None:
        async with self._reading:
            await stepwise(assembly.take(self._stored))
            self._assembly.retire()
            self._assembly, self.seen_at = assembly, self._clock().steady
            self._publish(self.snapshot.confirmed_at, None)
            if self._feed is not None:
                self._feed.mark_dirty()

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 (noted and shown; the watch outlives everything)
                self._note(error)
            self.up = False
            if self._stopping:  # a task group that fails while it is cancelled tells only of the failure
                return
            await asyncio.sleep(self._delay * random.uniform(0.5, 1.0))  # noqa: S311 (spreads a fleet's reconnections, hides nothing)
            self._delay = min(2 * self._delay, SEARCH_DELAY if self._address.kind in ("sentinel", "cluster") else LONGEST_DELAY)

    async def _follow(self) -> None:
        """Live one connection's life, to its end."""
        timeout, finder = self._settings.timeout, whereabouts(self._address, self._settings.timeout)
        place = await finder.find()
        begin = open_slot_feed if self._address.kind == "cluster" else open_feed
        with (
            contextlib.closing(await begin(place, self._keys, self._watcher, timeout)) as feed,
            contextlib.closing(await open_link(place, timeout)) as link,
        ):
            self._feed, self._finder = feed, finder
            self._canary = Canary(link, feed, self._keys.canary(self._watcher))
            try:
                await self._canary.sing()
                async with asyncio.TaskGroup() as group:
                    group.create_task(finder.keep(self._every))
                    group.create_task(self._read_on_news(feed))
                    group.create_task(self._prove(feed, self._canary))
            finally:
                self._feed = None

    async def _read_on_news(self, feed: Feed) -> None:
        while True:
            feed.check()
            if feed.dirty:
                await self._reload(feed)
            else:
                await feed.news.wait()

    async def _reload(self, feed: Feed) -> None:
        async with self._reading:
            begun, self.seen_at = self._clock().steady, feed.seen_at
            self._stored = await feed.read(self._assembly.ids)
            torn, self._torn = self._torn, True
            touched = await stepwise(self._assembly.take(self._stored))
            self._torn = False
            self._publish(self._sure(begun), None if torn else touched)
        self.up = True
        self.reloads += 1
        self.reload_seconds = self._clock().steady - begun
        self._read_at = begun
        self._loaded.set()
        await stepwise(self._retired.let_go())
        await self._ensure_revision(feed)

    async def _ensure_revision(self, feed: Feed) -> None:
        try:
            await ensure_revision(feed.link, self._keys, self._stored)
        except StoreUnavailableError as error:
            self._note(error)

    async def _prove(self, feed: Feed, canary: Canary) -> None:
        """Every `canary_every` seconds, prove that the feed lives and confirm the snapshot; every `reread_every`, read anyway."""
        await self._warn(feed)
        while True:
            begun = self._clock().steady
            await feed.visit(self._assembly.ids)
            await canary.sing()
            if not feed.dirty and not self._reading.locked():
                self.snapshot = self.snapshot.confirmed(self._sure(begun))
                self._delay = FIRST_DELAY
            if doubt := self._finder.doubt():
                self._note(StoreUnavailableError(doubt))
            if begun - self._read_at >= self._settings.reread_every:
                await feed.check_identity()
                await self._warn(feed)
                feed.mark_dirty()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._asked.wait()
            self._asked.clear()

    async def _warn(self, feed: Feed) -> None:
        if risk := await feed.risk():
            self._note(StoreUnavailableError(risk))

    def _sure(self, begun: float) -> float:
        """Until when the policy is confirmed by what was asked at `begun`: no longer than the server was surely the right one."""
        return max(min(begun, self._clock().steady - self._finder.age()), self.snapshot.confirmed_at)

    def _publish(self, confirmed_at: float, touched: Changed) -> None:
        old, new = self.snapshot, self._assembly.snapshot(confirmed_at, self._settings.max_staleness)
        self.snapshot = new
        if touched is not None and not touched and (old.revision, old.digest) == (new.revision, new.digest):
            return
        try:
            self._on_publish(old, new, touched)
        except Exception as error:  # noqa: BLE001 (a listener's fault must not stop the watch)
            self._note(error)

    def _note(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self.watch_errors += 1
        self.last_error = str(error) if isinstance(error, GatewayError) else repr(error)
