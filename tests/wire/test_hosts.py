import pytest

from gateway.wire.hosts import is_plain


@pytest.mark.parametrize("host", [b"gate", b"gate.example:8080", b"127.0.0.1:1", b"[::1]", b"[::1]:65535", b"a_b.example.", b"GATE"])
def test_names_and_addresses_are_plain(host: bytes) -> None:
    assert is_plain(host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            b"",
            b":80",
            b"a:",
            b"a:0",
            b"a:65536",
            b"a:8 0",
            b"a:+80",
            b"a b",
            b"a,b",
            b"a/b",
            b"user@a",
            b"a\\b",
            b"a%2eb",
            b"[::1",
            b"::1",
        ),
        *(b"[::1]80", b"[a.b]", b"[]", b"a..b", b".a", b"a?b", b"a#b", b"a\tb", b"\xffa", b"a" * 256, b"a:80:80", b"[fe80::1%25eth0]"),
    ],
)
def test_anything_else_is_odd(host: bytes) -> None:
    assert not is_plain(host)
