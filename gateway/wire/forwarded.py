"""Who a request was forwarded for: `X-Forwarded-For` and `Forwarded` (RFC 7239) as lists of addresses, nearest hop last.

An element that names nobody (`unknown`, an obfuscated `_name`) or cannot be read is None. A Forwarded header that breaks the grammar is
None as a whole: whoever writes an unbalanced quote on the left must not swallow what a trusted proxy wrote on the right.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

Hops = tuple[str | None, ...]
LONGEST_NODE: Final = 64
LONGEST_HEADER: Final = 8192
TOKEN: Final = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
UNREADABLE: Final[Hops] = (None,)


def x_forwarded_for(values: Sequence[bytes]) -> Hops:
    """Read the elements of every X-Forwarded-For header, in the order received, as one list."""
    text = _joined(values)
    if text is None:
        return UNREADABLE
    return tuple(address_of(element.strip(" \t")) for element in text.split(",")) if text else ()


def forwarded_for(values: Sequence[bytes]) -> Hops:
    """Read the `for` of each element of every Forwarded header, in the order received; an element without one is None."""
    text = _joined(values)
    if text is None:
        return UNREADABLE
    if not text:
        return ()
    elements = _elements(text)
    return UNREADABLE if elements is None else tuple(_node(element) for element in elements)


def address_of(node: str) -> str | None:
    """Normalise an address as proxies write it, with or without port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.

    An IPv4-mapped IPv6 address is the IPv4 address. None for a name, a zone, a bad port, or anything else.
    """
    if not node or len(node) > LONGEST_NODE or not node.isascii():
        return None
    host, port = node, ""
    if node.startswith("["):
        host, closed, port = node[1:].partition("]")
        if not closed or ":" not in host or (port and not port.startswith(":")):
            return None
        return _address(host) if not port or _is_port(port[1:]) else None
    if node.count(":") == 1:
        host, _, port = node.partition(":")
        return _address(host) if _is_port(port) else None
    return _address(host)


def _address(text: str) -> str | None:
    if "%" in text:
        return None
    try:
        found: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def _is_port(text: str) -> bool:
    """RFC 7239 section 6.2: a port is decimal, or obfuscated with a leading underscore."""
    if text.startswith("_"):
        return len(text) > 1 and all(character.isalnum() or character in "._-" for character in text[1:])
    return text.isdecimal() and len(text) <= len("65535")


def _joined(values: Sequence[bytes]) -> str | None:
    text = b",".join(values)
    if len(text) > LONGEST_HEADER or not text.isascii():
        return None
    return text.decode("ascii").strip(" \t")


def _elements(text: str) -> list[dict[str, str]] | None:
    """RFC 7239 section 4: elements parted by commas, pairs by semicolons; None where the text breaks the grammar."""
    elements: list[dict[str, str]] = [{}]
    position = 0
    while position < len(text):
        character = text[position]
        if character == ",":
            elements.append({})
        if character in ",; \t":
            position += 1
            continue
        pair = _pair(text, position)
        if pair is None or pair[0] in elements[-1]:
            return None
        name, value, position = pair
        elements[-1][name] = value
        rest = text[position:].lstrip(" \t")
        if rest and rest[0] not in ",;":
            return None
    return elements


def _pair(text: str, start: int) -> tuple[str, str, int] | None:
    equals = _token_end(text, start)
    if equals == start or equals >= len(text) or text[equals] != "=":
        return None
    name = text[start:equals].lower()
    if text[equals + 1 : equals + 2] == '"':
        quoted = _quoted(text, equals + 2)
        return None if quoted is None else (name, *quoted)
    end = _token_end(text, equals + 1)
    return None if end == equals + 1 else (name, text[equals + 1 : end], end)


def _quoted(text: str, start: int) -> tuple[str, int] | None:
    said: list[str] = []
    position = start
    while position < len(text):
        character = text[position]
        if character == '"':
            return "".join(said), position + 1
        if character == "\\":
            position += 1
        said.append(text[position : position + 1])
        position += 1
    return None


def _token_end(text: str, start: int) -> int:
    position = start
    while position < len(text) and text[position] in TOKEN:
        position += 1
    return position


def _node(element: dict[str, str]) -> str | None:
    """In Forwarded an IPv6 address must stand in brackets (RFC 7239 section 6)."""
    node = element.get("for", "")
    return None if node.count(":") > 1 and not node.startswith("[") else address_of(node)
