"""Every target, and for each a build with a planted fault that it must find."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fuzz.answers import Answers
from fuzz.countries import Countries
from fuzz.frames import LARGEST, Frames
from fuzz.listener import Listener
from fuzz.models import Events, Models
from fuzz.prefaces import Prefaces
from fuzz.target import Target
from fuzz.tokens import Payloads, Tokens, real_verify
from support.wires import Heard, hear

from gateway.identity.verifier import Verdict
from gateway.policy.codes import Code
from gateway.policy.countries import normalise
from gateway.proxy.heads import stencil_of
from gateway.proxy.listener import Connection
from gateway.proxy.whole import WholeAnswer
from gateway.wire.frame_reader import FrameReader
from gateway.wire.model import Refused, Resolved, resolve
from gateway.wire.proxy_protocol import Preface, read_preface

Maker = Callable[[], Target]

TARGETS: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        "listener": Listener,
        "answers": Answers,
        "models": Models,
        "events": Events,
        "tokens": Tokens,
        "payloads": Payloads,
        "frames": Frames,
        "prefaces": Prefaces,
        "countries": Countries,
    }
)


class Forgetful(Connection):
    """Takes for a head what was only the rest of one."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        head, request = self._arrival.head, self._serving
        if head is not None and request is not None and request.complete:
            self._stencil = stencil_of(data, request, self._gate.limits) or self._stencil


def last_key_wins(*arguments: object) -> Resolved | Refused:
    """Reads a body as most readers do."""
    judged = resolve(*arguments)  # type: ignore[arg-type] # passed on as they are
    body = arguments[3]
    if isinstance(judged, Refused) and isinstance(body, bytes):
        try:
            value = json.loads(body)
        except ValueError:
            return judged
        if isinstance(value, dict) and isinstance(value.get("model"), str):
            return Resolved(value["model"], stream=False)
    return judged


def deaf_to_tools(text: bytes) -> tuple[str, ...]:
    """Looks at an event's session only."""
    try:
        value = json.loads(text)
    except ValueError:
        return ()
    session = value.get("session") if isinstance(value, dict) else None
    return (session["model"],) if isinstance(session, dict) and isinstance(session.get("model"), str) else ()


def blind_to_signatures() -> Callable[[bytes], Verdict]:
    """Knows tokens by their beginning (as CVE-2026-35030 did)."""
    verify = real_verify()
    known: dict[bytes, Verdict] = {}

    def by_beginning(token: bytes) -> Verdict:
        return known.setdefault(token[:20], verify(token))

    return by_beginning


def plain_json(data: bytes) -> dict[str, object] | None:
    """Reads JSON as Python does."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


class Restarting(FrameReader):
    """Unmasks a piece as if each began a key."""

    __slots__ = ()

    def _unmasked(self, piece: bytes) -> bytes:
        key, plain = self._key, super()._unmasked(piece)
        self._key = key
        return plain


def hasty(data: bytes) -> Preface | str | None:
    """Does not wait for the end of a line."""
    found = read_preface(data)
    return read_preface(data + b"\r\n") if found is None else found


def trusting(reads: Sequence[bytes]) -> Heard:
    """Takes every read that has a head for a whole answer."""
    heard = hear(reads)
    _, end, body = (reads[0] if reads else b"").partition(b"\r\n\r\n")
    if end and heard.head is not None and not heard.complete and heard.head.framing == "length":
        heard.whole = WholeAnswer(heard.head.status, list(heard.head.lines), body)
    return heard


def upper_first(value: object, system: str = "auto") -> Code:
    """Reads capitals of any script."""
    return normalise(value.upper() if isinstance(value, str) else value, system)


WEAKENED: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        "listener": lambda: Listener(Forgetful),
        "answers": lambda: Answers(trusting),
        "models": lambda: Models(last_key_wins),
        "events": lambda: Events(deaf_to_tools),
        "tokens": lambda: Tokens(blind_to_signatures()),
        "payloads": lambda: Payloads(plain_json),
        "frames": lambda: Frames(lambda: Restarting(masked=True, largest=LARGEST)),
        "prefaces": lambda: Prefaces(hasty),
        "countries": lambda: Countries(upper_first),
    }
)
