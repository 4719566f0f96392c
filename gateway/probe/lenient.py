"""Reads requests as the most forgiving server would, and notes every oddity that it forgave. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.probe.arrival import Arrival
from gateway.probe.readers.spelling import folded

END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
DECIDING: Final = ("host", "contentlength", "transferencoding", "contenttype", "contentencoding", "authorization")
_CHUNK: Final = re.compile(rb"\s*([0-9a-fA-F]+)[^\r\n]*\r?\n")
_END_OF_TRAILERS: Final = re.compile(rb"(?:[^\r\n:]+:[^\r\n]*\r?\n)*\r?\n")

Fields = Sequence[tuple[bytes, bytes]]


def read_head(head: bytes) -> Arrival:
    """Take a head apart at any line end; a folded line joins the one before it."""
    first, *lines = head.strip(b"\r\n").split(b"\n")
    headers: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in {b" ", b"\t"} and headers:
            name, value = headers.pop()
            headers.append((name, value + b" " + line.strip()))
        else:
            name, _, value = line.rstrip(b"\r").partition(b":")
            headers.append((name, value.strip()))
    method, _, rest = first.rstrip(b"\r").partition(b" ")
    target = rest.rpartition(b" ")[0] or rest
    return Arrival(method, target, tuple(headers), oddities=tuple(_oddities(head, headers)), head=head)


def _oddities(head: bytes, headers: Fields) -> list[str]:
    found = []
    names = [folded(name.decode("latin-1")) for name, _ in headers]
    if "contentlength" in names and "transferencoding" in names:
        found.append("content-length beside transfer-encoding")
    found += [f"{name} twice" for name in DECIDING if names.count(name) > 1]
    if re.search(rb"(?<!\r)\n|\r(?!\n)", head):
        found.append("a line end that is no CRLF")
    if any(name != name.strip() or line_folded(value) for name, value in headers):
        found.append("a space around a field's name")
    codings = [value.lower() for name, value in headers if folded(name.decode("latin-1")) == "transferencoding"]
    if any(coding != b"chunked" for coding in codings):
        found.append("a transfer-encoding that is not plainly chunked")
    return found


def line_folded(value: bytes) -> bool:
    """Whether a value still holds the end of a line."""
    return b"\r" in value or b"\n" in value


def is_chunked(headers: Fields) -> bool:
    """Whether any reader would take the body to be chunked."""
    return any(b"chunked" in value.lower() for name, value in headers if folded(name.decode("latin-1")) == "transferencoding")


def length_of(headers: Fields) -> int:
    """Give the first content-length that holds digits, 0 where there is none."""
    for name, value in headers:
        if folded(name.decode("latin-1")) == "contentlength" and (digits := re.search(rb"\d{1,9}", value)):
            return int(digits[0])
    return 0


def unchunked(data: bytes) -> tuple[bytes, int, tuple[tuple[bytes, bytes], ...]] | None:
    """Give a chunked body, where it ends in `data`, and its trailers; None while it is not whole."""
    body, position = b"", 0
    while (size := _CHUNK.match(data, position)) is not None:
        length = int(size[1], 16)
        if length == 0:
            end = _END_OF_TRAILERS.search(data, size.end())
            return (body, end.end(), _trailers(end[0])) if end else None
        if len(data) < size.end() + length:
            return None
        body, position = body + data[size.end() : size.end() + length], size.end() + length
    if b"\n" not in data[position:]:
        return None
    return body + data[position:], len(data), ()  # no size: whoever reads on reads it as a body, or as the next request


def _trailers(section: bytes) -> tuple[tuple[bytes, bytes], ...]:
    fields = (line.partition(b":") for line in section.splitlines() if line)
    return tuple((name, value.strip()) for name, _, value in fields)
