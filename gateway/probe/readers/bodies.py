"""A body as it came, and as a server that opens content codings would see it. Pure."""

import zlib
from collections.abc import Iterator
from typing import Final

from gateway.probe.arrival import Arrival

LARGEST: Final = 4 * 1024 * 1024
MOST_MEMBERS: Final = 4
_WINDOWS: Final = (("gzip or zlib: ", 47), ("deflate: ", -15))


def decodings(arrival: Arrival) -> Iterator[tuple[str, bytes]]:
    """Give the body, then what it opens to, twice over where it opens to something that opens; at most 4 MiB each."""
    yield "", arrival.body
    for label, body in opened(arrival.body):
        yield label, body
        for inner, again in opened(body):
            yield label + inner, again


def opened(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Open every member of a compressed body, and all of them as one."""
    for label, window in _WINDOWS:
        members = list(_members(body, window))
        if members:
            yield from ((label, member) for member in members)
            yield label, b"".join(members)
            return


def _members(body: bytes, window: int) -> Iterator[bytes]:
    for _ in range(MOST_MEMBERS):
        if not body:
            return
        opener = zlib.decompressobj(window)
        try:
            member = opener.decompress(body, LARGEST)
        except zlib.error:
            return
        if not member:
            return
        yield member
        body = opener.unused_data
