"""The inference APIs: endpoints, their idle connections, and which of them are passed over for a while after a failure."""

import asyncio
import ssl
from typing import Final
from urllib.parse import urlsplit

from gateway.policy.decision import Permit
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.introduction import Introduction
from gateway.proxy.link import Link
from gateway.proxy.waiting import Waiting
from gateway.settings.shape import Upstream as UpstreamSettings

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class UpstreamUnavailableError(Exception):
    """No endpoint took the request; the text says why and names no address."""


class Endpoint:
    """One address of an upstream, with its idle links. `down_until` (loop seconds) passes it over after a failure."""

    def __init__(self, url: str, owner: "Upstream") -> None:
        parts = urlsplit(url)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or DEFAULT_PORTS[parts.scheme]
        self.base_path = parts.path.rstrip("/").encode()
        self.host_header = parts.netloc.rpartition("@")[2].encode()
        self.settings = owner.settings
        self.now = owner.loop.time
        self.pulse = owner.pulse
        self.idle: list[Link] = []
        self.open = 0
        self.down_until = 0.0
        self._owner = owner

    def __repr__(self) -> str:
        return f"<Endpoint {self.host}:{self.port} open={self.open} idle={len(self.idle)}>"

    def take(self) -> Link | None:
        """The idle link used last, if one is alive."""
        while self.idle:
            link = self.idle.pop()
            if not link.closed and not link.transport.is_closing():
                return link
        return None

    def release(self, link: Link) -> None:
        """A link is free again: hand it to who waits for one, or keep it."""
        self._owner.on_released(link)

    def on_closed(self, link: Link) -> None:
        """A link is gone; forget it and let a waiting request open another."""
        self.open -= 1
        if link in self.idle:
            self.idle.remove(link)
        self._owner.on_closed(link)

    async def connect(self) -> Link:
        """Open a link; raises OSError or TimeoutError after `connect_timeout` seconds."""
        self.open += 1
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                _, link = await self._owner.loop.create_connection(
                    lambda: Link(self), self.host, self.port, ssl=self._owner.tls if self.secure else None
                )
        except BaseException:
            self.open -= 1
            raise
        return link


class Upstream:
    """One inference API over its endpoints. Requests beyond `max_connections` wait, at most `connect_timeout` seconds.

    Organisations take turns among those who wait.
    """

    def __init__(self, settings: UpstreamSettings, loop: asyncio.AbstractEventLoop, deadlines: Deadlines, credential: str = "") -> None:
        self.name = settings.name
        self.settings = settings
        self.loop = loop
        self.credential: tuple[bytes, bytes] | None = None
        if settings.credential is not None:
            self.credential = (settings.credential.header.lower().encode(), (settings.credential.prefix + credential).encode())
        self.introduction: Introduction | None = None  # None: it is told nothing of the caller
        self.tls = _tls(settings)
        self.pulse = deadlines.pulse
        self._deadlines = deadlines
        self._endpoints = [Endpoint(url, self) for url in settings.urls]
        self._waiting: Waiting[Link | None] = Waiting()

    def __repr__(self) -> str:
        return f"<Upstream {self.name} {self._endpoints}>"

    def introduce(self, permit: Permit, number: bytes) -> bytes:
        """Header lines by which the gate introduces a request, each ended; none where nothing is to be told."""
        return b"" if self.introduction is None else self.introduction.lines(permit, number)

    @property
    def open(self) -> int:
        """Connections open or being opened."""
        return sum(endpoint.open for endpoint in self._endpoints)

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        return sum(len(endpoint.idle) for endpoint in self._endpoints)

    @property
    def waiting(self) -> int:
        """Requests that wait for a connection."""
        return len(self._waiting)

    def take(self) -> Link | None:
        """An idle link to a healthy endpoint, at once or not at all."""
        if len(self._endpoints) == 1:
            return self._endpoints[0].take()
        for endpoint in self._by_load():
            link = endpoint.take()
            if link is not None:
                return link
        return None

    async def reach(self, organisation: str | None = None) -> Link:
        """A link for a request of `organisation`, opened if none is idle; raises `UpstreamUnavailableError`."""
        if self.open >= self.settings.max_connections:
            link = await self._wait(organisation)
            if link is not None and not link.closed:
                return link
        problem = "no endpoint is configured"
        for endpoint in self._by_load():
            try:
                link = await endpoint.connect()
            except (OSError, TimeoutError) as error:
                endpoint.down_until = self.loop.time() + self.settings.retry_after
                problem = "timed out" if isinstance(error, TimeoutError) else "connection failed"
                continue
            endpoint.down_until = 0.0
            self._deadlines.watch(link)
            return link
        raise UpstreamUnavailableError(problem)

    def on_released(self, link: Link) -> None:
        """Hand the link to the request whose turn it is, keep it idle, or close it where enough are idle."""
        if link.closed or link.transport.is_closing():
            return  # it is nobody's: whose turn it is opens another
        waiter = self._waiting.next()
        if waiter is not None:
            waiter.set_result(link)
        elif len(link.endpoint.idle) < self.settings.max_idle:
            link.endpoint.idle.append(link)
        else:
            link.transport.close()

    def on_closed(self, link: Link) -> None:
        """Let a waiting request open a link in place of the closed one."""
        self._deadlines.forget(link)
        self._make_room()

    def close(self) -> None:
        """Close what is idle; links at work end with their exchanges."""
        for endpoint in self._endpoints:
            for link in list(endpoint.idle):
                link.transport.close()

    async def _wait(self, organisation: str | None) -> Link | None:
        waiter: asyncio.Future[Link | None] = self.loop.create_future()
        self._waiting.join(organisation, waiter)
        try:
            async with asyncio.timeout(self.settings.connect_timeout):
                return await waiter
        except TimeoutError:
            self._give_back(waiter)
            raise UpstreamUnavailableError("every connection is busy") from None
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise
        finally:
            self._waiting.leave(organisation, waiter)

    def _give_back(self, waiter: asyncio.Future[Link | None]) -> None:
        """Who stopped waiting in the moment in which it was served passes the link on, or the room for one."""
        if not waiter.done() or waiter.cancelled():
            return
        link = waiter.result()
        if link is None:
            self._make_room()
        else:
            self.on_released(link)

    def _make_room(self) -> None:
        """There may be one link more: let whose turn it is open it."""
        waiter = self._waiting.next()
        if waiter is not None:
            waiter.set_result(None)

    def _by_load(self) -> list[Endpoint]:
        """Healthy endpoints first, the least loaded first; one that is down is tried only after every other."""
        if len(self._endpoints) == 1:
            return self._endpoints
        now = self.loop.time()
        return sorted(self._endpoints, key=lambda endpoint: (endpoint.down_until > now, endpoint.open - len(endpoint.idle)))


def _tls(settings: UpstreamSettings) -> ssl.SSLContext | None:
    if not any(url.startswith("https:") for url in settings.urls):
        return None
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
