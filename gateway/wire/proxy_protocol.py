"""The PROXY protocol, versions 1 and 2: who connected to the proxy in front, told in the first bytes of a connection.

Written by the rules of https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2. It may be read from trusted peers
only, who must send it; from anybody else it is an attack. Read strictly: what is not exactly a header is a problem, and closes.
"""

from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from msgspec import Struct

LONGEST_V1: Final = 107
LONGEST_V2: Final = 4096
"""Bytes of the longest header that is waited for; the addresses take 232, the rest is what proxies add."""

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"

_V1: Final = b"PROXY "
_HEAD: Final = 16
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_UNSPECIFIED: Final = 0x00
_TCP4: Final = 0x11
_TCP6: Final = 0x21
_UNIX: Final = 0x31
_LENGTHS: Final = {_UNSPECIFIED: 0, _TCP4: 12, _TCP6: 36, _UNIX: 216}
_CHECKSUM: Final = 0x03  # PP2_TYPE_CRC32C
_HIGHEST_PORT: Final = 65535


class Preface(Struct, frozen=True):
    """What stands before the first byte of the connection itself, which is at `size`.

    `address` and `port` are the client's; None and 0 where the proxy does not know it (UNKNOWN, a unix socket), and for a connection
    of the proxy's own (LOCAL), such as a health check: then `local`.
    """

    size: int
    address: str | None = None
    port: int = 0
    local: bool = False


def read_preface(data: bytes, version: str = "any") -> Preface | str | None:
    """Read the header that `data` begins with. None: more bytes must come first; a text: it is no header, close the connection.

    `version` is the one that is spoken here: v1, v2 or any.
    """
    if version != "v1" and data[: len(SIGNATURE)] == SIGNATURE[: len(data)]:
        return _binary(data) if len(data) >= _HEAD else None
    if version != "v2" and data[: len(_V1)] == _V1[: len(data)]:
        return _text(data)
    return f"the connection does not begin with a PROXY header (version: {version})"


def _text(data: bytes) -> Preface | str | None:
    """Section 2.1: one line of at most 107 bytes, one space between words, CRLF."""
    end = data.find(b"\r\n", 0, LONGEST_V1)
    if end < 0:
        return "the PROXY header has no line end" if len(data) >= LONGEST_V1 or b"\n" in data else None
    if b"\n" in data[:end] or b"\r" in data[:end]:
        return "the PROXY header has a bare line end"
    size = end + 2
    match data[:end].split(b" "):
        case [b"PROXY", b"UNKNOWN", *_]:
            return Preface(size)
        case [b"PROXY", b"TCP4" | b"TCP6" as family, source, destination, source_port, destination_port]:
            addresses = [_written(family, each) for each in (source, destination)]
            ports = [_port(each) for each in (source_port, destination_port)]
            if addresses[0] is not None and addresses[1] is not None and min(ports) >= 0:
                return Preface(size, addresses[0], ports[0])
        case _:
            pass
    return "the PROXY header is not of version 1: PROXY TCP4|TCP6|UNKNOWN, two addresses, two ports"


def _written(family: bytes, text: bytes) -> str | None:
    try:
        if family == b"TCP4":
            return str(IPv4Address(text.decode("ascii")))
        found = IPv6Address(text.decode("ascii"))
    except (AddressValueError, UnicodeDecodeError):
        return None
    return None if found.scope_id is not None else _plain(found)


def _port(text: bytes) -> int:
    if not text.isdigit() or len(text) > len(str(_HIGHEST_PORT)) or (len(text) > 1 and text.startswith(b"0")):
        return -1
    return int(text) if int(text) <= _HIGHEST_PORT else -1


def _binary(data: bytes) -> Preface | str | None:
    """Section 2.2: twelve bytes of signature, version and command, family and transport, length, addresses, vectors."""
    command, family, length = data[12], data[13], int.from_bytes(data[14:16], "big")
    if command not in (_LOCAL, _PROXY):
        return "the PROXY header is not of version 2, or its command is unknown"
    if family not in _LENGTHS:
        return "the PROXY header tells of a transport that does not come over a stream"
    if _HEAD + length > LONGEST_V2 or (command == _PROXY and length < _LENGTHS[family]):
        return f"the PROXY header is over {LONGEST_V2} bytes, or too short for its addresses"
    size = _HEAD + length
    if len(data) < size:
        return None
    if command == _LOCAL:
        return Preface(size, local=True)
    problem = _vectors_problem(data[:size], _HEAD + _LENGTHS[family])
    return problem or Preface(size, *_packed(data, family))


def _packed(data: bytes, family: int) -> tuple[str | None, int]:
    if family == _TCP4:
        return str(IPv4Address(data[16:20])), int.from_bytes(data[24:26], "big")
    if family == _TCP6:
        return _plain(IPv6Address(data[16:32])), int.from_bytes(data[48:50], "big")
    return None, 0


def _plain(address: IPv6Address) -> str:
    """An IPv4-mapped address is the IPv4 address."""
    return str(address.ipv4_mapped or address)


def _vectors_problem(header: bytes, place: int) -> str | None:
    """Section 2.2.7: type, length, value, to the very end; a checksum that is there must be right (section 2.2.3)."""
    while place < len(header):
        end = place + 3 + int.from_bytes(header[place + 1 : place + 3], "big")
        if place + 3 > len(header) or end > len(header):
            return "the PROXY header's last vector is cut off"
        if header[place] == _CHECKSUM:
            zeroed = header[: place + 3] + bytes(end - place - 3) + header[end:]
            if header[place + 3 : end] != crc32c(zeroed).to_bytes(4, "big"):
                return "the PROXY header's checksum is wrong"
        place = end
    return None


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 if value & 1 else value >> 1  # noqa: PLW2901 - the register of the algorithm
        table.append(value)
    return tuple(table)


_CRC: Final = _crc_table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `data`."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ _CRC[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF
