"""The opening handshake of a WebSocket (RFC 6455 section 4): the caller's, read strictly, and our own with the upstream, checked."""

import hashlib
from base64 import b64encode
from binascii import Error, a2b_base64
from typing import Final

from msgspec import Struct

from gateway.wire.headers import Headers

CREDENTIAL: Final = b"openai-insecure-api-key."
"""Browsers can set no header, so OpenAI's API takes a token as a subprotocol of this name."""

# Subprotocols by which a browser chooses an account: the gate's credential has one of its own.
_SELECTING: Final = (b"openai-organization.", b"openai-project.")

WRONG_VERSION: Final = "sec-websocket-version: only 13 is spoken here"

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES: Final = 16
_MOST_PROTOCOLS: Final = 16
_TOKEN: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"
_ONCE: Final = (b"upgrade", b"sec-websocket-key", b"sec-websocket-version", b"content-length", b"transfer-encoding")


class Handshake(Struct, frozen=True):
    """What the caller asks for. `protocols` go upstream; `credentials` are the tokens that came among them."""

    key: bytes
    protocols: tuple[bytes, ...] = ()
    credentials: tuple[bytes, ...] = ()


def read_handshake(headers: Headers) -> Handshake | str:
    """Read the head of a GET request that asks for an upgrade (section 4.2.1), or say what is wrong with it."""
    values = {name: [value for each, value in headers if each == name] for name in _ONCE}
    problem = _field_problem({name: found[0] if len(found) == 1 else None for name, found in values.items() if found})
    if problem:
        return problem
    offered = protocols_of(headers)
    if offered is None:
        return "sec-websocket-protocol: not a list of different names"
    credentials = tuple(each[len(CREDENTIAL) :] for each in offered if _is_credential(each))
    protocols = tuple(each for each in offered if not (_is_credential(each) or each.lower().startswith(_SELECTING)))
    return Handshake(values[b"sec-websocket-key"][0], protocols, credentials)


def _field_problem(values: dict[bytes, bytes | None]) -> str:
    """`values` are the fields that may be there once: None for one that is there more often."""
    for name, value in values.items():
        if value is None:
            return f"{name.decode()}: sent twice; send it once"
    if (values.get(b"upgrade") or b"").lower() != b"websocket":
        return "upgrade: only websocket is spoken here"
    if b"content-length" in values or b"transfer-encoding" in values:
        return "an upgrade to a WebSocket has no body"
    if values.get(b"sec-websocket-version") != b"13":
        return WRONG_VERSION
    return "" if _is_key(values.get(b"sec-websocket-key") or b"") else "sec-websocket-key: not 16 bytes in base64"


def _is_key(value: bytes) -> bool:
    try:
        return len(a2b_base64(value, strict_mode=True)) == _KEY_BYTES
    except Error:
        return False


def _is_credential(protocol: bytes) -> bool:
    return protocol[: len(CREDENTIAL)].lower() == CREDENTIAL


def protocols_of(headers: Headers) -> tuple[bytes, ...] | None:
    """List the subprotocols that are offered, over all fields (section 11.3.4); None if the list is odd."""
    values = [value for name, value in headers if name == b"sec-websocket-protocol"]
    if not values:
        return ()
    names = tuple(each.strip(b" \t") for each in b",".join(values).split(b","))
    odd = len(names) > _MOST_PROTOCOLS or len(set(names)) != len(names) or any(not name or name.translate(None, _TOKEN) for name in names)
    return None if odd else names


def accept_of(key: bytes) -> bytes:
    """Value of Sec-WebSocket-Accept for a key (section 4.2.2)."""
    return b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def answer_problem(headers: Headers, key: bytes, offered: tuple[bytes, ...]) -> str | None:
    """Say why a 101 with these fields is no answer to our handshake with `key` (section 4.1), or None."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    if [value.lower() for value in values.get(b"upgrade", [])] != [b"websocket"]:
        return "the upstream upgraded to something else"
    if values.get(b"sec-websocket-accept") != [accept_of(key)]:
        return "the upstream's handshake is not an answer to ours"
    if b"sec-websocket-extensions" in values:
        return "the upstream uses an extension that was not offered"
    chosen = values.get(b"sec-websocket-protocol", [])
    if chosen and (len(chosen) > 1 or chosen[0] not in offered):
        return "the upstream chose a subprotocol that was not offered"
    return None
