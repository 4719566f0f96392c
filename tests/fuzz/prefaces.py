"""The PROXY protocol: read alike however it is cut, and what is accepted is what another reader, of a few lines, finds there."""

import re
import struct
from collections.abc import Callable
from ipaddress import ip_address

from gateway.wire.proxy_protocol import LONGEST_V1, LONGEST_V2, SIGNATURE, Preface, crc32c, read_preface

Read = Callable[[bytes], Preface | str | None]
LINE = re.compile(rb"PROXY (?:TCP4 ([0-9.]+) [0-9.]+|TCP6 ([0-9a-fA-F:.]+) [0-9a-fA-F:.]+) (\d{1,5}) \d{1,5}\r\n")
IPV4 = SIGNATURE + b"\x21\x11\x00\x0c" + bytes((192, 0, 2, 1, 198, 51, 100, 1)) + struct.pack("!HH", 1234, 443)


def checked() -> bytes:
    """A header with a right checksum."""
    plain = IPV4[:14] + b"\x00\x13" + IPV4[16:] + b"\x03\x00\x04" + bytes(4)
    return plain[:-4] + crc32c(plain).to_bytes(4, "big")


class Prefaces:
    """The first bytes of a connection from a trusted proxy."""

    seeds = (
        b"PROXY TCP4 192.0.2.1 198.51.100.1 1234 443\r\nGET",
        b"PROXY TCP6 2001:db8::1 2001:db8::2 1234 443\r\n",
        b"PROXY UNKNOWN\r\n",
        IPV4 + b"GET",
        checked(),
        SIGNATURE + b"\x20\x00\x00\x00",
        SIGNATURE + b"\x21\x21\x00\x24" + bytes(36),
    )
    words = (
        b"PROXY ",
        b"TCP4 ",
        b"TCP6 ",
        b"UNKNOWN",
        b"\r\n",
        b"\n",
        SIGNATURE,
        b"\x21\x11",
        b"\x03\x00\x04",
        b"::ffff:192.0.2.1",
        b"65535",
        b"0",
    )

    def __init__(self, read: Read = read_preface) -> None:
        self._read = read

    def try_one(self, data: bytes) -> None:
        """Try the beginning of a connection."""
        whole = self._read(data)
        if isinstance(whole, Preface):
            assert 0 < whole.size <= min(len(data), max(LONGEST_V1, LONGEST_V2))
            assert self._read(data[: whole.size]) == whole, "what follows the header changes it"
        if whole is None:
            assert len(data) < LONGEST_V2, "it is waited for without end"
        for size in range(min(len(data), LONGEST_V1) if not isinstance(whole, Preface) else whole.size):
            early = self._read(data[:size])
            assert early is None or isinstance(early, str), "half a header is a header"
            assert early is None or not isinstance(whole, Preface), "a header was refused before it was whole"
        if isinstance(whole, Preface) and whole.address is not None:
            assert (whole.address, whole.port) == by_another(data[: whole.size]), "another reader finds another client"


def by_another(header: bytes) -> tuple[str, int]:
    """The client that a header tells, read without any doubt in its form."""
    if header.startswith(b"PROXY"):
        found = LINE.fullmatch(header)
        assert found, "it is no line of version 1"
        return plain((found[1] or found[2]).decode()), int(found[3])
    if header[13] == 0x11:
        return plain(".".join(map(str, header[16:20]))), int.from_bytes(header[24:26], "big")
    return plain(":".join(header[16 + place : 18 + place].hex() for place in range(0, 16, 2))), int.from_bytes(header[48:50], "big")


def plain(text: str) -> str:
    """Write an address in its usual form; an IPv4-mapped one as IPv4."""
    address = ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)
