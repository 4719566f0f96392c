"""A Host header is a name or an address with an optional port, and nothing else (RFC 9110 section 7.2, RFC 3986 section 3.2.2)."""

from typing import Final

_NAME: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
_ADDRESS6: Final = b"0123456789abcdefABCDEF:."
_LONGEST: Final = 255
_HIGHEST_PORT: Final = 65535


def is_plain(value: bytes) -> bool:
    """Whether `value` is `name`, `name:port`, `[v6]` or `[v6]:port`: no user, path, space or percent-encoding."""
    host, port = _split(value)
    return bool(host) and len(host) <= _LONGEST and _port_is_plain(port)


def _split(value: bytes) -> tuple[bytes, bytes | None]:
    """Host, empty if it is odd, and port, None if there is none."""
    if value.startswith(b"["):
        inside, closing, rest = value[1:].partition(b"]")
        odd = not closing or b":" not in inside or inside.translate(None, _ADDRESS6) or (rest and not rest.startswith(b":"))
        return (b"" if odd else inside), (rest[1:] if rest else None)
    host, colon, port = value.partition(b":")
    odd = host.translate(None, _NAME) or host.startswith(b".") or b".." in host
    return (b"" if odd else host), (port if colon else None)


def _port_is_plain(port: bytes | None) -> bool:
    return port is None or (port.isdigit() and len(port) <= len(str(_HIGHEST_PORT)) and 0 < int(port) <= _HIGHEST_PORT)
