"""Which header sections are accepted, and which fields pass on. Names are lower-case already."""

from collections.abc import Sequence

Headers = Sequence[tuple[bytes, bytes]]


def check(headers: Headers) -> str | None:
    """Say what is wrong with a request's header section, or None. A problem is answered 400, and the connection closed."""
    raise NotImplementedError


def forwardable_request(headers: Headers, strip: frozenset[bytes] = frozenset()) -> list[tuple[bytes, bytes]]:
    """Pick the fields that go upstream: no hop-by-hop, no credential, no framing, none of our own family, nothing in `strip`."""
    raise NotImplementedError


def forwardable_response(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Pick the fields of an upstream's response that go to the caller: no hop-by-hop, no framing, none of our own family."""
    raise NotImplementedError
