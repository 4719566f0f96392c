"""A request target is already canonical, or it is refused: two parsers must not read two paths (RFC 3986 section 6)."""


def canonical(target: bytes) -> tuple[str, bytes] | None:
    """Path and query of an origin-form target (RFC 9112 section 3.2.1), or None if it is not canonical.

    The path comes percent-decoded once; the target itself is forwarded unchanged.
    """
    raise NotImplementedError
