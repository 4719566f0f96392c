"""Answers that came whole in one read, as most do: read line by line, with the lines that come again and again known already.

Only the plainest form is read here: HTTP/1.1, one content-length that counts exactly what follows the head, fields that pass. Whatever
else an answer may be is None, and the parser's matter: an unusual answer costs time, never safety.
"""

from typing import Final

from msgspec import Struct

from gateway.proxy.answer import Matter, treatment
from gateway.wire.memo import Memo
from gateway.wire.sse import is_event_stream

END_OF_HEAD: Final = b"\r\n\r\n"
NO_BODY: Final = frozenset((204, 304))
LEAST_STATUS: Final = 200
LONGEST_LENGTH: Final = 15
VERSION: Final = b"HTTP/1.1 "
STATUS_END: Final = 12
# RFC 9110 section 5: octets of a field's name, and of its value.
NAME: Final = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
VALUE: Final = bytes((9, *range(32, 127), *range(128, 256)))


class WholeAnswer(Struct, frozen=True, gc=False):
    """Status, the lines that go to the caller with the content-length among them, and the body."""

    status: int
    lines: list[bytes]
    body: bytes


_Line = tuple[bytes, int]
"""What goes on for one line of a head, and what it means here: _PLAIN, _ODD, or the content-length that it tells plus one."""

_PLAIN: Final = 0
_ODD: Final = -1


def read_whole(data: bytes) -> WholeAnswer | None:
    """Read `data` as one whole answer of the plainest form, or leave it to the parser."""
    end = data.find(END_OF_HEAD)
    if end < 0:
        return None
    first, *rest = data[:end].split(b"\r\n")
    status, lines, length = _STATUSES[first], [], -1
    if not status:
        return None
    for line in rest:
        passed, meaning = _LINES[line]
        if meaning:
            if meaning == _ODD or length >= 0:
                return None
            length = meaning - 1
        lines.append(passed)
    start = end + len(END_OF_HEAD)
    return WholeAnswer(status, lines, data[start:]) if len(data) - start == length else None


def _status(line: bytes) -> int:
    digits = line[len(VERSION) : STATUS_END]
    if not line.startswith(VERSION) or not digits.isdigit() or line[STATUS_END : STATUS_END + 1] != b" " or line.translate(None, VALUE):
        return 0
    status = int(digits)
    return 0 if status < LEAST_STATUS or status in NO_BODY else status


def _line(line: bytes) -> _Line:
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or not name or name.translate(None, NAME) or value.translate(None, VALUE):
        return b"", _ODD
    start, matter = treatment(name)
    if matter is Matter.LENGTH:
        return (b"content-length: %d\r\n" % int(value), int(value) + 1) if _counts(value) else (b"", _ODD)
    if matter is Matter.CODING or (matter is Matter.CONNECTION and value.lower() != b"keep-alive") or _is_stream(matter, value):
        return b"", _ODD
    return b"%b%b\r\n" % (start, value) if start else b"", _PLAIN


def _counts(value: bytes) -> bool:
    return value.isdigit() and len(value) <= LONGEST_LENGTH


def _is_stream(matter: Matter, value: bytes) -> bool:
    """Whether it may have to be ended in the middle."""
    return matter is Matter.TYPE and is_event_stream(value)


_STATUSES: Final = Memo(_status, size=len)
_LINES: Final = Memo(_line, size=len, limit=4096, largest=512)
