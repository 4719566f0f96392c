"""The opening handshake: read strictly on one side, checked on the other."""

import pytest

from gateway.wire.handshake import WRONG_VERSION, Handshake, accept_of, answer_problem, read_handshake

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
Fields = list[tuple[bytes, bytes]]


def fields(*more: tuple[bytes, bytes], without: bytes = b"") -> Fields:
    plain = [(b"upgrade", b"websocket"), (b"sec-websocket-key", KEY), (b"sec-websocket-version", b"13")]
    return [field for field in plain if field[0] != without] + list(more)


def test_the_example_of_the_standard() -> None:
    assert accept_of(KEY) == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert read_handshake(fields()) == Handshake(KEY)
    assert read_handshake([*fields(without=b"upgrade"), (b"upgrade", b"WebSocket")]) == Handshake(KEY)


@pytest.mark.parametrize(
    "headers",
    [
        fields(without=b"upgrade"),
        fields((b"upgrade", b"h2c"), without=b"upgrade"),
        fields((b"upgrade", b"websocket, h2c"), without=b"upgrade"),
        fields((b"upgrade", b"websocket")),
        fields(without=b"sec-websocket-key"),
        fields((b"sec-websocket-key", KEY)),
        fields((b"sec-websocket-key", b"c2hvcnQ="), without=b"sec-websocket-key"),
        fields((b"sec-websocket-key", KEY + b"!"), without=b"sec-websocket-key"),
        fields((b"content-length", b"0")),
        fields((b"transfer-encoding", b"chunked")),
        fields((b"sec-websocket-protocol", b"realtime, realtime")),
        fields((b"sec-websocket-protocol", b"realtime,")),
        fields((b"sec-websocket-protocol", b"re al")),
        fields((b"sec-websocket-protocol", b",".join(b"p%d" % number for number in range(17)))),
    ],
)
def test_what_is_no_handshake(headers: Fields) -> None:
    assert isinstance(read_handshake(headers), str)


@pytest.mark.parametrize("headers", [fields(without=b"sec-websocket-version"), fields((b"sec-websocket-version", b"13"))[:2]])
def test_another_version_is_told_apart(headers: Fields) -> None:
    assert read_handshake(headers) is WRONG_VERSION
    assert read_handshake([*headers, (b"sec-websocket-version", b"8")]) is WRONG_VERSION


def test_a_credential_among_the_subprotocols_is_taken_out() -> None:
    read = read_handshake(
        fields(
            (b"sec-websocket-protocol", b"realtime, openai-project.x, OpenAI-Insecure-API-Key.a.b.c"), (b"sec-websocket-protocol", b"v1")
        )
    )
    assert read == Handshake(KEY, (b"realtime", b"v1"), (b"a.b.c",))


def answer(*more: tuple[bytes, bytes], without: bytes = b"") -> Fields:
    plain = [(b"upgrade", b"websocket"), (b"connection", b"Upgrade"), (b"sec-websocket-accept", accept_of(KEY))]
    return [field for field in plain if field[0] != without] + list(more)


def test_a_good_answer() -> None:
    assert answer_problem(answer(), KEY, ()) is None
    assert answer_problem(answer((b"sec-websocket-protocol", b"realtime")), KEY, (b"v1", b"realtime")) is None


@pytest.mark.parametrize(
    "headers",
    [
        answer(without=b"upgrade"),
        answer((b"upgrade", b"h2c"), without=b"upgrade"),
        answer(without=b"sec-websocket-accept"),
        answer((b"sec-websocket-accept", accept_of(KEY[::-1])), without=b"sec-websocket-accept"),
        answer((b"sec-websocket-accept", accept_of(KEY))),
        answer((b"sec-websocket-extensions", b"permessage-deflate")),
        answer((b"sec-websocket-protocol", b"other")),
        answer((b"sec-websocket-protocol", b"realtime"), (b"sec-websocket-protocol", b"realtime")),
    ],
)
def test_what_is_no_answer(headers: Fields) -> None:
    assert answer_problem(headers, KEY, (b"realtime",)) is not None
