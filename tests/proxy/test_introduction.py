"""What an upstream is told of a request, and the gate's signature on it, verified as an upstream would with the published keys."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support.house import open_stage
from support.wire_ends import OK, answering, raw_caller, scripted

from gateway.clock import read_clock
from gateway.errors import SettingsError
from gateway.identity.assertion import AssertionSigner, Statement
from gateway.proxy.introduction import Introduction
from gateway.settings.shape import Assertion

EVERYTHING = ("organisation", "issuer", "model", "decision_id", "revision")
FORGED = b"X-Gateway-Organisation: org_other\r\nX_Gateway.Model: other\r\nConnection: X-Gateway-Revision\r\nx-gateway-assertion: forged\r\n"


def key_file(directory: Path, name: str = "assertion.pem") -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    file = directory / name
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(file)


def fields(request: bytes) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.decode().partition(": ")
        found.setdefault(name, []).append(value)
    return found


def verified(token: str, signer: AssertionSigner, audience: str) -> dict[str, Any]:
    """Do what an upstream does: find the key by its id, verify signature, type, audience and times."""
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "gateway-assertion+jwt"
    keys = {key["kid"]: jwt.PyJWK(key) for key in signer.jwks["keys"]}
    claims: dict[str, Any] = jwt.decode(token, keys[header["kid"]].key, algorithms=["ES256"], audience=audience, issuer="gateway")
    return claims


async def test_an_upstream_is_told_what_it_asks_for_whatever_the_caller_sends(tmp_path: Path) -> None:
    signer = AssertionSigner(Assertion(key_file=key_file(tmp_path)))
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        stage.gate.upstreams["api"].introduction = Introduction("api", EVERYTHING, signer, read_clock)
        caller.post(extra=FORGED)
        head, _ = await caller.answer()
        told = fields(upstream.requests[0])
        decision = fields(head)["x-gateway-decision-id"][0]
        assert {name: told[name] for name in told if name.startswith("x-gateway-") and not name.endswith("assertion")} == {
            "x-gateway-organisation": ["acme"],
            "x-gateway-issuer": ["main"],
            "x-gateway-model": ["frontier"],
            "x-gateway-decision-id": [decision],
            "x-gateway-revision": ["1"],
        }
        (token,) = told["x-gateway-assertion"]
        claims = verified(token, signer, "api")
        assert (claims["jti"], claims["organisation"], claims["model"], claims["revision"]) == (decision, "acme", "frontier", 1)
        assert claims["exp"] - claims["iat"] == 60


async def test_each_request_has_a_statement_of_its_own(tmp_path: Path) -> None:
    signer = AssertionSigner(Assertion(key_file=key_file(tmp_path)))
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        stage.gate.upstreams["api"].introduction = Introduction("api", (), signer, read_clock)
        for _ in range(3):
            caller.post()
            await caller.answer()
        seen = {verified(fields(request)["x-gateway-assertion"][0], signer, "api")["jti"] for request in upstream.requests}
        assert len(seen) == 3, "an upstream that remembers them refuses a replay"


async def test_an_upstream_that_asks_for_nothing_is_told_nothing() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post(extra=FORGED)
        await caller.answer()
        assert not any(name.startswith("x-gateway") for name in fields(upstream.requests[0]))


def test_another_audience_a_late_reader_and_a_stranger_are_refused(tmp_path: Path) -> None:
    signer = AssertionSigner(Assertion(key_file=key_file(tmp_path)))
    statement, now = Statement("api", "d1", "acme", "frontier", 7), read_clock().wall
    with pytest.raises(jwt.InvalidAudienceError):
        verified(signer.sign(statement, now), signer, "another")
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(signer.sign(statement, now - 120), signer, "api")
    stranger = AssertionSigner(Assertion(key_file=key_file(tmp_path, "other.pem")))
    with pytest.raises(KeyError):
        verified(stranger.sign(statement, now), signer, "api")


def test_the_key_before_is_published_while_its_signatures_are_under_way(tmp_path: Path) -> None:
    old, new = key_file(tmp_path, "old.pem"), key_file(tmp_path, "new.pem")
    before = AssertionSigner(Assertion(key_file=old)).sign(Statement("api", "d1", "acme", "frontier", 7), read_clock().wall)
    assert verified(before, AssertionSigner(Assertion(key_file=new, previous_key_file=old)), "api")["jti"] == "d1"
    assert not any("d" in key for key in AssertionSigner(Assertion(key_file=new, previous_key_file=old)).jwks["keys"]), "no private part"


def test_a_file_that_holds_no_such_key_is_named(tmp_path: Path) -> None:
    rsa = tmp_path / "no.pem"
    rsa.write_text("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")
    for file in (str(rsa), str(tmp_path / "missing.pem")):
        with pytest.raises(SettingsError, match=r"assertion\.key_file: cannot use .*\.pem"):
            AssertionSigner(Assertion(key_file=file))
    curve = tmp_path / "p384.pem"
    key = ec.generate_private_key(ec.SECP384R1())
    curve.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    with pytest.raises(SettingsError, match="P-256"):
        AssertionSigner(Assertion(key_file=str(curve)))
