"""Bodies that have to be opened, put together or guessed at before they can be read."""

import zlib
from collections.abc import Callable
from typing import Final

from gateway.probe.kinds.forms import BOUNDARY, part, parts
from gateway.probe.message import CHAT, JSON, ask, chunked, fields, post, request
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "a body that the gateway does not read is forwarded"
TYPE: Final = "Kong #14536"
ZIPPED: Final = 31
ZLIB: Final = 15
RAW: Final = -15

Write = Callable[[str, str], bytes]


def packed(data: bytes, window: int = ZIPPED) -> bytes:
    """Compress: gzip, or with another window zlib or raw deflate (RFC 1950 to 1952)."""
    packer = zlib.compressobj(wbits=window)
    return packer.compress(data) + packer.flush()


CODED: Final[tuple[tuple[str, bytes, Write], ...]] = (
    ("gzip", b"gzip", lambda _, f: packed(ask(f))),
    ("gzip, in upper case", b"GZIP", lambda _, f: packed(ask(f))),
    ("x-gzip", b"x-gzip", lambda _, f: packed(ask(f))),
    ("deflate", b"deflate", lambda _, f: packed(ask(f), ZLIB)),
    ("deflate without a header", b"deflate", lambda _, f: packed(ask(f), RAW)),
    ("gzip twice", b"gzip, gzip", lambda _, f: packed(packed(ask(f)))),
    ("gzip within gzip, said once", b"gzip", lambda _, f: packed(packed(ask(f)))),
    ("two members, the second forbidden", b"gzip", lambda a, f: packed(ask(a)) + packed(ask(f))),
    ("one document in two members", b"gzip", lambda a, f: packed(ask(a)[:-1] + b",") + packed(b'"model":"%b"}' % f.encode())),
    ("plain, said to be br", b"br", lambda _, f: ask(f)),
    ("plain, said to be zstd", b"zstd", lambda _, f: ask(f)),
    ("plain, said to be something", b"x-none", lambda _, f: ask(f)),
    ("plain, said to be gzip", b"gzip", lambda _, f: ask(f)),
    ("plain, said to be identity", b"identity", lambda _, f: ask(f)),
    ("gzip, said to be identity", b"identity", lambda _, f: packed(ask(f))),
    ("gzip, nothing said", b"", lambda _, f: packed(ask(f))),
    ("gzip that is cut short", b"gzip", lambda _, f: packed(ask(f))[:-6]),
)
TYPES: Final[tuple[tuple[str, bytes, Write], ...]] = (
    ("no content type", b"", lambda _, f: ask(f)),
    ("text/plain", b"text/plain", lambda _, f: ask(f)),
    ("a form that is JSON", b"application/x-www-form-urlencoded", lambda _, f: ask(f)),
    ("a form", b"application/x-www-form-urlencoded", lambda _, f: b"model=%b&messages=probe" % f.encode()),
    ("a type of its own", b"application/x-probe", lambda _, f: ask(f)),
    ("a type that is no type", b"\xff/;;", lambda _, f: ask(f)),
    ("charset utf-16", b"application/json; charset=utf-16", lambda _, f: ask(f).decode().encode("utf-16")),
    ("charset utf-7", b"application/json; charset=utf-7", lambda _, f: ask(f)),
    ("multipart with JSON's route", b"multipart/form-data; boundary=" + BOUNDARY, lambda _, f: parts(part("model", f.encode()))),
    ("JSON within a multipart type", b"multipart/form-data; boundary=" + BOUNDARY, lambda _, f: ask(f)),
)


def _coded(coding: bytes, write: Write) -> Callable[[Target], Attempt]:
    lines = [b"Content-Encoding: " + coding] if coding else []
    return lambda target: Attempt(post(target, write(target.allowed, target.forbidden), CHAT, *lines))


def _typed(kind: bytes, write: Write) -> Callable[[Target], Attempt]:
    line = b"Content-Type: " + kind if kind else b""
    return lambda target: Attempt(post(target, write(target.allowed, target.forbidden), content_type=line))


def _in_chunks(coding: bytes) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        body = ask(target.forbidden)
        lines = [*fields(target), JSON, b"Transfer-Encoding: chunked", *([b"Content-Encoding: " + coding] if coding else [])]
        framed = chunked(packed(body) if coding else body)
        return Attempt(request(b"POST %b HTTP/1.1" % (target.prefix + CHAT).encode(), lines, framed))

    return make


def _two_types(target: Target) -> Attempt:
    return Attempt(post(target, ask(target.forbidden), CHAT, b"Content-Type: text/plain"))


PROBES: Final = (
    *(Probe("encodings", name, HOLE, "-", _coded(coding, write)) for name, coding, write in CODED),
    *(Probe("encodings", name, HOLE, TYPE, _typed(kind, write)) for name, kind, write in TYPES),
    Probe("encodings", "chunked", HOLE, "-", _in_chunks(b""), control="chunked body"),
    Probe("encodings", "chunked and gzip", HOLE, "-", _in_chunks(b"gzip"), control="chunked body"),
    Probe("encodings", "two content types", HOLE, "Envoy CVE-2021-32777", _two_types),
)
