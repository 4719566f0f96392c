"""Which request? A target is judged as it is forwarded; whatever two parsers could read as two paths is refused."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.paths import MAX_TARGET, canonical


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/v1/chat/completions", "/v1/chat/completions", b""),
        (b"/v1/messages?beta=true", "/v1/messages", b"beta=true"),
        (b"/", "/", b""),
        (b"/v1/models?", "/v1/models", b""),
        (b"/v1/models/ft:gpt-5.6:acme@2", "/v1/models/ft:gpt-5.6:acme@2", b""),
        (b"/v1/models/a%20b%C3%A9", "/v1/models/a bé", b""),
        (b"/model/anthropic.claude-v1%3A0/invoke", "/model/anthropic.claude-v1:0/invoke", b""),
        (b"/.well-known/x", "/.well-known/x", b""),
        (b"/v1/...", "/v1/...", b""),
        (b"/v1/models?a=b&include%5B%5D=c?/;d", "/v1/models", b"a=b&include%5B%5D=c?/;d"),
    ],
)
def test_canonical_targets_are_split(target: bytes, path: str, query: bytes) -> None:
    assert canonical(target) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"*", id="asterisk form"),
        pytest.param(b"http://gate/v1/models", id="absolute form"),
        pytest.param(b"gate:443", id="authority form"),
        pytest.param(b"v1/models", id="relative"),
        pytest.param(b"/v1/./models", id="dot segment"),
        pytest.param(b"/v1/../v1/models", id="two dots"),
        pytest.param(b"/v1/models/..", id="two dots at the end"),
        pytest.param(b"/v1/models/.", id="one dot at the end"),
        pytest.param(b"/v1/%2e%2e/models", id="encoded dots"),
        pytest.param(b"/v1/.%2E/models", id="half encoded dots"),
        pytest.param(b"/v1/%252e%252e/models", id="doubly encoded dots"),
        pytest.param(b"/v1%2fmodels", id="encoded slash"),
        pytest.param(b"/v1%252Fmodels", id="doubly encoded slash"),
        pytest.param(b"/v1%5cmodels", id="encoded backslash"),
        pytest.param(b"/v1\\models", id="backslash"),
        pytest.param(b"//v1/models", id="double slash first"),
        pytest.param(b"/v1//models", id="double slash"),
        pytest.param(b"/v1/models;a=b", id="path parameter"),
        pytest.param(b"/v1/models%3ba=b", id="encoded path parameter"),
        pytest.param(b"/v1/models%00", id="encoded NUL"),
        pytest.param(b"/v1/models\0", id="NUL"),
        pytest.param(b"/v1/models%0d%0a", id="encoded line end"),
        pytest.param(b"/v1/models%7f", id="encoded DEL"),
        pytest.param(b"/v1/models#x", id="fragment"),
        pytest.param(b"/v1/models%23x", id="encoded fragment"),
        pytest.param(b"/v1/models%3fa", id="encoded question mark"),
        pytest.param(b"/v1/models?a#b", id="fragment after a query"),
        pytest.param(b"/v1/%6dodels", id="encoded letter"),
        pytest.param(b"/v1beta/models/a%3AgenerateContent", id="encoded colon of a verb"),
        pytest.param(b"/model/arn%3Aaws%3Abedrock%2Fa/invoke", id="encoded slash of an ARN"),
        pytest.param(b"/v1/models/a%2", id="short escape"),
        pytest.param(b"/v1/models/a%", id="bare percent"),
        pytest.param(b"/v1/models/a%zz", id="no hexadecimal"),
        pytest.param(b"/v1/models/a%+1", id="sign in an escape"),
        pytest.param(b"/v1/models/%c0%af", id="overlong slash"),
        pytest.param(b"/v1/models/%ed%a0%80", id="encoded surrogate"),
        pytest.param(b"/v1/models/%ff", id="no UTF-8"),
        pytest.param(b"/v1/models/%e2%80%ae", id="text direction override"),
        pytest.param("/v1/models/é".encode(), id="raw UTF-8"),
        pytest.param(b"/v1/models a", id="space"),
        pytest.param(b"/v1/models\ta", id="tab"),
        pytest.param(b"/v1/models?a=\x01", id="control in the query"),
        pytest.param(b"/v1/models?a=%0", id="short escape in the query"),
        pytest.param(b"/v1/models?a=%00", id="NUL in the query"),
        pytest.param(b"/v1/models?a=%gg", id="no hexadecimal in the query"),
        pytest.param(b"/" + b"a" * MAX_TARGET, id="overlong"),
    ],
)
def test_what_two_parsers_could_read_as_two_paths_is_refused(target: bytes) -> None:
    assert canonical(target) is None


@given(st.binary(max_size=60).map(lambda tail: b"/" + tail))
def test_no_bytes_raise_and_what_is_accepted_has_one_reading(target: bytes) -> None:
    split = canonical(target)
    if split is None:
        return
    path, query = split
    raw = target.partition(b"?")[0].decode("ascii")
    assert unquote(raw, errors="strict") == path == unquote(quote(path, safe=":/@!$&'()*+,=~"), errors="strict")
    assert unquote(path, errors="strict") == path, "decoding twice changes nothing"
    assert not {".", ".."} & set(path.split("/"))
    assert "//" not in path
    assert not set('\\;?#%\0\r\n"') & (set(path) - {'"'})
    assert target == (raw.encode() + b"?" + query if b"?" in target else raw.encode())


@given(st.lists(st.text("abcXYZ012-_.~:@!$&'()*+,=", min_size=1, max_size=8).filter(lambda part: part not in {".", ".."}), min_size=1))
def test_every_plain_path_is_canonical(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assert canonical(path.encode()) == (path, b"")
