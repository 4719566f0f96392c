"""Heads of upstreams' answers, read in one pass: the lines that go to the caller, and what they say about the body."""

from enum import IntEnum, unique
from typing import Final

from msgspec import Struct

from gateway.wire.headers import forwardable_response
from gateway.wire.memo import Memo


class ResponseHead(Struct, gc=False):
    """Head of an answer. `framing`: how its end is told (RFC 9112 section 6.3): none, length, chunked or close; odd is no answer.

    `lines` are the fields that go on, each ended; `headers` all of them as received.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    framing: str
    length: bytes = b""
    lines: list[bytes] = []
    content_type: bytes = b""
    compressed: bool = False


@unique
class Matter(IntEnum):
    """What a field is about, where the relay must know."""

    NOTHING = 0
    LENGTH = 1
    CODING = 2
    TYPE = 3
    COMPRESSION = 4
    CONNECTION = 5


_MATTERS: Final = {
    b"content-length": Matter.LENGTH,
    b"transfer-encoding": Matter.CODING,
    b"content-type": Matter.TYPE,
    b"content-encoding": Matter.COMPRESSION,
    b"connection": Matter.CONNECTION,
}
ODD: Final = "odd"
_RENAMED: Final = {b"x-request-id": b"x-upstream-request-id"}  # ours has that name


def treatment(name: bytes) -> tuple[bytes, Matter]:
    """How a field called `name` is treated: the start of its line, empty where it does not go on, and its matter."""
    name = name.lower()
    passes = bool(forwardable_response([(name, b"")]))
    return (_RENAMED.get(name, name) + b": " if passes else b""), _MATTERS.get(name, Matter.NOTHING)


_TREATMENTS: Final = Memo(treatment, size=len)


def read_answer_head(status: int, headers: list[tuple[bytes, bytes]], *, bodiless: bool) -> ResponseHead:
    """Read the head of an answer; `bodiless` where none may follow (RFC 9112 section 6.3, rule 1)."""
    head = ResponseHead(status, headers, "none" if bodiless else "close", b"", [])
    lines = head.lines
    for name, value in headers:
        start, matter = _TREATMENTS[name]
        if start:
            lines.append(b"%b%b\r\n" % (start, value))
        if matter:
            _note(head, matter, value)
    return head


def _note(head: ResponseHead, matter: Matter, value: bytes) -> None:
    if matter is Matter.TYPE:
        head.content_type = value
    elif matter is Matter.COMPRESSION:
        head.compressed = True
    elif matter is Matter.CONNECTION:
        if value.lower() == b"keep-alive":  # names nothing
            return
        # the whole section at once: what is still to be read is in it
        head.lines = [b"%b%b\r\n" % (start, value) for start, value in _without_named(head.headers)]
    elif head.framing != "none":
        if matter is Matter.LENGTH:
            head.framing, head.length = "length", value
        else:
            head.framing = "chunked" if value.lower() == b"chunked" else ODD


def _without_named(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Fields that go on where `Connection` names some that do not (RFC 9110 section 7.6.1)."""
    passing = forwardable_response([(name.lower(), value) for name, value in headers])
    return [(_RENAMED.get(name, name) + b": ", value) for name, value in passing]
