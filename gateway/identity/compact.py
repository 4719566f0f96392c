"""A token taken apart: JWS compact serialisation (RFC 7515 7.1) in its one canonical spelling. Pure; nothing is verified yet."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from msgspec import Struct

from gateway.identity.bearer import well_formed
from gateway.identity.strictjson import read_object


class Compact(Struct, frozen=True):
    """An unverified token: header and payload as read, and the bytes that the signature covers."""

    header: dict[str, object]
    payload: dict[str, object]
    signing_input: bytes
    signature: bytes


def read_compact(token: bytes) -> Compact | None:
    """Take `token` apart; None where it is not well formed or its header or payload can be read in more than one way."""
    if not well_formed(token):
        return None
    signing_input, _, last = token.rpartition(b".")
    first, _, middle = signing_input.partition(b".")
    header, payload, signature = _object(first), _object(middle), decode_segment(last)
    if header is None or payload is None or signature is None:
        return None
    return Compact(header, payload, signing_input, signature)


def decode_segment(segment: bytes) -> bytes | None:
    """Decode base64url without padding (RFC 7515 2); None unless encoding the result gives the same bytes again."""
    try:
        decoded = urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError:
        return None
    return decoded if urlsafe_b64encode(decoded).rstrip(b"=") == segment else None


def _object(segment: bytes) -> dict[str, object] | None:
    decoded = decode_segment(segment)
    return None if decoded is None else read_object(decoded)
