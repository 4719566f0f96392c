"""The same forbidden event, in frames that a careless reader does not put together, does not open, or does not look at."""

import zlib
from collections.abc import Callable
from typing import Final

from gateway.probe.frames import BINARY, COMPRESSED, PING, TEXT, event, frame
from gateway.probe.kinds.websocket_events import UPGRADE, handshake
from gateway.probe.message import ask, fields, request
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "a frame is passed on that was not read"
SEEN: Final = "RFC 6455 section 5"
HALF: Final = 20

Write = Callable[[bytes], tuple[bytes, ...]]


def _deflated(payload: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


FRAMES: Final[tuple[tuple[str, Write], ...]] = (
    ("in two fragments", lambda text: (frame(text[:HALF], final=False), frame(text[HALF:], 0))),
    ("a byte a fragment", lambda text: tuple(frame(text[i : i + 1], 0 if i else TEXT, final=i == len(text) - 1) for i in range(len(text)))),
    ("a ping between fragments", lambda text: (frame(text[:HALF], final=False), frame(b"", PING), frame(text[HALF:], 0))),
    ("an empty fragment first", lambda text: (frame(b"", final=False), frame(text, 0))),
    ("a message within a message", lambda text: (frame(b"{", final=False), frame(text))),
    ("a continuation of nothing", lambda text: (frame(text, 0),)),
    ("binary", lambda text: (frame(text, BINARY),)),
    ("compressed", lambda text: (frame(_deflated(text), bits=COMPRESSED),)),
    ("a reserved bit", lambda text: (frame(text, bits=0x20),)),
    ("an unknown opcode", lambda text: (frame(text, 3),)),
    ("unmasked", lambda text: (frame(text, masked=False),)),
    ("a length of 2^62", lambda text: (frame(text, size=1 << 62),)),
    ("a length written too wide", lambda text: (b"\x81\xff" + len(text).to_bytes(8, "big") + b"\0\0\0\0" + text,)),
    ("behind a close frame", lambda text: (frame(b"\x03\xe8", 8), frame(text))),
)


def _framed(write: Write) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        text = event("session.update", session={"model": target.forbidden})
        offer = b"Sec-WebSocket-Extensions: permessage-deflate"
        return Attempt(handshake(target, f"model={target.allowed}", offer), write(text))

    return make


def _upgraded_chat(target: Target) -> Attempt:
    body = ask(target.forbidden)
    own = [line for line in fields(target) if line != b"Connection: close"]
    lines = [*own, b"Connection: Upgrade", *UPGRADE, b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return Attempt(request(b"POST %b/v1/chat/completions HTTP/1.1" % target.prefix.encode(), lines, body))


def _hidden_request(target: Target) -> Attempt:
    """Ask for an upgrade that will be refused, and send a request behind it: a proxy that believes in the upgrade passes it on."""
    own = [line for line in fields(target) if line != b"Connection: close"]
    first = request(
        b"GET %b/v1/realtime?model=%b HTTP/1.1" % (target.prefix.encode(), target.allowed.encode()),
        [
            *own,
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 1337",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
    )
    body = ask(target.forbidden)
    lines = [*fields(target), b"Content-Type: application/json", b"Content-Length: %d" % len(body)]
    return Attempt(first + request(b"POST /v1/chat/completions HTTP/1.1", lines, body))


PROBES: Final = (
    *(Probe("websocket frames", name, HOLE, SEEN, _framed(write), control="realtime") for name, write in FRAMES),
    Probe("websocket frames", "an upgrade on a route that is none", HOLE, "h2c and WebSocket smuggling", _upgraded_chat),
    Probe("websocket frames", "a request behind a refused upgrade", HOLE, "WebSocket smuggling", _hidden_request),
)
