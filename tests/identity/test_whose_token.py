"""Every way in which a token was once accepted somewhere that should not have been: each refused, on whole signed tokens."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from support.forge import AUDIENCE, CLAIMS, ISSUER, NOW, Clock, Signer, issuer, key_set, segment

from gateway.identity.keyset import keysets_for
from gateway.identity.verifier import Verifier
from gateway.policy.access import Subject
from gateway.policy.vocabulary import Reason

SIGNER = Signer()
HEADER = json.dumps(SIGNER.header()).encode()
PAYLOAD = json.dumps(CLAIMS).encode()


@pytest.fixture
async def verifier() -> Verifier:
    """Knows one issuer, which publishes SIGNER's key and an RSA key."""

    async def fetch(url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        del url, timeout
        return key_set(SIGNER, Signer("rsa", "RS256"))

    clock, settings = Clock(), [issuer()]
    keysets = keysets_for(settings, clock, fetch)
    for keyset in keysets.values():
        await keyset.refresh()
    return Verifier(settings, keysets, clock)


async def test_an_honest_token_is_accepted(verifier: Verifier) -> None:
    seen = await verifier.identify(SIGNER.token())
    assert isinstance(seen, Subject)
    assert (seen.issuer, seen.subject_id, seen.organisation) == ("main", "alice", "org_acme")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"nbf": NOW.wall, "iat": NOW.wall - 5.5}, id="dates in the past"),
        pytest.param({"aud": ["other", AUDIENCE]}, id="several audiences"),
        pytest.param({"jti": "5f7c8ec7"}, id="a token id"),
        pytest.param({"name": "\N{GRINNING FACE}", "deep": {"list": [1, None]}}, id="claims that nobody reads"),
    ],
)
async def test_honest_variety_is_accepted(verifier: Verifier, claims: dict[str, Any]) -> None:
    assert isinstance(await verifier.identify(SIGNER.token(**claims)), Subject)


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
async def test_a_type_of_access_tokens_is_accepted(verifier: Verifier, typ: str | None) -> None:
    assert isinstance(await verifier.identify(SIGNER.token({"typ": typ})), Subject)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"exp": None}, id="no expiry"),
        pytest.param({"exp": str(CLAIMS["exp"])}, id="expiry as a string"),
        pytest.param({"exp": float(CLAIMS["exp"])}, id="expiry as a float"),
        pytest.param({"exp": True}, id="expiry as a boolean"),
        pytest.param({"exp": [CLAIMS["exp"]]}, id="expiry as a list"),
        pytest.param({"exp": CLAIMS["exp"] * 1000}, id="expiry in milliseconds"),
        pytest.param({"exp": -(10**400)}, id="expiry before all numbers"),
        pytest.param({"exp": 10**400}, id="expiry beyond all numbers"),
        pytest.param({"nbf": NOW.wall + 1}, id="not yet valid"),
        pytest.param({"nbf": "0"}, id="not-before as a string"),
        pytest.param({"nbf": True}, id="not-before as a boolean"),
        pytest.param({"iat": NOW.wall + 3600}, id="issued in the future"),
        pytest.param({"iat": "now"}, id="issued at a string"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": "https://other.example.org"}, id="another audience"),
        pytest.param({"aud": [AUDIENCE, 7]}, id="an audience that is no string among others"),
        pytest.param({"sub": None}, id="no subject: it could not be revoked"),
        pytest.param({"sub": ""}, id="an empty subject"),
        pytest.param({"sub": 5}, id="a subject that is a number"),
        pytest.param({"sub": "a\tb"}, id="a control character in the subject"),
        pytest.param({"jti": 5}, id="a token id that is a number: it could not be revoked"),
        pytest.param({"jti": ""}, id="an empty token id"),
        pytest.param({"jti": "j" * 257}, id="an overlong token id"),
        pytest.param({"cnf": {"x5t#S256": "abc"}}, id="bound to a certificate (RFC 8705)"),
        pytest.param({"cnf": {"jkt": "abc"}}, id="bound to a DPoP key (RFC 9449)"),
        pytest.param({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}, id="a logout token"),
    ],
)
async def test_claims_that_are_not_ours_are_refused(verifier: Verifier, claims: dict[str, Any]) -> None:
    assert await verifier.identify(SIGNER.token(**claims)) is Reason.TOKEN_INVALID


async def test_an_expired_token_is_refused_as_expired(verifier: Verifier) -> None:
    assert await verifier.identify(SIGNER.token(exp=int(NOW.wall))) is Reason.TOKEN_EXPIRED
    assert await verifier.identify(SIGNER.token(exp=0)) is Reason.TOKEN_EXPIRED
    assert await verifier.identify(SIGNER.token(exp=-1)) is Reason.TOKEN_EXPIRED


async def test_a_forged_expired_token_is_not_called_expired(verifier: Verifier) -> None:
    assert await verifier.identify(Signer(number=9).token(exp=0)) is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"typ": "secevent+jwt"}, id="a security event"),
        pytest.param({"typ": "dpop+jwt"}, id="a DPoP proof"),
        pytest.param({"typ": "logout+jwt"}, id="a logout token"),
        pytest.param({"typ": "anything"}, id="another type"),
        pytest.param({"typ": 5}, id="a type that is a number"),
        pytest.param({"cty": "JWT"}, id="a nested token"),
        pytest.param({"zip": "DEF"}, id="a compressed payload"),
        pytest.param({"enc": "A128GCM"}, id="an encrypted payload"),
        pytest.param({"jku": "https://evil.example.org/keys"}, id="brings a key set URL"),
        pytest.param({"x5u": "https://evil.example.org/chain"}, id="brings a certificate URL"),
        pytest.param({"jwk": SIGNER.jwk()}, id="brings a key, even the right one"),
        pytest.param({"x5c": ["MII="]}, id="brings a certificate"),
        pytest.param({"crit": ["exp"], "exp": 1}, id="a critical extension"),
        pytest.param({"crit": []}, id="an empty crit"),
        pytest.param({"b64": False, "crit": ["b64"]}, id="an unencoded payload (RFC 7797)"),
        pytest.param({"b64": True}, id="b64 even if it changes nothing"),
        pytest.param({"kid": "k" * 129}, id="a key id over 128 characters"),
        pytest.param({"kid": ""}, id="an empty key id"),
        pytest.param({"kid": 1}, id="a key id that is a number"),
        pytest.param({"kid": ["k1"]}, id="a key id that is a list"),
        pytest.param({"kid": "../../k1\n"}, id="a control character in the key id"),
        pytest.param({"alg": None}, id="no algorithm"),
        pytest.param({"alg": "none"}, id="the algorithm none"),
        pytest.param({"alg": "NONE"}, id="the algorithm NONE"),
        pytest.param({"alg": "es256"}, id="an algorithm in lower case"),
        pytest.param({"alg": ["ES256"]}, id="an algorithm that is a list"),
        pytest.param({"alg": "ES384"}, id="another algorithm of the same family"),
        pytest.param({"alg": "RS256"}, id="another algorithm than the key's"),
        pytest.param({"alg": "HS256"}, id="a symmetric algorithm"),
    ],
)
async def test_headers_that_lead_astray_are_refused_although_the_signature_holds(verifier: Verifier, header: dict[str, Any]) -> None:
    assert await verifier.identify(SIGNER.token(header)) is Reason.TOKEN_INVALID


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(SIGNER.sign(HEADER, PAYLOAD[:-1] + b', "sub": "bob"}'), id="a claim twice"),
        pytest.param(SIGNER.sign(HEADER, PAYLOAD[:-1] + b', "s\\u0075b": "bob"}'), id="a claim twice, once escaped"),
        pytest.param(SIGNER.sign(HEADER, PAYLOAD[:-1] + b', "a": {"b": 1, "b": 2}}'), id="a member twice, deep"),
        pytest.param(SIGNER.sign(HEADER[:-1] + b', "alg": "ES256"}', PAYLOAD), id="a header member twice"),
        pytest.param(SIGNER.sign(HEADER, json.dumps(CLAIMS).encode("utf-16")), id="a UTF-16 payload"),
        pytest.param(SIGNER.sign(HEADER, b"\xef\xbb\xbf" + PAYLOAD), id="a byte order mark"),
        pytest.param(SIGNER.sign(HEADER, PAYLOAD[:-1] + b', "org": "a\\u0000"}'), id="NUL in a claim"),
        pytest.param(SIGNER.sign(HEADER, PAYLOAD[:-1] + b', "org": "\\ud800"}'), id="a lone surrogate in a claim"),
        pytest.param(SIGNER.sign(HEADER, PAYLOAD[:-1] + b', "a": NaN}'), id="NaN"),
        pytest.param(SIGNER.sign(HEADER, PAYLOAD + b"x"), id="trailing bytes"),
        pytest.param(SIGNER.sign(HEADER, b"[]"), id="a payload that is no object"),
        pytest.param(SIGNER.sign(HEADER, b"[" * 5000), id="5,000 brackets"),
        pytest.param(SIGNER.sign(b"\xff" + HEADER, PAYLOAD), id="a byte 0xff in the header"),
        pytest.param(SIGNER.sign(b'{"alg":"\xff"}', PAYLOAD), id="a byte 0xff in the algorithm"),
        pytest.param(SIGNER.token() + b"=", id="padding at the end"),
        pytest.param(SIGNER.token() + b"==", id="more padding"),
        pytest.param(SIGNER.token() + b"\n", id="a line end"),
        pytest.param(SIGNER.token().replace(b".", b"..", 1), id="an empty part"),
        pytest.param(SIGNER.token().rpartition(b".")[0] + b".", id="no signature"),
        pytest.param(SIGNER.token().rpartition(b".")[0], id="two parts"),
        pytest.param(SIGNER.token() + b".QQ", id="four parts"),
        pytest.param(SIGNER.token(pad="x" * 8192), id="over 8 KB"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"sk-proj-0123456789", id="an API key"),
    ],
)
async def test_tokens_with_a_second_spelling_or_reading_are_malformed_although_the_signature_holds(
    verifier: Verifier, token: bytes
) -> None:
    assert await verifier.identify(token) is Reason.TOKEN_MALFORMED


async def test_spare_bits_give_no_second_spelling_of_a_signature(verifier: Verifier) -> None:
    token = SIGNER.token()
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1 :][:1]
    assert isinstance(await verifier.identify(token), Subject)
    assert await verifier.identify(twin) is Reason.TOKEN_MALFORMED


async def test_a_public_key_is_no_shared_secret(verifier: Verifier) -> None:
    signing_input = segment(b'{"alg":"HS256","kid":"k1"}') + b"." + segment(PAYLOAD)
    secret = json.dumps(SIGNER.jwk()).encode()
    token = signing_input + b"." + segment(hmac.digest(secret, signing_input, hashlib.sha256))
    assert await verifier.identify(token) is Reason.TOKEN_INVALID


@pytest.mark.parametrize("iss", [None, "", 5, ISSUER + "x", ISSUER.rstrip("/"), ISSUER.upper(), [ISSUER]])
async def test_a_token_of_nobody_that_we_know_is_refused(verifier: Verifier, iss: object) -> None:
    assert await verifier.identify(SIGNER.token(iss=iss)) is Reason.ISSUER_UNKNOWN


async def test_anothers_signature_is_refused(verifier: Verifier) -> None:
    token = SIGNER.token()
    head, _, signature = token.rpartition(b".")
    assert await verifier.identify(Signer(number=9).token()) is Reason.TOKEN_INVALID
    assert await verifier.identify(head + b"." + segment(bytes(64))) is Reason.TOKEN_INVALID
    assert await verifier.identify(head + b"." + signature[:-3]) in {Reason.TOKEN_INVALID, Reason.TOKEN_MALFORMED}
    other = SIGNER.token(sub="bob").split(b".")[1]
    assert await verifier.identify(token.split(b".")[0] + b"." + other + b"." + signature) is Reason.TOKEN_INVALID


async def test_a_key_of_another_algorithm_is_refused_by_its_kid(verifier: Verifier) -> None:
    assert await verifier.identify(SIGNER.token({"kid": "rsa"})) is Reason.TOKEN_INVALID
    assert await verifier.identify(Signer("rsa", "PS256").token()) is Reason.TOKEN_INVALID, "an RSA key published for RS256"
    assert isinstance(await verifier.identify(Signer("rsa", "RS256").token()), Subject)


async def test_an_algorithm_that_the_issuer_does_not_use_is_refused() -> None:
    async def fetch(url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        del url, timeout
        return key_set(SIGNER)

    settings, clock = [issuer(algorithms=("RS256",))], Clock()
    assert await Verifier(settings, keysets_for(settings, clock, fetch), clock).identify(SIGNER.token()) is Reason.TOKEN_INVALID


async def test_keys_are_bound_to_their_issuer() -> None:
    other = "https://partners.example.org"
    documents = {"https://a/keys": key_set(Signer("a", number=1)), "https://b/keys": key_set(Signer("b", number=2))}

    async def fetch(url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        del timeout
        return documents[url]

    first = issuer("main")
    settings = [
        issuer("main", keys=type(first.keys)(jwks_url="https://a/keys")),
        issuer("partners", issuer=other, keys=type(first.keys)(jwks_url="https://b/keys")),
    ]
    clock = Clock()
    verifier = Verifier(settings, keysets_for(settings, clock, fetch), clock)
    honest = await verifier.identify(Signer("b", number=2).token(iss=other))
    assert isinstance(honest, Subject)
    assert (honest.issuer, honest.organisation) == ("partners", "partners/org_acme")
    assert await verifier.identify(Signer("b", number=2).token(iss=ISSUER)) is Reason.TOKEN_INVALID
    assert await verifier.identify(Signer("a", number=1).token(iss=other)) is Reason.TOKEN_INVALID
