"""Which request? One reading of the header section, and nothing of the caller's passes for ours."""

import string

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.headers import check, forwardable_request, forwardable_response

HOST = (b"host", b"gate.example")


def test_what_the_sdks_send_is_accepted() -> None:
    headers = [
        HOST,
        (b"accept", b"application/json"),
        (b"content-type", b"application/json"),
        (b"user-agent", b"OpenAI/Python 3.57.0"),
        (b"x-stainless-lang", b"python"),
        (b"authorization", b"Bearer a.b.c"),
        (b"x-api-key", b"a.b.c"),
        (b"content-length", b"12"),
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"x-forwarded-for", b"192.0.2.2"),
    ]
    assert check(headers) is None


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ([], "host: missing"),
        ([HOST, HOST], "host: sent twice"),
        ([(b"host", b"a/b")], "host: not"),
        ([(b"host", b"")], "host: not"),
        ([(b"host", b"a, b")], "host: not"),
        ([HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")], "together"),
        ([HOST, (b"content-length", b"1"), (b"content-length", b"1")], "content-length: sent twice"),
        ([HOST, (b"content-length", b"1, 1")], "content-length: not"),
        ([HOST, (b"content-length", b"+1")], "content-length: not"),
        ([HOST, (b"content-length", b"1_0")], "content-length: not"),
        ([HOST, (b"content-length", b"0x10")], "content-length: not"),
        ([HOST, (b"content-length", b"")], "content-length: not"),
        ([HOST, (b"content-length", b"9" * 30)], "content-length: not"),
        ([HOST, (b"content-length", "٣".encode())], "content-length: not"),
        ([HOST, (b"transfer-encoding", b"gzip, chunked")], "transfer-encoding: only"),
        ([HOST, (b"transfer-encoding", b"xchunked")], "transfer-encoding: only"),
        ([HOST, (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"identity")], "transfer-encoding: sent twice"),
        ([HOST, (b"transfer-encoding", b"\x0bchunked")], "transfer-encoding: only"),
        ([HOST, (b"authorization", b"Bearer a"), (b"authorization", b"Bearer a")], "authorization: sent twice"),
        ([HOST, (b"authorization", b"Bearer a, Bearer b")], "is a list"),
        ([HOST, (b"x-api-key", b"a,b")], "is a list"),
        ([HOST, (b"x-goog-api-key", b"a"), (b"x-goog-api-key", b"b")], "x-goog-api-key: sent twice"),
        ([HOST, (b"content-type", b"a/b"), (b"content-type", b"a/c")], "content-type: sent twice"),
        ([HOST, (b"content-encoding", b"gzip, br")], "is a list"),
        ([HOST, (b"expect", b"200-maybe")], "expect: only"),
        ([HOST, (b"x_api_key", b"a")], "resembles"),
        ([HOST, (b"content_length", b"1")], "resembles"),
        ([HOST, (b"transfer.encoding", b"chunked")], "resembles"),
        ([HOST, (b"content length", b"1")], "not a token"),
        ([HOST, (b"", b"1")], "not a token"),
        ([HOST, (b"x-a:", b"1")], "not a token"),
        ([HOST, (b"x-\xe9", b"1")], "not a token"),
        ([HOST, (b"X-Upper", b"1")], "not a token"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(headers: list[tuple[bytes, bytes]], problem: str) -> None:
    said = check(headers)
    assert said is not None
    assert problem in said


def test_a_problem_quotes_nothing_that_was_sent() -> None:
    for headers in ([HOST, (b"authorization", b"hunter2,hunter2")], [(b"host", b"hunter 2")], [HOST, (b"hunter2[]", b"x")]):
        said = check(headers)
        assert said is not None
        assert "hunter" not in said


@pytest.mark.parametrize("code", [code for code in (*range(32), 127) if code != ord("\t")])
def test_the_parser_of_messages_keeps_controls_out_of_values(code: int) -> None:
    # `check` relies on it, and the relay writes values as they came.
    with pytest.raises(httptools.HttpParserError):
        httptools.HttpRequestParser(object()).feed_data(b"GET / HTTP/1.1\r\nhost: a\r\nx: a%cb\r\n\r\n" % code)


@pytest.mark.parametrize("line", [b" x: folded", b"x : a", b"x\0: a", b": a", b"x: a\ny: b", b"x: a\r\n folded"])
def test_the_parser_of_messages_refuses_lines_of_two_readings(line: bytes) -> None:
    with pytest.raises(httptools.HttpParserError):
        httptools.HttpRequestParser(object()).feed_data(b"GET / HTTP/1.1\r\nhost: a\r\n" + line + b"\r\n\r\n")


OWN_FAMILY = [b"x-gateway-org", b"x_gateway_org", b"x.gateway.org", b"x-gateway_org", b"x-gateway", b"x~gateway~subject", b"x-gateway-"]


@pytest.mark.parametrize("name", OWN_FAMILY)
def test_our_own_family_is_removed_in_every_spelling(name: bytes) -> None:
    assert forwardable_request([(name, b"org_other"), (b"accept", b"a")]) == [(b"accept", b"a")]
    assert forwardable_response([(name, b"org_other"), (b"etag", b"a")]) == [(b"etag", b"a")]


@pytest.mark.parametrize("name", [b"x-gatewayish", b"gateway-x", b"my-x-gateway-org"])
def test_other_families_pass(name: bytes) -> None:
    assert forwardable_request([(name, b"1")]) == [(name, b"1")]


@pytest.mark.parametrize(
    "name",
    [
        *(b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key", b"proxy-authorization", b"x_api_key", b"api.key"),
        *(b"host", b"content-length", b"transfer-encoding", b"expect", b"connection", b"keep-alive", b"te", b"trailer", b"upgrade"),
        *(b"proxy-connection", b"http2-settings", b"transfer_encoding"),
    ],
)
def test_credentials_framing_and_hops_do_not_go_upstream(name: bytes) -> None:
    assert forwardable_request([(b"accept", b"a"), (name, b"b"), (b"cookie", b"c")]) == [(b"accept", b"a"), (b"cookie", b"c")]


@pytest.mark.parametrize(
    "name",
    [
        *(b"x-original-url", b"x_original_uri", b"x-rewrite-url", b"x-http-method-override", b"x-http-method", b"x-method-override"),
        *(b"x-forwarded-host", b"x-forwarded-prefix", b"x-forwarded-uri", b"forwarded", b"x-host", b"x-real-ip", b"true-client-ip"),
        *(b"openai-organization", b"openai_project", b"x-goog-user-project"),
        *(b"x-portkey-config", b"x_portkey_config", b"helicone-fallbacks", b"helicone-target-url", b"x-litellm-api-key", b"x-litellm-tags"),
        *(b"x-ai-eg-model", b"cf-aig-authorization"),
    ],
)
def test_what_would_make_another_request_of_it_does_not_go_upstream(name: bytes) -> None:
    assert forwardable_request([(name, b"1")]) == []
    assert forwardable_response([(name, b"1")]) == [(name, b"1")]


def test_what_connection_names_is_removed_and_our_family_stays_removed() -> None:
    headers = [(b"connection", b"close, X-Hop ,x-gateway-org"), (b"x-hop", b"1"), (b"x-gateway-org", b"2"), (b"x-stays", b"3")]
    assert forwardable_request(headers) == [(b"x-stays", b"3")]
    assert forwardable_response([*headers, (b"connection", b"x-stays")]) == []


@pytest.mark.parametrize("name", [b"content-type", b"content-encoding"])
def test_what_says_how_a_body_is_read_stays_with_it_whatever_connection_names(name: bytes) -> None:
    headers = [(b"connection", b"x-hop, " + name.title()), (name, b"1"), (b"x-hop", b"2")]
    assert forwardable_request(headers) == forwardable_response(headers) == [(name, b"1")]


def test_more_can_be_stripped() -> None:
    assert forwardable_request([(b"via", b"1"), (b"accept", b"a")], frozenset((b"via",))) == [(b"accept", b"a")]


def test_order_and_repetition_are_kept() -> None:
    headers = [(b"b", b"1"), (b"a", b"2"), (b"b", b"3")]
    assert forwardable_request(headers) == forwardable_response(headers) == headers


def test_a_response_loses_its_framing_and_the_way_around_the_gate() -> None:
    headers = [(b"content-type", b"a/b"), (b"content-length", b"1"), (b"alt-svc", b"h3"), (b"x-request-id", b"r"), (b"te", b"x")]
    assert forwardable_response(headers) == [(b"content-type", b"a/b"), (b"x-request-id", b"r")]


names = st.text(string.ascii_lowercase + string.digits + "-_.", min_size=1, max_size=20).map(str.encode)


@given(st.lists(st.tuples(names | st.sampled_from([*OWN_FAMILY, b"connection", b"authorization"]), st.binary(max_size=20)), max_size=8))
def test_nothing_is_added_and_nothing_of_ours_or_the_callers_credentials_passes(headers: list[tuple[bytes, bytes]]) -> None:
    passed = forwardable_request(headers)
    assert all(field in headers for field in passed)
    for name, _ in passed:
        spelled = "".join(each if each.isalnum() else "-" for each in name.decode())
        assert not (spelled + "-").startswith("x-gateway-")
        assert spelled not in {"authorization", "x-api-key", "connection", "host", "content-length", "transfer-encoding"}
