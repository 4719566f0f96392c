"""An upstream's answer, in reads of any size: the short cuts for whole answers and whole chunks say what the parser says byte by byte.

An input is the reads, one after the other, with `CUT` between them.
"""

from collections.abc import Callable, Sequence

from support.wires import Heard, hear

CUT = b"\xfe\xfe"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = b"a\r\ndata: {}\n\n\r\n"
LAST = b"0\r\n\r\n"

Told = tuple[int, tuple[bytes, ...], bytes]


class Answers:
    """What a link makes of the bytes that it reads."""

    seeds = (
        OK,
        CHUNKED + EVENT + EVENT + LAST,
        CUT.join((CHUNKED + EVENT, EVENT, EVENT, LAST)),
        CUT.join((CHUNKED, EVENT[:5], EVENT[5:] + EVENT, EVENT, LAST + b"\r\n")),
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 500 Broken\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc",
        CUT.join((b"HTTP/1.1 200 OK\r\ncontent-le", b"ngth: 2\r\n\r\n{", b"}")),
    )
    words = (
        *(
            CUT,
            EVENT,
            LAST,
            OK,
            CHUNKED,
            b"\r\n",
            b"\n",
            b"\r",
            b"content-length: 3\r\n",
            b"content-length: +2\r\n",
            b"transfer-encoding: chunked\r\n",
        ),
        *(
            b"connection: close\r\n",
            b"connection: x-a\r\n",
            b"1\r\n\r\r\n",
            b"2\r\n\r\n\r\n",
            b"0;x\r\n",
            b"x-b: c\r\n",
            b" folded\r\n",
            b"HTTP/1.0",
            b": ",
        ),
    )

    def __init__(self, hears: Callable[[Sequence[bytes]], Heard] = hear) -> None:
        self._hears = hears

    def try_one(self, data: bytes) -> None:
        """Try one answer."""
        reads = [read for read in data.split(CUT) if read]
        bytewise = [bytes((byte,)) for read in reads for byte in read]
        fast, slow = self._hears(reads), hear(bytewise)
        if fast.broken:
            return  # also where an end came before what broke it, in the same read: broken is never taken for whole
        assert _done(fast) == _done(slow), "it ends elsewhere"
        assert _done(fast) or not slow.broken, "what is broken goes on"
        assert _told(fast) == _told(slow), "it is another answer"


def _done(heard: Heard) -> bool:
    return heard.whole is not None or heard.complete


def _told(heard: Heard) -> Told:
    """Status, lines but for the framing and blanks at their ends, and body, as they go to the caller."""
    if heard.whole is not None:
        lines = [line for line in heard.whole.lines if not line.startswith(b"content-length:")]
        return heard.whole.status, _plain(lines), heard.whole.body
    return (heard.head.status, _plain(heard.head.lines), heard.body) if heard.head is not None else (0, (), heard.body)


def _plain(lines: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(line.rstrip(b" \t\r\n") for line in lines if line)
