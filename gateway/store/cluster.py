"""A cluster: which node is the primary of the one slot that all keys of the policy lie in.

Every node of the address is asked at once. Whoever is named, the most often named first, must say of itself that it is a master and
serves the slot; one that says MOVED names the next. https://valkey.io/topics/cluster-spec/
"""

import binascii
import contextlib
from collections import Counter
from typing import Final, Literal, cast

from msgspec import Struct

from gateway.errors import StoreUnavailableError
from gateway.store.address import Endpoint, StoreAddress
from gateway.store.keys import Keys
from gateway.store.link import Link, open_link
from gateway.store.mastery import require_master
from gateway.store.poll import poll
from gateway.store.resp import Reply, ServerError

SLOTS: Final = 16384
HOPS: Final = 4
"""Nodes that may refer to another before a question is given up."""


class Redirect(Struct, frozen=True):
    """A node does not answer for a slot: another does (`MOVED`), or does already for this key, while the slot is being moved (`ASK`)."""

    kind: Literal["MOVED", "ASK"]
    endpoint: Endpoint


def key_slot(key: str) -> int:
    """Give the slot of a key: CRC-16/XMODEM of its hash tag, or of all of it."""
    _, brace, rest = key.partition("{")
    tag, closed, _ = rest.partition("}")
    return binascii.crc_hqx((tag if brace and closed and tag else key).encode(), 0) % SLOTS


def read_redirect(error: ServerError, here: str) -> Redirect | None:
    """Read `MOVED 866 host:port`, asked at the host `here`; None for any other error."""
    kind, _, rest = str(error).partition(" ")
    host, _, port = rest.partition(" ")[2].rpartition(":")
    if kind not in ("MOVED", "ASK") or not port.isdigit():
        return None
    return Redirect(cast("Literal['MOVED', 'ASK']", kind), (_host(host, here), int(port)))


async def ask_slot(link: Link, keys: Keys, here: str) -> Redirect | None:
    """Ask a node whether it serves the slot: None if it does. Raises StoreUnavailableError if it serves none (CLUSTERDOWN) or refuses."""
    try:
        await link.call("EXISTS", keys.slot)
    except ServerError as error:
        redirect = read_redirect(error, here)
        if redirect is None:
            raise StoreUnavailableError(f"the node does not serve the slot: {error} (EXISTS {keys.slot})") from None
        return redirect
    return None


class ClusterNodes:
    """The nodes of one address. `find` the primary; the feed itself hears when it is another one."""

    def __init__(self, address: StoreAddress, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._keys = Keys(address.prefix)
        self._slot = key_slot(address.prefix)

    def __repr__(self) -> str:
        return f"ClusterNodes(slot {self._slot}, {self._address})"

    def age(self) -> float:
        """Nothing: each confirmation asks the node itself, which knows whether it hears most of the others."""
        return 0.0

    def doubt(self) -> str:
        """None here, for the same reason."""
        return ""

    async def find(self) -> StoreAddress:
        """Answer where the slot's primary is. Raises StoreUnavailableError that says what each node asked had to say."""
        answers, problems = await poll(self._ask, self._address.endpoints, enough=1)
        for endpoint, _ in Counter(answers.values()).most_common():
            try:
                return await self._verify(endpoint)
            except StoreUnavailableError as error:
                problems.append(str(error))
        raise StoreUnavailableError("; ".join((f"{self._address}: no primary of slot {self._slot} found", *dict.fromkeys(problems))))

    async def keep(self, every: float) -> None:
        """Nothing to do, see `age`."""

    async def _ask(self, endpoint: Endpoint) -> Endpoint:
        with contextlib.closing(await open_link(self._address.at(endpoint), self._timeout)) as link:
            try:
                ranges = await link.call("CLUSTER", "SLOTS")
            except ServerError as error:
                raise StoreUnavailableError(f"{endpoint[0]}:{endpoint[1]}: {error}") from None
        found = next((served for served in ranges if served[0] <= self._slot <= served[1]), None)
        if found is None:
            raise StoreUnavailableError(f"{endpoint[0]}:{endpoint[1]} knows no node that serves slot {self._slot}")
        return _primary(found, endpoint[0])

    async def _verify(self, endpoint: Endpoint) -> StoreAddress:
        for _ in range(HOPS):
            place = self._address.at(endpoint)
            with contextlib.closing(await open_link(place, self._timeout)) as link:
                await require_master(link)
                redirect = await ask_slot(link, self._keys, endpoint[0])
            if redirect is None or redirect.kind == "ASK":
                return place
            endpoint = redirect.endpoint
        raise StoreUnavailableError(f"slot {self._slot} is sent from node to node")


def _primary(served: list[Reply], here: str) -> Endpoint:
    host, port, *_ = served[2]
    return _host(host.decode() if isinstance(host, bytes) else "", here), int(port)


def _host(told: str, here: str) -> str:
    """A node that does not know its own name is where it was asked."""
    return here if told in {"", "?"} else told
