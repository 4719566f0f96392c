"""A connection that is known: the same has been asked on it again and again, and then comes something that only resembles it.

What was read, verified or decided for the requests before must not answer for the one after.
"""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import CHAT, ask, chunked, post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "what was decided for a connection or a head is taken for the next request on it"
SEEN: Final = "caches by connection or by head"
TIMES: Final = 4
LAST: Final = b"Connection: close\r\n"

Make = Callable[[Target], bytes]


def _model(target: Target, model: str) -> bytes:
    """Write a body that is as long for either model."""
    room = len(target.allowed) + len(target.forbidden) - len(model)
    return ask(model, user="u" * room)


def kept(sent: bytes) -> bytes:
    """Let the connection live on after this request."""
    return sent.replace(LAST, b"", 1)


def _usual(target: Target) -> bytes:
    return kept(post(target, _model(target, target.allowed)))


def warmed(make: Make) -> Callable[[Target], Attempt]:
    """Ask the usual again and again on one connection, then this."""
    return lambda target: Attempt(make(target), warm=(_usual(target),) * TIMES)


def _in_chunks(target: Target) -> bytes:
    body = chunked(_model(target, target.forbidden))
    return kept(post(target, body, CHAT, b"Transfer-Encoding: chunked", length=False))


OTHERS: Final[tuple[tuple[str, Make], ...]] = (
    ("the forbidden model, all else alike", lambda target: kept(post(target, _model(target, target.forbidden)))),
    ("the forbidden model in a longer body", lambda target: kept(post(target, _model(target, target.forbidden) + b" " * 100))),
    ("the forbidden model in chunks", _in_chunks),
    ("the forbidden model behind an allowed one", lambda target: _usual(target) + post(target, _model(target, target.forbidden))),
    (
        "the forbidden model in one more header",
        lambda target: kept(post(target, ask(target.allowed), CHAT, f"X-Model: {target.forbidden}".encode())),
    ),
    ("the forbidden model in the query", lambda target: kept(post(target, ask(target.allowed), f"{CHAT}?model={target.forbidden}"))),
    ("the forbidden model on another route", lambda target: kept(post(target, _model(target, target.forbidden), "/v1/completions"))),
)
PROBES: Final = tuple(Probe("warm", name, HOLE, SEEN, warmed(make)) for name, make in OTHERS)
