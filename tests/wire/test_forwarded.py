"""Forwarding headers: what proxies write is read exactly, what callers may scribble in front of it changes nothing."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.forwarded import UNREADABLE, address_of, forwarded_for, x_forwarded_for


@pytest.mark.parametrize(
    ("node", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("192.0.2.1:_port", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:c000:201]:1", "192.0.2.1"),
    ],
)
def test_an_address_with_or_without_port_is_normalised(node: str, address: str) -> None:
    assert address_of(node) == address


@pytest.mark.parametrize(
    "node",
    [
        *(
            "",
            "unknown",
            "_hidden",
            "localhost",
            "192.0.2",
            "192.0.2.1.",
            "192.0.2.01",
            "0x7f.1",
            "3221225985",
            "192.0.2.1/24",
            " 192.0.2.1",
        ),
        *("192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456", "192.0.2.1:_", "192.0.2.1:٣", "[192.0.2.1]", "[::1", "[::1]x", "[::1]:", "::1]"),
        *("fe80::1%eth0", "[fe80::1%25eth0]:1", "[]", "1" * 65, "192.0.2.1\x00"),
    ],
)
def test_whatever_is_no_address_names_nobody(node: str) -> None:
    assert address_of(node) is None


def test_x_forwarded_for_is_one_list_over_all_its_headers() -> None:
    assert x_forwarded_for([]) == ()
    assert x_forwarded_for([b"192.0.2.1"]) == ("192.0.2.1",)
    assert x_forwarded_for([b"spoofed, 192.0.2.1:80", b"\t2001:db8::1 "]) == (None, "192.0.2.1", "2001:db8::1")
    assert x_forwarded_for([b"192.0.2.1,,192.0.2.2", b""]) == ("192.0.2.1", None, "192.0.2.2", None)


def test_forwarded_as_rfc_7239_writes_it() -> None:
    assert forwarded_for([]) == ()
    assert forwarded_for([b"for=192.0.2.43, for=198.51.100.17"]) == ("192.0.2.43", "198.51.100.17")
    assert forwarded_for([b'for="[2001:db8:cafe::17]:4711"']) == ("2001:db8:cafe::17",)
    assert forwarded_for([b"For=192.0.2.43;proto=http;by=203.0.113.43"]) == ("192.0.2.43",)
    assert forwarded_for([b'host="a,b;c\\"d" ; for=192.0.2.43', b"for=unknown", b"for=_gazonk"]) == ("192.0.2.43", None, None)
    assert forwarded_for([b"proto=https"]) == (None,)


@pytest.mark.parametrize(
    "value",
    [
        b'for="192.0.2.1',
        b'for="192.0.2.1\\',
        b"for=192.0.2.1:80",
        b"for=2001:db8::1",
        b"for = 192.0.2.1",
        b"for=",
        b"=192.0.2.1",
        b"for",
        b"for=192.0.2.1;for=192.0.2.2",
        b'for="192.0.2.1"x',
        b"for=192.0.2.1 for=192.0.2.2",
        b"for=192.0.2.1\x00",
        b"for=\xff",
    ],
)
def test_a_forwarded_header_that_breaks_the_grammar_says_nothing(value: bytes) -> None:
    assert forwarded_for([value]) == UNREADABLE
    assert forwarded_for([value, b"for=192.0.2.9"]) == UNREADABLE


def test_an_ipv6_address_in_forwarded_stands_in_brackets() -> None:
    assert forwarded_for([b'for="2001:db8::1"']) == (None,)


def test_an_open_quote_on_the_left_cannot_swallow_what_a_proxy_wrote() -> None:
    assert forwarded_for([b'for="203.0.113.1', b'for="192.0.2.1"']) == UNREADABLE


def test_endless_headers_say_nothing() -> None:
    assert x_forwarded_for([b"192.0.2.1," * 1000]) == UNREADABLE
    assert forwarded_for([b"for=192.0.2.1," * 1000]) == UNREADABLE


ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(ADDRESSES)
def test_every_address_is_read_as_itself(address: object) -> None:
    text = str(address)
    bracketed = f"[{text}]:1" if ":" in text else f"{text}:1"
    expected = str(getattr(address, "ipv4_mapped", None) or address)
    assert address_of(text) == address_of(bracketed) == expected
    assert forwarded_for([f'for="{bracketed}"'.encode()]) == (expected,)


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_no_bytes_raise_and_every_answer_is_an_address(values: list[bytes]) -> None:
    for hop in (*x_forwarded_for(values), *forwarded_for(values)):
        assert hop is None or str(ip_address(hop)) == hop


@given(st.text(alphabet='for=by;, "\\192.:[]_', max_size=40), ADDRESSES)
def test_whatever_stands_on_the_left_the_last_hop_is_the_proxys_or_nobody(scribble: str, address: object) -> None:
    node = f"[{address}]" if ":" in str(address) else str(address)
    hops = forwarded_for([scribble.encode(), f'for="{node}"'.encode()])
    assert hops[-1] in (None, address_of(node))
    assert x_forwarded_for([scribble.encode(), node.encode()])[-1] == address_of(node)
