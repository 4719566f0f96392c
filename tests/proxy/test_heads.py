"""Heads that are known: the same bytes are read in the same way, any others by the parser, and the policy is asked each time."""

import json

import httptools
from hypothesis import given
from hypothesis import strategies as st
from support.house import Stage, open_stage, policy
from support.wire_ends import OK, answering, chunk, eventually, raw_caller, scripted

from gateway.policy.snapshot import Grant
from gateway.proxy.heads import Head, Stencil, stencil_of
from gateway.proxy.request import Request
from gateway.settings.shape import Limits

LIMITS = Limits()
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer acme\r\nContent-Length: %d\r\nX-A: b\r\n\r\n"


class Parsed:
    """What the parser makes of bytes that hold one whole request."""

    def __init__(self, data: bytes) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.target = self.body = b""
        self.whole = 0
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.whole += 1


def known(body: bytes = b"{}") -> Stencil:
    data = HEAD % len(body) + body
    parsed, request = Parsed(data), Request(0.0)
    request.target, request.headers = parsed.target, [field for field in parsed.headers if field[0] != b"content-length"]
    request.body, request.size, request.complete, request.keep_alive = [body], len(body), True, True
    request.head = Head(request, b"POST")
    stencil = stencil_of(data, request, LIMITS)
    assert stencil is not None
    return stencil


@given(st.binary(max_size=200), st.integers(-2, 2), st.sampled_from((b"", b"0", b"+", b" ", b"-")), st.binary(max_size=3))
def test_what_a_stencil_reads_the_parser_reads_alike(body: bytes, off: int, sign: bytes, extra: bytes) -> None:
    data = (HEAD % max(len(body) + off, 0)).replace(b"Content-Length: ", b"Content-Length: " + sign) + body + extra
    request = known().fill(data, 0.0, LIMITS)
    if request is not None:
        parsed = Parsed(data)
        assert parsed.whole == 1
        assert (request.target, request.whole_body()) == (parsed.target, parsed.body)
        assert request.headers == [field for field in parsed.headers if field[0] != b"content-length"]


@given(st.integers(0, len(HEAD % 2) - 1), st.integers(0, 255))
def test_a_head_with_one_other_byte_is_left_to_the_parser(place: int, byte: int) -> None:
    data = HEAD % 2 + b"{}"
    other = data[:place] + bytes([byte]) + data[place + 1 :]
    assert (known().fill(other, 0.0, LIMITS) is not None) == (other == data)


def test_other_limits_are_other_heads() -> None:
    data = HEAD % 2 + b"{}"
    assert known().fill(data, 0.0, LIMITS) is not None
    assert known().fill(data, 0.0, Limits(body=1)) is None


async def test_like_requests_are_each_served_with_their_own_body_and_id() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        ids = set()
        for number in range(6):
            caller.post(json.dumps({"model": "frontier", "n": "x" * number}).encode())
            head, _ = await caller.answer()
            ids.add(head.partition(b"x-request-id: ")[2][:24])
        bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in upstream.requests]
        lines = [json.loads(line) for line in stage.notebook.lines]
    assert [body["n"] for body in bodies] == ["x" * number for number in range(6)]
    assert len(ids) == 6
    assert {line["request_id"].encode() for line in lines} == ids
    assert all(line["decision"] == "permit" and line["organisation"] == "acme" and line["rule"] == "grant" for line in lines)
    assert stage.metrics.requests.labels("frontier", "permit").value == 6
    assert stage.metrics.decision_seconds.count == 6


async def test_a_known_caller_is_decided_on_by_the_policy_of_the_moment() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for admitted in (True, True, True, False, True, False):
            stage.publish(policy(frontier={"acme": Grant()} if admitted else {}, revision=stage.policy.snapshot.revision + 1))
            caller.post()
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 " if admitted else b"HTTP/1.1 403 ")


async def test_a_known_caller_who_names_another_model_is_decided_on_for_that_model() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        stage.publish(policy(frontier={}, revision=2))
        for model, status in [("open", b"200"), ("open", b"200"), ("frontier", b"403"), ("open", b"200"), ("other", b"404")]:
            caller.post(json.dumps({"model": model}).encode())
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 " + status)


async def test_another_token_on_the_same_connection_is_another_caller() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for token, status in [("acme", b"200"), ("acme", b"200"), ("acmf", b"403"), ("acme", b"200"), ("bad1", b"403")]:
            caller.post(token=token)
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 " + status)


async def test_known_heads_with_bodies_in_pieces_pipelined_or_chunked_go_through_the_parser() -> None:
    body = b'{"model":"frontier"}'
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for _ in range(3):
            caller.post(body)
            await caller.answer()
        whole = (HEAD % len(body)).replace(b"X-A: b\r\n", b"") + body
        caller.send(whole[:-5])
        await caller.writer.drain()
        caller.send(whole[-5:] + whole + whole)
        for _ in range(3):
            head, _ = await caller.answer()
            assert head.startswith(b"HTTP/1.1 200 ")
        caller.send(HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked") + chunk(body) + b"0\r\n\r\n")
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert [request.partition(b"\r\n\r\n")[2] for request in upstream.requests] == [body] * 7


async def test_the_rest_of_a_head_that_came_in_pieces_is_no_head() -> None:
    body = b'{"model":"open"}'
    start = b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer acme\r\nX-A: "
    rest = b"POST /v1/completions HTTP/1.1\r\nHost: gate\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.send(start + rest)
        await caller.answer()
        caller.send(start)
        await reads(stage)
        caller.send(rest)
        await caller.answer()
        caller.send(rest)
        head, text = await caller.answer()
        assert head.startswith(b"HTTP/1.1 401 "), "it is a request of its own, without a token"
        assert b"token_missing" in text
        assert len(upstream.requests) == 2


async def reads(stage: Stage) -> None:
    """Wait until the one connection has begun to read a request."""
    (connection,) = stage.gate.doors.connections
    await eventually(lambda: "arriving" in repr(connection), "the request arrives")
