"""Addresses as operators write them; each wrong one is answered with the right form."""

import pytest

from gateway.settings.addresses import HostPort, host_port, http_url, is_loopback, network, store_url


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("0.0.0.0:8080", "0.0.0.0", 8080),
        ("[::]:8080", "::", 8080),
        ("[2001:db8::1]:443", "2001:db8::1", 443),
        ("localhost:0", "localhost", 0),
        ("gate.example.com:65535", "gate.example.com", 65535),
    ],
)
def test_a_listener_is_host_and_port(text: str, host: str, port: int) -> None:
    assert host_port(text) == HostPort(host, port)


@pytest.mark.parametrize(
    "text", ["", "8080", ":8080", "::1:8080", "[::1]", "[::1]8080", "[1.2.3.4]:80", "a:65536", "a:-1", "a: 1", "a:٣", "a b:1"]
)
def test_anything_else_is_no_listener(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected host:port.*Write: 127\.0\.0\.1:8080"):
        host_port(text)


def test_networks_are_exact_and_never_everybody() -> None:
    assert str(network("10.0.0.0/8")) == "10.0.0.0/8"
    assert str(network("192.0.2.7")) == "192.0.2.7/32"
    assert str(network("2001:db8::/32")) == "2001:db8::/32"
    with pytest.raises(ValueError, match=r"Write: 10\.0\.0\.0/8"):
        network("10.1.2.3/8")
    for everybody in ("0.0.0.0/0", "::/0"):
        with pytest.raises(ValueError, match="lets any caller choose"):
            network(everybody)
    for nonsense in ("", "proxies", "10.0.0.0/33", "10.0.0.0/8/8"):
        with pytest.raises(ValueError, match="expected a network"):
            network(nonsense)


@pytest.mark.parametrize("text", ["https://api.example.com", "https://[::1]:8443/v1", "http://127.0.0.1:8000", "http://localhost/keys"])
def test_urls_that_keys_may_come_from(text: str) -> None:
    assert http_url(text, secure=True).hostname


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://keys.example.com", "loopback hosts only"),
        ("ftp://example.com", "starts with https://"),
        ("example.com", "starts with https://"),
        ("https://", "names a host"),
        ("https://a:80000", "expected a URL"),
        ("https://a:0", "expected a URL"),
        ("https://[::1", "expected a URL"),
        ("https://u:p@a", "must not hold credentials"),
        ("https://a?x", "without"),
        ("https://a/?", "without"),
        ("https://a#f", "without"),
    ],
)
def test_other_urls_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        http_url(text, secure=True)


def test_http_is_fine_where_nothing_secret_is_fetched() -> None:
    assert http_url("http://vllm.internal:8000", secure=False).port == 8000


@pytest.mark.parametrize(
    "text",
    [
        "embedded",
        "redis://h:6379",
        "rediss://h",
        "redis://acl-user@h/0",
        "unix:///run/r.sock",
        "redis+sentinel://a:1,b:2/n",
        "redis+cluster://a:1",
    ],
)
def test_stores(text: str) -> None:
    assert store_url(text) == text.partition(":")[0]


@pytest.mark.parametrize(
    "text", ["", "Embedded", "redis:", "redis://", "http://h", "redis://u:p@h", "redis://:p@h", "unix:///s?password=p"]
)
def test_stores_of_another_kind_or_with_a_password_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Write|expected embedded"):
        store_url(text)


def test_loopback_is_this_machine_only() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST.")] == [True] * 5
    assert [is_loopback(host) for host in ("0.0.0.0", "10.0.0.1", "localhost.example.com", "")] == [False] * 4
