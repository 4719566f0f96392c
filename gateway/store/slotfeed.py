"""The feed in a cluster. Each confirmation also asks the node whether it serves the slot of the policy.

While the slot is being moved to another node, a key lies at one of the two: both are tracked, and the policy is read from both, again and
again until nothing has changed at either from before the first question until after the last answer. So it is still one instant's policy.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from gateway.errors import StoreUnavailableError
from gateway.store.address import Endpoint, StoreAddress
from gateway.store.cluster import ask_slot, read_redirect
from gateway.store.feed import Feed, begin
from gateway.store.keys import Keys
from gateway.store.link import Link, open_link
from gateway.store.load import as_stored, load, questions
from gateway.store.mastery import require_master
from gateway.store.resp import Reply, ServerError
from gateway.store.stored import Stored

ATTEMPTS: Final = 100
"""Readings of two nodes before the changes that come between are too many."""


class SlotFeed(Feed):
    """Open with `open_slot_feed`."""

    def __init__(self, keys: Keys, watcher: str, place: StoreAddress, timeout: float) -> None:
        super().__init__(keys, watcher)
        self._place = place
        self._timeout = timeout
        self._joining = asyncio.Lock()
        self._beside: Link | None = None
        self._beside_at: Endpoint = ("", 0)

    def __repr__(self) -> str:
        return f"SlotFeed({'dirty' if self.dirty else 'clean'}, {'one node' if self._beside is None else 'two nodes'})"

    def check(self) -> None:
        """Raise StoreUnavailableError if a connection is lost."""
        super().check()
        if self._beside is not None and self._beside.lost is not None:
            raise StoreUnavailableError(f"store connection, to where the slot is moved: {self._beside.lost}")

    async def confirm(self) -> None:
        """Make one round trip to each node. Raises unless the first is still a master and still serves the slot."""
        await super().confirm()
        redirect = await ask_slot(self.link, self._keys, self._place.endpoints[0][0])
        async with self._joining:
            if redirect is None:
                self._leave()
            elif redirect.kind == "MOVED":
                host, port = redirect.endpoint
                raise StoreUnavailableError(f"the slot of the policy was moved to {host}:{port}")
            else:
                await self._join(redirect.endpoint)
            if self._beside is not None:
                await require_master(self._beside)

    async def read(self, models: Iterable[str]) -> Stored:
        """Read the policy as it is at one instant, from both nodes if it must be."""
        names = tuple(models)
        for _ in range(ATTEMPTS):
            self.begin_reading()
            try:
                return await load(self.link, self._keys, names)
            except StoreUnavailableError:
                await self.confirm()
                if self._beside is None:
                    raise
            self.begin_reading()
            stored = await self._read_both(self._beside, names)
            await self.confirm()
            if not self.dirty:
                return stored
        raise StoreUnavailableError("the slot of the policy is being moved, and the policy keeps changing meanwhile")

    def close(self) -> None:
        """Drop both connections."""
        if self._beside is not None:
            self._beside.close()
        super().close()

    async def _read_both(self, beside: Link, names: tuple[str, ...]) -> Stored:
        commands = questions(self._keys, names)
        replies = await self.link.batch(commands)
        away = [index for index, reply in enumerate(replies) if _is_away(reply)]
        if away:
            answers = await beside.batch([command for index in away for command in (("ASKING",), commands[index])])
            for index, asking, answer in zip(away, answers[::2], answers[1::2], strict=True):
                replies[index] = asking if isinstance(asking, ServerError) else answer
        for reply in replies:
            if isinstance(reply, ServerError) and reply.code != "WRONGTYPE":
                raise StoreUnavailableError(f"the store does not give its policy: {reply}")
        return as_stored(replies, names)

    async def _join(self, endpoint: Endpoint) -> None:
        if self._beside is not None and self._beside_at == endpoint:
            return
        self._leave()
        link = await open_link(self._place.at(endpoint), self._timeout, self.hear, self.news.set)
        try:
            await self.track(link)
        except ServerError as error:
            link.close()
            raise StoreUnavailableError(f"{self._place.at(endpoint)}: {error}") from None
        except BaseException:
            link.close()
            raise
        self._beside, self._beside_at = link, endpoint
        self.mark_dirty()

    def _leave(self) -> None:
        if self._beside is not None:
            self._beside.close()
            self._beside = None
            self.mark_dirty()


async def open_slot_feed(place: StoreAddress, keys: Keys, watcher: str, timeout: float) -> Feed:  # noqa: ASYNC109 (kept for every later call)
    """Connect to this node, see that it is the primary of the slot, turn tracking on. Raises StoreUnavailableError."""
    return await begin(SlotFeed(keys, watcher, place, timeout), place, timeout)


def _is_away(reply: Reply) -> bool:
    redirect = read_redirect(reply, "") if isinstance(reply, ServerError) else None
    return redirect is not None and redirect.kind == "ASK"
