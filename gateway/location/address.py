"""The client's address: counted from the right over trusted proxies, because everything left of them is the caller's own claim."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from gateway.wire.forwarded import Hops, address_of, forwarded_for, x_forwarded_for

Network = IPv4Network | IPv6Network
Networks = Sequence[Network]
Headers = Sequence[tuple[bytes, bytes]]
HEADER_OF = {"x-forwarded-for": b"x-forwarded-for", "forwarded": b"forwarded"}


def client_address(peer: str, headers: Headers, trusted: Networks, source: str) -> str | None:
    """Name the client behind `peer` (the socket's address), normalised; None where nobody who may be believed has said it.

    `source` is `none`, `x-forwarded-for` or `forwarded` (header names in `headers` are lower-case). A peer outside `trusted` is the client,
    whatever it claims. A trusted peer is never the client: it must name one. An element that names nobody ends the search.
    """
    address = address_of(peer)
    if address is None or not is_trusted(address, trusted):
        return address
    return rightmost_stranger(read_hops(headers, source), trusted)


def read_hops(headers: Headers, source: str) -> Hops:
    """Read the configured header, all its repetitions joined; empty where there is none."""
    name = HEADER_OF.get(source)
    values = [value for key, value in headers if key == name]
    return forwarded_for(values) if source == "forwarded" else x_forwarded_for(values)


def rightmost_stranger(hops: Hops, trusted: Networks) -> str | None:
    """Walk from the nearest hop outwards: the first that is no trusted proxy is the client, or the outermost where all are trusted."""
    for hop in reversed(hops):
        if hop is None or not is_trusted(hop, trusted):
            return hop
    return hops[0] if hops else None


def is_trusted(address: str, trusted: Networks) -> bool:
    """Whether an address lies in one of the networks; an address of one family is never in a network of the other."""
    found = ip_address(address)
    return any(found in network for network in trusted)


def origin(peer: str, trusted: Networks) -> str:
    """Name whose connection this is, for counting: an IPv4 address, or the /64 of an IPv6 one, which is one subscriber's (RFC 6177).

    Empty where it is nobody's: a trusted proxy's, behind which are many, or that of a unix socket.
    """
    address = address_of(peer)
    if address is None or is_trusted(address, trusted):
        return ""
    return address if ":" not in address else str(IPv6Network((address, 64), strict=False))


def is_public(address: str) -> bool:
    """Whether an address can be looked up at all: private, loopback, link-local, reserved and multicast ones say nothing."""
    found: IPv4Address | IPv6Address = ip_address(address)
    return found.is_global and not found.is_multicast
