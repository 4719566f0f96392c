"""The PROXY protocol: headers of both versions, whole or in pieces, and nothing that only resembles one."""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.proxy_protocol import LONGEST_V1, LONGEST_V2, SIGNATURE, Preface, crc32c, read_preface


def v2(command: int, family: int, addresses: bytes = b"", vectors: bytes = b"") -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses) + len(vectors)) + addresses + vectors


def tcp4(client: str = "192.0.2.1", port: int = 56324, vectors: bytes = b"") -> bytes:
    return v2(0x21, 0x11, IPv4Address(client).packed + bytes((127, 0, 0, 1)) + struct.pack("!HH", port, 443), vectors)


def tcp6(client: str, vectors: bytes = b"") -> bytes:
    return v2(0x21, 0x21, IPv6Address(client).packed + IPv6Address("::1").packed + struct.pack("!HH", 1, 443), vectors)


@pytest.mark.parametrize(
    ("header", "address", "port"),
    [
        (b"PROXY TCP4 192.0.2.1 127.0.0.1 56324 443\r\n", "192.0.2.1", 56324),
        (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535),
        (b"PROXY TCP6 2001:db8::1 ::1 0 443\r\n", "2001:db8::1", 0),
        (b"PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::1 1 2\r\n", "2001:db8::1", 1),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1", 1),
        (b"PROXY UNKNOWN\r\n", None, 0),
        (b"PROXY UNKNOWN ffff::1 whatever else\r\n", None, 0),
        (tcp4(), "192.0.2.1", 56324),
        (tcp6("2001:db8::1"), "2001:db8::1", 1),
        (tcp6("::ffff:192.0.2.1"), "192.0.2.1", 1),
        (tcp4(vectors=b"\x04\x00\x02ab\x20\x00\x00"), "192.0.2.1", 56324),
        (v2(0x21, 0x00), None, 0),
        (v2(0x21, 0x31, bytes(216)), None, 0),
    ],
)
def test_a_header_tells_the_client(header: bytes, address: str | None, port: int) -> None:
    assert read_preface(header) == Preface(len(header), address, port)
    assert read_preface(header + b"GET / HTTP/1.1\r\n") == Preface(len(header), address, port), "what follows is the connection's own"


@pytest.mark.parametrize("family", [0x00, 0x11, 0x31])
def test_the_proxys_own_connection_has_no_client(family: int) -> None:
    header = v2(0x20, family, b"whatever")
    assert read_preface(header) == Preface(len(header), local=True)


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 192.0.2.1 127.0.0.1 56324 443\r\n", b"PROXY UNKNOWN\r\n", tcp4(), tcp4(vectors=b"\x04\x00\x01a")]
)
def test_a_header_in_pieces_is_waited_for(header: bytes) -> None:
    for end in range(len(header)):
        assert read_preface(header[:end]) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"GET / HTTP/1.1\r\n", id="no header"),
        pytest.param(b"proxy TCP4 192.0.2.1 127.0.0.1 1 2\r\n", id="lower case"),
        pytest.param(b" PROXY UNKNOWN\r\n", id="a space first"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\n", id="a bare line feed"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 1\n 2\r\n", id="a line feed within"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 1\r 2\r\n", id="a carriage return within"),
        pytest.param(b"PROXY  TCP4 192.0.2.1 127.0.0.1 1 2\r\n", id="two spaces"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2 \r\n", id="a space at the end"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 1\r\n", id="a port missing"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2 3\r\n", id="a word more"),
        pytest.param(b"PROXY TCP4 2001:db8::1 127.0.0.1 1 2\r\n", id="an address of the other family"),
        pytest.param(b"PROXY TCP6 192.0.2.1 ::1 1 2\r\n", id="an address of the other family in version 6"),
        pytest.param(b"PROXY TCP4 192.0.2.01 127.0.0.1 1 2\r\n", id="a leading zero in an address"),
        pytest.param(b"PROXY TCP4 192.0.2 127.0.0.1 1 2\r\n", id="a short address"),
        pytest.param(b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", id="a zone"),
        pytest.param(b"PROXY TCP4 192.0.2.1 nowhere 1 2\r\n", id="a bad destination"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 01 2\r\n", id="a leading zero in a port"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 65536 2\r\n", id="a high port"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 -1 2\r\n", id="a negative port"),
        pytest.param(b"PROXY TCP4 192.0.2.1 127.0.0.1 \xb2 2\r\n", id="a digit beyond ASCII"),
        pytest.param(b"PROXY TCP5 192.0.2.1 127.0.0.1 1 2\r\n", id="an unknown family"),
        pytest.param(b"PROXY UNKNOWNX\r\n", id="nearly unknown"),
        pytest.param(b"PROXY UNKNOWN " + b"x" * LONGEST_V1 + b"\r\n", id="an endless line"),
        pytest.param(b"PROXY " + b"x" * LONGEST_V1, id="an endless line without end"),
        pytest.param(SIGNATURE[:-1] + b"\r!!!!", id="a wrong signature"),
        pytest.param(v2(0x22, 0x11, bytes(12)), id="an unknown command"),
        pytest.param(v2(0x11, 0x11, bytes(12)), id="version 1 in binary"),
        pytest.param(v2(0x21, 0x12, bytes(12)), id="datagrams"),
        pytest.param(v2(0x21, 0x41, bytes(12)), id="an unknown address family"),
        pytest.param(v2(0x21, 0x11, bytes(11)), id="too short for its addresses"),
        pytest.param(v2(0x21, 0x00, bytes(LONGEST_V2)), id="too long"),
        pytest.param(tcp4(vectors=b"\x04"), id="half a vector"),
        pytest.param(tcp4(vectors=b"\x04\x00"), id="half a vector's length"),
        pytest.param(tcp4(vectors=b"\x04\x00\x05ab"), id="a vector that is cut off"),
        pytest.param(tcp4(vectors=b"\x03\x00\x04abcd"), id="a wrong checksum"),
        pytest.param(tcp4(vectors=b"\x03\x00\x02ab"), id="a short checksum"),
    ],
)
def test_what_only_resembles_a_header_is_a_problem(data: bytes) -> None:
    assert isinstance(read_preface(data), str)


def test_a_right_checksum_is_accepted() -> None:
    blank = tcp4(vectors=b"\x04\x00\x01x\x03\x00\x04\0\0\0\0")
    header = blank[:-4] + crc32c(blank).to_bytes(4, "big")
    assert read_preface(header) == Preface(len(header), "192.0.2.1", 56324)


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA


@given(st.ip_addresses(), st.integers(0, 65535), st.binary(max_size=40))
def test_whatever_a_proxy_writes_is_read_back(client: IPv4Address | IPv6Address, port: int, tail: bytes) -> None:
    family = "TCP4" if client.version == 4 else "TCP6"
    other = "127.0.0.1" if client.version == 4 else "::1"
    told = str(getattr(client, "ipv4_mapped", None) or client)
    text = f"PROXY {family} {client} {other} {port} 443\r\n".encode()
    packed = client.packed + ip_address(other).packed + struct.pack("!HH", port, 443)
    for header in (text, v2(0x21, 0x11 if client.version == 4 else 0x21, packed)):
        assert read_preface(header + tail) == Preface(len(header), told, port)


starts = st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY UNKNOWN", SIGNATURE, SIGNATURE + b"\x21\x11", SIGNATURE + b"\x20\x00"])


@given(starts, st.binary(max_size=120))
def test_any_bytes_are_a_header_a_problem_or_not_yet_enough(start: bytes, tail: bytes) -> None:
    data = start + tail
    found = read_preface(data)
    if isinstance(found, Preface):
        assert 0 < found.size <= len(data)
        assert read_preface(data[: found.size]) == found, "it depends on nothing after it"
        for end in range(found.size):
            assert read_preface(data[:end]) is None, "nothing was decided before it was whole"
    elif found is None:
        assert len(data) < LONGEST_V2
    else:
        assert isinstance(read_preface(data + b"\r\n"), str), "a problem stays one"
