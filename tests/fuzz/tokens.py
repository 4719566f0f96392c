"""Whose token: no bytes but those that were signed pass, and what passes reads alike to another library."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable

from support.forge import CLAIMS, NOW, Signer, issuer, key_set, segment
from support.readers import first_wins

from gateway.identity.claims import subject_from
from gateway.identity.compact import Compact, read_compact
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.identity.rules import check_claims
from gateway.identity.strictjson import read_object
from gateway.identity.verifier import Verdict, Verifier
from gateway.policy.access import Subject

SIGNER = Signer()
HONEST = SIGNER.token()
ISSUER = issuer()
PARTS = HONEST.split(b".")

Verify = Callable[[bytes], Verdict]


def real_verify() -> Verify:
    """A verifier with one issuer, whose keys are there."""

    async def nothing(_url: str, _timeout: float) -> bytes:
        raise AssertionError("keys are there")

    keyset = KeySet(ISSUER, lambda: NOW, nothing)
    keyset.ring = read_key_set(key_set(SIGNER), ISSUER.algorithms)
    keyset.loaded = True
    verifier = Verifier([ISSUER], {"main": keyset}, lambda: NOW)
    return lambda token: verifier.verify(token, NOW)


class Tokens:
    """Only the one honest token is accepted; whatever is taken apart has one reading."""

    seeds = (
        HONEST,
        HONEST + b"=",
        b".".join((segment(b'{"alg":"none"}'), PARTS[1], b"")),
        b".".join((PARTS[0], segment(json.dumps({**CLAIMS, "org_id": "org_other"}).encode()), PARTS[2])),
        b".".join((segment(b'{"alg":"ES256","alg":"none","kid":"k1"}'), *PARTS[1:])),
    )
    words = (
        segment(b'{"alg":"none"}'),
        segment(b'{"alg":"HS256","kid":"k1"}'),
        b"=",
        b".",
        b"..",
        PARTS[0],
        PARTS[2],
        b"\xff",
        b"\n",
        b" ",
    )

    def __init__(self, verify: Verify | None = None, take_apart: Callable[[bytes], Compact | None] = read_compact) -> None:
        self._verify = verify or real_verify()
        self._take_apart = take_apart

    def try_one(self, data: bytes) -> None:
        """Try one credential."""
        passes = isinstance(self._verify(data), Subject)
        assert passes == (data == HONEST), "accepted what was not signed" if passes else "the honest token is refused"
        compact = self._take_apart(data)
        if compact is not None:
            for text, judged in zip(data.split(b"."), (compact.header, compact.payload), strict=False):
                decoded = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
                assert json.loads(decoded) == json.loads(decoded, object_pairs_hook=first_wins) == judged


class Payloads:
    """Whatever a signed payload says, it is read alike by every reader, and an organisation is what it says in plain text."""

    seeds = (
        json.dumps(CLAIMS).encode(),
        json.dumps({**CLAIMS, "nationalities": ["DE", "FR"], "residence": "DE", "us_person": False}).encode(),
        json.dumps({**CLAIMS, "org_id": ["org_acme"], "aud": ["x", CLAIMS["aud"]], "nbf": 1, "iat": 1.5, "jti": "t"}).encode(),
        json.dumps({**CLAIMS, "org_id": {"org_acme": {}}, "nationalities": [["a"], None, "ZZ"], "exp": 1 << 40}).encode(),
    )
    words = (
        b'"org_id":"org_other"',
        b'"org_id"',
        b"\\u0000",
        b"\\ud800",
        b"NaN",
        b"1e999",
        b"true",
        b"[]",
        b"{}",
        b'"exp":',
        b'"nationalities":',
    )

    def __init__(self, read: Callable[[bytes], dict[str, object] | None] = read_object) -> None:
        self._read = read

    def try_one(self, data: bytes) -> None:
        """Try one payload whose signature holds."""
        payload = self._read(data)
        if payload is None:
            return
        for reading in (json.loads(data), json.loads(data, object_pairs_hook=first_wins)):
            assert reading == payload, "another reader reads another payload"
        problem = check_claims(payload, ISSUER, NOW.wall)
        subject = subject_from(payload, ISSUER, qualify=False)
        if problem is not None:
            return
        assert subject.expires_at > NOW.wall
        assert subject.organisation is None or subject.organisation.encode() in data.decode("utf-8").encode("utf-8") or b"\\" in data
        assert subject.organisation is None or (subject.organisation.isprintable() and "/" not in subject.organisation)
