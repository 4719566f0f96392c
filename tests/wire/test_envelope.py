from gateway.wire.envelope import RequestEnvelope


def test_a_header_is_found_by_its_name() -> None:
    envelope = RequestEnvelope(b"GET", b"/v1/models?a", "/v1/models", b"a", [(b"host", b"gate"), (b"accept", b"a"), (b"accept", b"b")])
    assert envelope.header(b"host") == b"gate"
    assert envelope.header(b"accept") == b"a"
    assert envelope.header(b"authorization") is None
