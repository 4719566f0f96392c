"""One request as it arrives: what has been read so far and what has been established about it."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from gateway.policy.access import Subject
from gateway.wire.envelope import RequestEnvelope
from gateway.wire.handshake import Handshake
from gateway.wire.routes import Route

if TYPE_CHECKING:
    from gateway.proxy.heads import Head

LOOSE: Final = 1024
"""Chunks of a body that are kept apart; chunks of two bytes would take twenty times their size."""

MOST_TINY: Final = 16 * LOOSE
"""Chunks after which they must have been of `TINY` bytes on average: to read a megabyte of less takes seconds of everybody's time."""

TINY: Final = 16


class Request(Struct, eq=False):
    """Filled by the listener, judged by the journey. `started` is the loop's time of its first byte, seconds.

    `headers` are without the content-length, whose digits are `length`. `body` holds the chunks as received until `whole_body` joins
    them: the model can be judged on the whole only.
    """

    started: float
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = []
    version: str = "1.1"
    keep_alive: bool = False
    length: bytes = b""
    upgrade: bool = False
    body: list[bytes] = []
    loose: int = LOOSE
    size: int = 0
    complete: bool = False
    awaits_body: bool = False
    problem: str = ""
    status: int = 0
    stream: bool = False
    number: bytes = b""
    envelope: RequestEnvelope | None = None
    handshake: Handshake | None = None
    head: "Head | None" = None
    route: Route | None = None
    subject: Subject | None = None

    def __repr__(self) -> str:
        stage = "whole" if self.complete else "arriving"
        return f"<Request {self.target[:80]!r} {stage} body={self.size}>"

    @property
    def id(self) -> str:
        """The request's id, and its decision's: 24 hexadecimal digits, unique; empty before its head was read."""
        return self.number.decode()

    def whole_body(self) -> bytes:
        """The body in one piece; joined once, and only when it came in several."""
        if len(self.body) > 1:
            self.body = [b"".join(self.body)]
        return self.body[0] if self.body else b""

    def gather(self) -> None:
        """Join the chunks that came since the last time; `loose` says how many there may be before the next.

        Too many tiny ones are a problem of the request.
        """
        joined = self.loose - LOOSE
        chunks = (joined + 1) * (LOOSE - 1)
        if chunks >= MOST_TINY and self.size < TINY * chunks:
            self.problem = "the body comes in too many tiny chunks"
            self.body.clear()
            return
        self.body[joined:] = [b"".join(self.body[joined:])]
        self.loose += 1

    def forget(self) -> None:
        """Let go of what an answer under way needs no more: streams are many and long."""
        self.body = []
        self.headers = []
        self.envelope = None
        self.head = None
