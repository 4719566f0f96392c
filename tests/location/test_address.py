"""Counting from the right: only trusted proxies are believed, and only about the hop before them."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.location.address import client_address, is_public, origin

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48"))
CLIENT = "198.51.100.7"


def xff(*values: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", value.encode()) for value in values]


def seen(peer: str, *values: str) -> str | None:
    return client_address(peer, xff(*values), TRUSTED, "x-forwarded-for")


def test_a_stranger_is_itself_whatever_it_claims() -> None:
    assert seen("203.0.113.9", CLIENT) == "203.0.113.9"
    assert seen("::ffff:203.0.113.9", CLIENT) == "203.0.113.9"
    assert client_address("203.0.113.9", xff(CLIENT), (), "x-forwarded-for") == "203.0.113.9"


def test_a_trusted_proxy_names_the_client() -> None:
    assert seen("10.0.0.1", CLIENT) == CLIENT
    assert seen("::ffff:10.0.0.1", CLIENT) == CLIENT
    assert seen("2001:db8:ffff::1", CLIENT) == CLIENT


def test_what_the_client_wrote_before_it_is_ignored() -> None:
    assert seen("10.0.0.1", f"192.0.2.1, {CLIENT}") == CLIENT
    assert seen("10.0.0.1", "192.0.2.1", CLIENT) == CLIENT
    assert seen("10.0.0.1", f"10.0.0.5, {CLIENT}") == CLIENT


def test_trusted_hops_are_walked_through() -> None:
    assert seen("10.0.0.1", f"192.0.2.1, {CLIENT}, 10.0.0.3", "2001:db8:ffff::2") == CLIENT


def test_a_hop_that_names_nobody_ends_the_search() -> None:
    assert seen("10.0.0.1", f"{CLIENT}, unknown") is None
    assert seen("10.0.0.1", f"{CLIENT}, 10.0.0.1x") is None


def test_all_trusted_is_the_outermost_of_them() -> None:
    assert seen("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3"


def test_a_proxy_that_names_nobody_is_not_the_client() -> None:
    assert seen("10.0.0.1") is None
    assert client_address("10.0.0.1", xff(CLIENT), TRUSTED, "none") is None
    assert client_address("10.0.0.1", xff(CLIENT), TRUSTED, "forwarded") is None


def test_only_the_configured_header_is_read() -> None:
    headers = [*xff("192.0.2.1"), (b"forwarded", f"for={CLIENT}".encode())]
    assert client_address("10.0.0.1", headers, TRUSTED, "forwarded") == CLIENT
    assert client_address("10.0.0.1", headers, TRUSTED, "x-forwarded-for") == "192.0.2.1"


@pytest.mark.parametrize("peer", ["", "/run/gateway.sock", "unknown"])
def test_a_peer_without_address_is_unknown(peer: str) -> None:
    assert seen(peer, CLIENT) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "2600::1"])
def test_public_addresses_can_be_looked_up(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "224.0.0.1", "0.0.0.0"),
        *("::1", "fe80::1", "fc00::1", "ff0e::1"),
    ],
)
def test_other_addresses_say_nothing(address: str) -> None:
    assert not is_public(address)


@given(st.lists(st.text(alphabet="0123456789.:, unkow[]_", max_size=30), max_size=4), st.ip_addresses(v=4))
def test_nothing_a_client_writes_moves_it(scribble: list[str], address: object) -> None:
    """Property: whatever stands left of a stranger's address that a trusted proxy appended, the stranger is the client."""
    if any(address in network for network in TRUSTED[:1]):
        return
    assert seen("10.0.0.1", *scribble, str(address)) == str(address)


@pytest.mark.parametrize(
    ("peer", "whose"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("10.0.0.1", ""),
        ("2001:db8:ffff::1", ""),
        ("", ""),
    ],
)
def test_connections_are_counted_by_address_and_by_subscriber_but_not_those_of_proxies(peer: str, whose: str) -> None:
    assert origin(peer, TRUSTED) == whose
