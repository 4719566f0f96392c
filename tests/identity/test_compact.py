"""A token is taken apart in its one canonical spelling, or not at all."""

import pytest
from support.forge import Signer, segment

from gateway.identity.compact import decode_segment, read_compact


def test_an_honest_token_is_taken_apart() -> None:
    token = Signer().token()
    compact = read_compact(token)
    assert compact is not None
    assert compact.header["alg"] == "ES256"
    assert compact.payload["sub"] == "alice"
    assert token.startswith(compact.signing_input + b".")
    assert len(compact.signature) == 64


def test_only_the_canonical_spelling_of_bytes_is_decoded() -> None:
    assert decode_segment(b"QQ") == b"A"
    assert decode_segment(b"QR") is None, "spare bits set: a second spelling of the same byte"
    assert decode_segment(b"Q") is None, "no whole byte"
    assert decode_segment(b"Q+") is None
    assert decode_segment(b"Q Q") is None
    assert decode_segment(b"QQ==") is None, "padding"


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        pytest.param(b'{"alg":"ES256","alg":"none"}', b"{}", id="a header member twice"),
        pytest.param(b'{"alg":"ES256"}', b'{"sub":"a","sub":"b"}', id="a claim twice"),
        pytest.param(b'\xff{"alg":"ES256"}', b"{}", id="a byte in the header that is no UTF-8"),
        pytest.param(b'{"alg":"ES256"}', b"[]", id="a payload that is no object"),
        pytest.param(b'"ES256"', b"{}", id="a header that is no object"),
    ],
)
def test_a_token_with_two_readings_is_not_taken_apart(header: bytes, payload: bytes) -> None:
    assert read_compact(segment(header) + b"." + segment(payload) + b".QQ") is None
