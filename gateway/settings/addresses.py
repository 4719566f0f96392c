"""Addresses as the settings write them: listeners, networks, URLs. Each raises ValueError with the right form."""

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LARGEST_PORT: Final = 65535
HOST_NAME: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
STORE_SCHEMES: Final = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
HASH_TAG: Final = re.compile(r"[^{]*\{[^}]+\}")
DEFAULT_PREFIX: Final = "gateway:"


class HostPort(Struct, frozen=True):
    """Where to listen. Port 0 lets the system choose."""

    host: str
    port: int


def host_port(text: str) -> HostPort:
    """`0.0.0.0:8080`, `[::1]:8080` or `localhost:8080`."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not _is_port(port) or not (_is_ipv6(host) if bracketed else HOST_NAME.fullmatch(host)):
        raise ValueError("expected host:port with a port from 0 to 65535. Write: 127.0.0.1:8080 or [::1]:8080")
    return HostPort(host, int(port))


def network(text: str) -> Network:
    """`10.0.0.0/8`, `2001:db8::/32` or a single address."""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("expected a network or an address. Write: 10.0.0.0/8 or 192.0.2.7") from None
    if "/" in text and ipaddress.ip_interface(text).ip != found.network_address:
        raise ValueError(f"the address has bits outside its mask. Write: {found}")
    if found.prefixlen == 0:
        raise ValueError("trusting every address lets any caller choose the address it is judged by. Name your proxies' networks")
    return found


def http_url(text: str, *, secure: bool) -> SplitResult:
    """Split an http or https URL without credentials, query or fragment; with `secure`, http is for loopback hosts only."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("expected a URL. Write: https://api.example.com") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("expected a URL that starts with https:// or http:// and names a host. Write: https://api.example.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL must not hold credentials: anyone who reads the file reads them. Name an environment variable or a file")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("expected a URL without ? and #. Write: https://api.example.com/path")
    if secure and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("http is for loopback hosts only: keys fetched in clear can be replaced on the way. Write: https://...")
    return parts


def store_url(text: str) -> str:
    """Return the scheme of the store's URL, or `embedded`; a password belongs in `password_env`. The store's own part reads the details."""
    scheme, separator, rest = text.partition("://")
    if text == "embedded":
        return text
    if not separator or scheme not in STORE_SCHEMES or not rest:
        raise ValueError(
            "expected embedded, redis://host:6379, rediss://host:6379, unix:///path, redis+sentinel://... or redis+cluster://..."
        )
    userinfo, at, _ = rest.rpartition("@")
    if (at and ":" in userinfo) or "password=" in rest:
        raise ValueError("a URL in this file must not hold a password. Write: password_env: STORE_PASSWORD and set that variable")
    return scheme


def cluster_prefix(prefix: str) -> str:
    """Give the prefix of keys that lie together in one slot of a cluster: the default one gets its hash tag, any other must have one."""
    if prefix == DEFAULT_PREFIX:
        return "{gateway}:"
    if not HASH_TAG.match(prefix):
        raise ValueError(f"in a cluster all keys must lie in one slot, by a hash tag. Write: {{{prefix.strip(':{}')}}}:")
    return prefix


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_PORT)) and int(text) <= LARGEST_PORT


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == ipaddress.IPv6Address(0).version
    except ValueError:
        return False
