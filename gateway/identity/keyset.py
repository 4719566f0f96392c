"""One issuer's key set, kept fresh: one fetch at a time, the last good keys kept on error, unknown keys asked for rarely."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.identity.absence import AbsentKeys
from gateway.identity.fetch import Fetch, FetchError
from gateway.identity.jwk import EMPTY_RING, KeyRing, KeySetError, read_key_set
from gateway.identity.source import read_source
from gateway.policy.access import Instant
from gateway.settings.shape import Issuer

log = logging.getLogger(__name__)

FILE_EVERY: Final = 5.0
"""A key file is looked at this often at least, seconds; reading one costs next to nothing."""

RETRY_FIRST: Final = 1.0
RETRY_LAST: Final = 30.0
"""After a failed fetch the next one comes after 1 s, then 2, 4 ... to 30 s."""

GRACE: Final = 1.0
"""A whole refresh (discovery and keys) may take two timeouts and this, seconds, whatever the source does."""

LEAST_INTERVAL: Final = 1.0
"""Unknown key ids lead to at most one fetch in this time, seconds, whatever the settings say."""


class KeySet:
    """The keys of `issuer`. `ring` is replaced when, and only when, the keys change.

    `fetches` counts by outcome: ok, empty (nothing usable in it: nothing is accepted), unreachable, timeout, refused, invalid.
    `on_change` is called after each replacement of `ring`.
    """

    def __init__(
        self,
        issuer: Issuer,
        clock: Callable[[], Instant],
        fetch: Fetch,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self.issuer = issuer
        self.ring: KeyRing = EMPTY_RING
        self.loaded = False
        self.problem = ""
        self.fetches: dict[str, int] = {}
        self.on_change = on_change
        self._fetch = fetch
        self._clock = clock
        self._interval = max(LEAST_INTERVAL, issuer.keys.refetch_at_most_every)
        self._absent = AbsentKeys(self._interval)
        self._failures = 0
        self._attempted_at = -math.inf
        self._confirmed_at = -math.inf
        self._document: bytes | None = None
        self._flight: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<KeySet {self.issuer.name}: {len(self.ring.keys)} keys, {self.problem or 'fine'}>"

    @property
    def age_seconds(self) -> float:
        """How long ago the issuer last confirmed these keys; infinite if never."""
        return self._clock().steady - self._confirmed_at

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed, or none was made yet."""
        return self._failures > 0 or not self.loaded

    @property
    def next_refresh_in(self) -> float:
        """Seconds until the next periodic refresh is due: `refresh_every`, or the retry delay after a failure."""
        every = self.issuer.keys.refresh_every
        every = min(every, FILE_EVERY) if self.issuer.keys.file else every
        delay = min(every, self._retry_delay) if self._failures else every
        return max(0.0, self._attempted_at + delay - self._clock().steady)

    @property
    def _retry_delay(self) -> float:
        return float(min(RETRY_LAST, RETRY_FIRST * 2.0 ** min(self._failures - 1, 10)))

    def may_fetch(self, kid: str | None) -> bool:
        """Say whether a token that names the unknown `kid` may wait for a fetch: one under way, or one that is due again."""
        now = self._clock().steady
        if self._absent.holds(kid, now):
            return False
        wait = self._interval if self.loaded else (self._retry_delay if self._failures else 0.0)
        return self._flight is not None or now >= self._attempted_at + wait

    async def fetch_for(self, kid: str | None) -> None:
        """Fetch because a token names the unknown `kid`, if `may_fetch`; remembers a `kid` that the issuer does not have."""
        if not self.may_fetch(kid):
            return
        await self.refresh()
        if kid is not None and not self.failing and not self.ring.knows(kid):
            self._absent.add(kid, self._clock().steady)

    async def refresh(self) -> None:
        """Fetch now, or wait for the fetch that is under way. Never raises; cancelling the caller leaves the fetch running."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._refresh(), name=f"keys of {self.issuer.name}")
        await asyncio.wait({self._flight})

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait({self._flight})

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(2 * self.issuer.keys.timeout + GRACE):
                document = await read_source(self.issuer, self._fetch)
            self._take(document)
        except TimeoutError:
            self._fail("no answer in time", "timeout")
        except FetchError as error:
            self._fail(str(error), error.outcome)
        except KeySetError as error:
            self._fail(str(error), "invalid")
        except Exception as error:  # noqa: BLE001  # the refresher must live; what it met is counted and logged
            self._fail(f"unexpected {type(error).__name__}", "unreachable")
        finally:
            self._attempted_at = self._clock().steady
            self._flight = None

    def _take(self, document: bytes) -> None:
        if document != self._document:
            self._replace(read_key_set(document, self.issuer.algorithms))
            self._document = document
        self._confirmed_at = self._clock().steady
        if self._failures:
            self._tell(logging.INFO, "keyset_available")
        self.loaded, self._failures, self.problem = True, 0, ""
        self._count("ok" if self.ring.keys else "empty")

    def _replace(self, ring: KeyRing) -> None:
        for problem in ring.problems:
            self._tell(logging.WARNING, "keyset_key_unusable", problem=problem)
        self._absent.clear()
        if ring.identity == self.ring.identity and self.loaded:
            return
        self.ring = ring
        if self.on_change is not None:
            self.on_change()

    def _fail(self, problem: str, outcome: str) -> None:
        if not self._failures:
            rest = "the last good keys stay" if self.loaded else "no token of this issuer is accepted"
            self._tell(logging.WARNING, "keyset_unavailable", problem=problem, outcome=outcome, state=rest)
        self._failures += 1
        self.problem = problem
        self._count(outcome)

    def _tell(self, level: int, event: str, **fields: str) -> None:
        """Log as `audit.logs.event` does: of a plain message only the template would be written."""
        log.log(level, event, extra={"gateway_fields": {"issuer": self.issuer.name, **fields}})

    def _count(self, outcome: str) -> None:
        self.fetches[outcome] = self.fetches.get(outcome, 0) + 1


def keysets_for(
    issuers: Sequence[Issuer],
    clock: Callable[[], Instant],
    fetch: Fetch,
    kept: Mapping[str, KeySet] = MappingProxyType({}),
) -> dict[str, KeySet]:
    """Give each issuer its key set, by name; one of `kept` whose issuer is configured as before is used again, with its keys."""
    return {
        issuer.name: old if (old := kept.get(issuer.name)) is not None and old.issuer == issuer else KeySet(issuer, clock, fetch)
        for issuer in issuers
    }
