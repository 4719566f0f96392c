"""A link to an upstream without a network: what it makes of the bytes that it reads."""

import math
from collections.abc import Sequence

from gateway.proxy.answer import ResponseHead
from gateway.proxy.link import Link
from gateway.proxy.whole import WholeAnswer


class Heard:
    """An exchange that keeps what its link gives it; `passed` are the chunks that came whole."""

    def __init__(self) -> None:
        self.bodiless = False
        self.head: ResponseHead | None = None
        self.body = b""
        self.whole: WholeAnswer | None = None
        self.broken = self.complete = False
        self.passed: list[bytes] = []

    def deliver(self, head: ResponseHead | None, chunks: list[bytes], *, complete: bool) -> None:
        self.complete = complete
        self.head = head or self.head
        self.body += b"".join(chunks)

    def deliver_chunk(self, data: bytes, size: int) -> None:
        self.passed.append(data)
        self.body += data[-size - 2 : -2]

    def deliver_whole(self, answer: WholeAnswer) -> None:
        self.whole = answer

    def on_switched(self, link: Link, head: ResponseHead, rest: bytes) -> None:
        del link, head, rest

    def on_link_lost(self, problem: str, *, untouched: bool) -> None:
        del problem, untouched
        self.broken = True


class Wire:
    """A transport that keeps nothing."""

    def write(self, data: bytes) -> None: ...

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None: ...

    def close(self) -> None: ...


class Place:
    """An endpoint without a network."""

    class settings:  # noqa: D106, N801 - as the endpoint has it
        first_byte_timeout = idle_timeout = keepalive = 1.0

    class pulse:  # noqa: D106, N801 - the same
        until = math.inf

    @staticmethod
    def now() -> float:
        return 0.0

    def release(self, link: Link) -> None: ...


def hear(reads: Sequence[bytes]) -> Heard:
    """Let a link carry one request and read these bytes, one read after the other."""
    exchange, link = Heard(), Link(Place())  # type: ignore[arg-type]
    link.connection_made(Wire())  # type: ignore[arg-type]
    link.carry(exchange, b"", b"")
    for data in reads:
        if not exchange.broken:
            link.data_received(data)
    return exchange
