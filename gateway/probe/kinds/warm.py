"""A connection that is known: the same has been asked on it again and again, and then comes something that only resembles it.

What was read, verified or decided for the requests before must not answer for the one after.
"""

from collections.abc import Callable
from typing import Final

from gateway.probe.kinds.credentials import STRANGE
from gateway.probe.message import CHAT, ask, chunked, credential_line, post
from gateway.probe.probe import Attempt, Must, Probe
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


def _kept(sent: bytes) -> bytes:
    return sent.replace(LAST, b"", 1)


def _usual(target: Target) -> bytes:
    return _kept(post(target, _model(target, target.allowed)))


def _warm(make: Make) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(make(target), warm=(_usual(target),) * TIMES)


def _in_chunks(target: Target) -> bytes:
    body = chunked(_model(target, target.forbidden))
    return _kept(post(target, body, CHAT, b"Transfer-Encoding: chunked", length=False))


def _without_credential(target: Target) -> bytes:
    return _kept(post(target, _model(target, target.allowed), credential=False))


def _with_another(target: Target) -> bytes:
    strange = credential_line(target.header, STRANGE)
    return _kept(post(target, _model(target, target.allowed), CHAT, strange, credential=False))


OTHERS: Final[tuple[tuple[str, Make], ...]] = (
    ("the forbidden model, all else alike", lambda target: _kept(post(target, _model(target, target.forbidden)))),
    ("the forbidden model in a longer body", lambda target: _kept(post(target, _model(target, target.forbidden) + b" " * 100))),
    ("the forbidden model in chunks", _in_chunks),
    ("the forbidden model behind an allowed one", lambda target: _usual(target) + post(target, _model(target, target.forbidden))),
    (
        "the forbidden model in one more header",
        lambda target: _kept(post(target, ask(target.allowed), CHAT, f"X-Model: {target.forbidden}".encode())),
    ),
    ("the forbidden model in the query", lambda target: _kept(post(target, ask(target.allowed), f"{CHAT}?model={target.forbidden}"))),
    ("the forbidden model on another route", lambda target: _kept(post(target, _model(target, target.forbidden), "/v1/completions"))),
)
NOBODY: Final[tuple[tuple[str, Make], ...]] = (
    ("no credential after good ones", _without_credential),
    ("an unknown credential after good ones", _with_another),
)

PROBES: Final = (
    *(Probe("warm", name, HOLE, SEEN, _warm(make)) for name, make in OTHERS),
    *(Probe("warm", name, HOLE, SEEN, _warm(make), Must.KEEP_ALL) for name, make in NOBODY),
)
