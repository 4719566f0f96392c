"""One credential per request, in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.bearer import MAX_TOKEN, SOURCES, find_credential, well_formed
from gateway.policy.vocabulary import Reason

TOKEN = b"aGVhZA.Ym9keQ.c2ln"


@pytest.mark.parametrize(
    "header",
    [
        (b"authorization", b"Bearer " + TOKEN),
        (b"authorization", b"bearer " + TOKEN),
        (b"authorization", b"BEARER " + TOKEN),
        (b"x-api-key", TOKEN),
        (b"api-key", TOKEN),
        (b"x-goog-api-key", TOKEN),
    ],
)
def test_the_token_is_found_where_the_sdks_put_it(header: tuple[bytes, bytes]) -> None:
    assert find_credential([(b"host", b"gate"), header, (b"accept", b"*/*")]) == TOKEN


def test_two_headers_that_agree_are_fine() -> None:
    assert find_credential([(b"authorization", b"Bearer " + TOKEN), (b"x-api-key", TOKEN)]) == TOKEN


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([(b"authorization", b"Bearer " + TOKEN), (b"x-api-key", b"other")], id="two headers disagree"),
        pytest.param([(b"x-api-key", b"other"), (b"authorization", b"Bearer " + TOKEN)], id="in either order"),
        pytest.param([(b"x-api-key", TOKEN), (b"api-key", b"")], id="an empty one disagrees too"),
        pytest.param([(b"authorization", b"Basic YTpi"), (b"x-api-key", TOKEN)], id="another scheme disagrees too"),
        pytest.param([(b"authorization", b"Bearer " + TOKEN)] * 2, id="the same header twice"),
        pytest.param([(b"x-api-key", TOKEN), (b"api-key", TOKEN), (b"x-api-key", TOKEN)], id="twice with another between"),
        pytest.param([(b"authorization", b"Bearer " + TOKEN + b", Bearer " + TOKEN)], id="joined by a comma"),
        pytest.param([(b"x-api-key", TOKEN + b"," + TOKEN)], id="joined by a comma without space"),
    ],
)
def test_more_than_one_credential_is_a_malformed_request(headers: list[tuple[bytes, bytes]]) -> None:
    assert find_credential(headers) is Reason.MALFORMED_REQUEST


def test_a_subprotocol_may_carry_it_too() -> None:
    assert find_credential([], [TOKEN]) == TOKEN
    assert find_credential([(b"authorization", b"Bearer " + TOKEN)], [TOKEN]) == TOKEN
    assert find_credential([(b"authorization", b"Bearer other")], [TOKEN]) is Reason.MALFORMED_REQUEST
    assert find_credential([], [TOKEN, TOKEN]) is Reason.MALFORMED_REQUEST
    assert find_credential([], [b""]) is Reason.TOKEN_MISSING


@pytest.mark.parametrize(
    "headers", [[], [(b"cookie", TOKEN)], [(b"authorization", b"Bearer")], [(b"authorization", b"Bearer ")], [(b"api-key", b"")]]
)
def test_no_credential_is_a_missing_token(headers: list[tuple[bytes, bytes]]) -> None:
    assert find_credential(headers) is Reason.TOKEN_MISSING


@pytest.mark.parametrize(
    "value", [b"Basic YTpi", b"DPoP " + TOKEN, TOKEN, b"Bearer  " + TOKEN, b"Bearer\t" + TOKEN, b"Bearers " + TOKEN, b""]
)
def test_another_scheme_or_spacing_is_no_bearer_token(value: bytes) -> None:
    assert find_credential([(b"authorization", value)]) is Reason.TOKEN_MALFORMED


@given(st.lists(st.tuples(st.sampled_from([*sorted(SOURCES), b"host"]), st.binary(max_size=20)), max_size=6))
def test_whatever_the_headers_one_credential_or_a_reason(headers: list[tuple[bytes, bytes]]) -> None:
    credential = find_credential(headers)
    assert isinstance(credential, Reason) or any(value.endswith(credential) for name, value in headers if name in SOURCES)


def test_three_parts_of_base64url_are_well_formed() -> None:
    assert well_formed(TOKEN)
    assert well_formed(b"A.B." + b"x" * (MAX_TOKEN - 4))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(b"a.b", id="two parts"),
        pytest.param(b"a.b.c.d", id="four parts"),
        pytest.param(b"a.b.c.d.e", id="an encrypted token"),
        pytest.param(b"a..c", id="empty payload"),
        pytest.param(b"a.b.", id="no signature"),
        pytest.param(b".b.c", id="no header"),
        pytest.param(TOKEN + b"=", id="padding"),
        pytest.param(TOKEN + b"\n", id="a line end"),
        pytest.param(b" " + TOKEN, id="a space"),
        pytest.param(b"a+b.c/d.e", id="the other base64 alphabet"),
        pytest.param(b"a.b.\xff", id="not ASCII"),
        pytest.param(b"A.B." + b"x" * (MAX_TOKEN - 3), id="a byte too long"),
        pytest.param(b"", id="empty"),
    ],
)
def test_any_other_spelling_is_refused(token: bytes) -> None:
    assert not well_formed(token)
