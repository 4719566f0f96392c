"""The whole edge of a running gate: a proxy that says whom it speaks for, TLS with client certificates, bound tokens, signed requests."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from msgspec import structs
from support.certificates import Authority, Certificate
from support.fronts import haproxy
from support.introduced import caller_from, client_tls
from support.running import GATED, MODELS, RunningGate, demo_issuer_section, running_gate
from support.verifying import NAME, VerifyingUpstream, verifying_upstream

from gateway.demo.issuer import DemoIssuer
from gateway.errors import SettingsError
from gateway.identity.binding import thumbprint_of
from gateway.settings.shape import AdminListener, Assertion, Listen, ModelSection, ProxyListener, Tls, Upstream

LOCAL = "127.0.0.1/32"
SIGNED = tuple(structs.replace(model, upstream=NAME) for model in MODELS)


def signing_key(file: Path) -> str:
    """Any key on P-256 does; that of the demo issuer is one."""
    DemoIssuer(file.parent / file.stem)
    (made,) = (file.parent / file.stem).glob("*.pem")
    return str(made)


def proxy_section(files: Certificate, clients: str = "optional", **changes: Any) -> ProxyListener:
    tls = Tls(
        certificate=str(files.certificate),
        key=str(files.key),
        client_ca=str(files.authority),
        client_certificates=clients,  # type: ignore[arg-type] # a word of the settings
    )
    return ProxyListener(address="127.0.0.1:0", tls=tls, **changes)


@asynccontextmanager
async def edge(
    directory: Path, proxy: ProxyListener, models: Sequence[ModelSection] = MODELS, **sections: Any
) -> AsyncIterator[RunningGate]:
    listen = Listen(proxy=proxy, admin=AdminListener(address="127.0.0.1:0"))
    async with running_gate(directory, models=models, listen=listen, **sections) as gate:
        await gate.admit()
        yield gate


async def ask(port: int, token: str, files: Certificate, own: Certificate | None = None, extra: bytes = b"") -> int:
    """Ask on a connection of its own; give the status."""
    async with caller_from(port, tls=client_tls(files, own)) as caller:
        caller.post(json.dumps({"model": GATED, "messages": []}).encode(), token=token, extra=extra)
        head, _ = await caller.answer()
    return int(head.split(b" ")[1])


def bound(gate: RunningGate, own: Certificate) -> str:
    return gate.mint(cnf={"x5t#S256": thumbprint_of(own.der)})


async def test_a_bound_token_is_good_on_its_own_connection_only(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files, partner, thief = authority.server(), authority.client("partner"), authority.client("thief")
    async with edge(tmp_path, proxy_section(files)) as gate:
        port, token = gate.gateway.entrance.port, bound(gate, partner)
        assert await ask(port, token, files, partner) == 200
        assert await ask(port, token, files, partner) == 200, "and again, from memory"
        assert await ask(port, token, files, thief) == 401
        assert await ask(port, token, files) == 401, "never as plain bearer"
        proof = f"client-cert: :{thumbprint_of(partner.der)}:\r\n".encode()
        assert await ask(port, token, files, extra=proof) == 401, "nor because a header says so"
        assert await ask(port, gate.mint(), files, thief) == 200, "a bearer token is anybody's, as ever"
        assert await ask(port, gate.mint(cnf={"jkt": thumbprint_of(partner.der)}), files, partner) == 401, "DPoP is not spoken here"
        await gate.until_metric("gateway_tokens_total", 3.0, outcome="certificate_not_shown")


async def test_on_one_connection_every_request_is_asked_for_its_proof(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files, partner, thief = authority.server(), authority.client("partner"), authority.client("thief")
    async with (
        edge(tmp_path, proxy_section(files)) as gate,
        caller_from(gate.gateway.entrance.port, tls=client_tls(files, thief)) as caller,
    ):
        statuses = []
        for token in (gate.mint(), bound(gate, partner), bound(gate, thief), bound(gate, partner)):
            caller.post(json.dumps({"model": GATED, "messages": []}).encode(), token=token)
            head, _ = await caller.answer()
            statuses.append(int(head.split(b" ")[1]))
    assert statuses == [200, 401, 200, 401]


async def test_an_issuer_whose_tokens_must_be_bound(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files, partner = authority.server(), authority.client("partner")
    issuers = [demo_issuer_section(DemoIssuer(tmp_path), certificate_bound=True)]
    async with edge(tmp_path, proxy_section(files, "required"), issuers=issuers) as gate:
        port = gate.gateway.entrance.port
        assert await ask(port, gate.mint(), files, partner) == 401
        assert await ask(port, bound(gate, partner), files, partner) == 200


async def test_behind_a_real_proxy_by_all_means_at_once(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files, partner = authority.server(), authority.client("partner")
    section = proxy_section(files, "required", trusted_proxies=(LOCAL,), proxy_protocol="v2")
    assertion = Assertion(key_file=signing_key(tmp_path / "assertion.pem"))
    async with verifying_upstream() as upstream:
        upstreams = (Upstream(name=NAME, urls=(upstream.url,), identity_headers=("organisation", "model"), assertion=True),)
        async with edge(tmp_path, section, SIGNED, upstreams=upstreams, assertion=assertion) as gate:
            await upstream.fetch_keys(gate.admin_url)
            front = haproxy(tmp_path, gate.gateway.entrance.port, "send-proxy-v2")
            port = await asyncio.to_thread(front.__enter__)
            try:
                async with caller_from(port, "127.0.0.55", tls=client_tls(files, partner)) as caller:
                    body = json.dumps({"model": GATED, "messages": []}).encode()
                    caller.post(body, token=bound(gate, partner), extra=b"x-gateway-organisation: org_other\r\n")
                    head, _ = await caller.answer()
            finally:
                await asyncio.to_thread(front.__exit__, None, None, None)
            assert head.startswith(b"HTTP/1.1 200 ")
            (claims,), (fields,) = upstream.served, upstream.heads
            assert (claims["organisation"], claims["model"], claims["aud"]) == ("org_acme", GATED, NAME)
            assert f"x-gateway-decision-id: {claims['decision_id']}\r\n".encode() in head
            assert (fields["x-gateway-organisation"], fields["x-gateway-model"]) == ("org_acme", GATED)
            assert fields["x-forwarded-for"] == "127.0.0.55"
            async with caller_from(gate.gateway.entrance.port) as past:
                past.post()
                assert (await past.rest())[0] == b""
            await gate.until_metric("gateway_refused_connections_total", 1.0, reason="proxy_header")


@pytest.fixture
async def signed(tmp_path: Path) -> AsyncIterator[tuple[RunningGate, VerifyingUpstream]]:
    """A gate that signs, and its upstream."""
    async with verifying_upstream() as upstream:
        upstreams = (Upstream(name=NAME, urls=(upstream.url,), assertion=True),)
        assertion = Assertion(key_file=signing_key(tmp_path / "assertion.pem"), lifetime=30)
        async with edge(tmp_path, ProxyListener(address="127.0.0.1:0"), SIGNED, upstreams=upstreams, assertion=assertion) as gate:
            await upstream.fetch_keys(gate.admin_url)
            yield gate, upstream


async def asked(gate: RunningGate, url: str = "", **headers: str) -> int:
    """Ask the gate, or whoever is at `url`; give the status."""
    body = {"model": GATED, "messages": []}
    headers = {"authorization": f"Bearer {gate.mint()}", **headers}
    async with gate.session.post(f"{url or gate.url}/v1/chat/completions", json=body, headers=headers) as response:
        await response.read()
        return response.status


async def test_an_upstream_can_refuse_whatever_did_not_come_through_the_gate(signed: tuple[RunningGate, VerifyingUpstream]) -> None:
    gate, upstream = signed
    assert await asked(gate) == 200
    assert await asked(gate, upstream.url) == 401, "past the gate"
    assert await asked(gate, upstream.url, **{"x-gateway-assertion": upstream.heads[0]["x-gateway-assertion"]}) == 401, (
        "overheard, used again"
    )
    forged = jwt.encode(
        {**upstream.served[0], "jti": "another"}, "x" * 32, algorithm="HS256", headers={"kid": upstream.keys["keys"][0]["kid"]}
    )
    assert await asked(gate, upstream.url, **{"x-gateway-assertion": forged}) == 401
    assert await asked(gate, **{"x-gateway-assertion": "mine"}) == 200, "what a caller sends is replaced"
    assert len(upstream.served) == 2
    assert len({claims["jti"] for claims in upstream.served}) == 2


async def test_keys_are_rotated_without_a_refusal(signed: tuple[RunningGate, VerifyingUpstream], tmp_path: Path) -> None:
    gate, upstream = signed
    old = gate.gateway.settings.assertion
    assert old is not None
    new = signing_key(tmp_path / "next.pem")
    steps = [
        structs.replace(old, other_key_file=new),  # known before it signs
        structs.replace(old, key_file=new, other_key_file=old.key_file),  # signs, and the old one is known still
        structs.replace(old, key_file=new),
    ]
    for assertion in steps:
        gate.gateway.apply(structs.replace(gate.gateway.settings, assertion=assertion))
        assert await asked(gate) == 200, "by the keys that the upstream read before"
        await upstream.fetch_keys(gate.admin_url)
        assert await asked(gate) == 200
    assert len(upstream.keys["keys"]) == 1
    assert upstream.refused == []


async def test_a_key_that_cannot_be_used_changes_nothing(signed: tuple[RunningGate, VerifyingUpstream], tmp_path: Path) -> None:
    gate, upstream = signed
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(SettingsError, match=r"assertion\.key_file"):
        gate.gateway.apply(structs.replace(gate.gateway.settings, assertion=Assertion(key_file=str(bad))))
    assert await asked(gate) == 200
    assert upstream.refused == []


async def test_a_gate_without_a_key_publishes_none(tmp_path: Path) -> None:
    async with (
        edge(tmp_path, ProxyListener(address="127.0.0.1:0")) as gate,
        gate.session.get(f"{gate.admin_url}/.well-known/gateway-jwks.json") as response,
    ):
        assert await response.json(content_type=None) == {"keys": []}


async def test_a_reload_takes_replaced_certificates_and_other_proxies(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.server()
    section = proxy_section(files, trusted_proxies=("127.0.0.9/32",), proxy_protocol="v1")
    async with edge(tmp_path, section) as gate:
        port = gate.gateway.entrance.port
        before = files.der
        authority.server()
        trusting = structs.replace(section, trusted_proxies=(LOCAL,))
        listen = structs.replace(gate.gateway.settings.listen, proxy=trusting)
        gate.gateway.apply(structs.replace(gate.gateway.settings, listen=listen))

        def shown() -> bytes | None:
            with socket.create_connection(("127.0.0.1", port), 5) as plain:
                plain.sendall(b"PROXY UNKNOWN\r\n")
                with client_tls(files).wrap_socket(plain, server_hostname="127.0.0.1") as secured:
                    return secured.getpeercert(binary_form=True)

        assert await asyncio.to_thread(shown) == files.der != before


async def test_the_admin_listener_can_ask_for_certificates_too(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files, operator = authority.server(), authority.client("operator")
    tls = proxy_section(files, "required").tls
    listen = Listen(proxy=ProxyListener(address="127.0.0.1:0"), admin=AdminListener(address="127.0.0.1:0", tls=tls))
    async with running_gate(tmp_path, listen=listen) as gate:
        async with gate.session.get(f"{gate.admin_url}/healthz", ssl=client_tls(files, operator)) as response:
            assert response.status == 200
        with pytest.raises(aiohttp.ClientError):
            await gate.session.get(f"{gate.admin_url}/healthz", ssl=client_tls(files))
