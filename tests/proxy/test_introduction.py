"""What an upstream is told of a request: set by the gate alone, empty where unknown, whatever the caller sends."""

from collections.abc import AsyncIterator

import pytest
from support.house import FRONTIER, Stage, open_stage
from support.sockets import echo, speaking, talking
from support.wire_ends import OK, ScriptedUpstream, answering, raw_caller, scripted

from gateway.clock import read_clock
from gateway.identity.assertion import Statement
from gateway.policy.access import AccessRequest, Subject
from gateway.policy.decision import Permit
from gateway.policy.snapshot import Grant
from gateway.proxy.introduction import Introduction

ALL = ("organisation", "issuer", "model", "decision_id", "revision")


class Noting:
    """Signs nothing, and notes what it was to sign."""

    def __init__(self) -> None:
        self.signed: list[Statement] = []

    def sign(self, statement: Statement, wall: float) -> bytes:
        assert wall > 0
        self.signed.append(statement)
        return b"signed"


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with scripted(answering(OK)) as playing:
        yield playing


@pytest.fixture
async def stage(upstream: ScriptedUpstream) -> AsyncIterator[Stage]:
    async with open_stage([upstream.url]) as opened:
        yield opened


def introduce(stage: Stage, *headers: str, signer: Noting | None = None) -> None:
    stage.gate.upstreams["api"].introduction = Introduction("api", headers, signer, read_clock)


def own_family(request: bytes) -> dict[bytes, bytes]:
    """The fields of the gate's own family that reached the upstream."""
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    fields = [line.partition(b": ")[::2] for line in lines if b"gateway" in line.partition(b":")[0].lower()]
    assert len(dict(fields)) == len(fields), "each comes once"
    return dict(fields)


def permit_of(organisation: str | None, issuer: str = "main") -> Permit:
    return Permit(AccessRequest(Subject(issuer, "someone", organisation=organisation), "frontier"), FRONTIER, Grant(), "grant", revision=3)


async def test_an_upstream_is_told_nothing_unless_it_is_so_configured(stage: Stage, upstream: ScriptedUpstream) -> None:
    async with raw_caller(stage.port) as caller:
        caller.post(extra=b"x-gateway-organisation: forged\r\nX_Gateway_Assertion: forged\r\n")
        await caller.answer()
    assert own_family(upstream.requests[0]) == {}


async def test_an_upstream_is_told_who_asks_for_what_by_which_decision(stage: Stage, upstream: ScriptedUpstream) -> None:
    introduce(stage, *ALL)
    async with raw_caller(stage.port) as caller:
        caller.post()
        head, _ = await caller.answer()
    told = own_family(upstream.requests[0])
    assert told.pop(b"x-gateway-decision-id") in head
    assert told == {
        b"x-gateway-organisation": b"acme",
        b"x-gateway-issuer": b"main",
        b"x-gateway-model": b"frontier",
        b"x-gateway-revision": b"1",
    }


@pytest.mark.parametrize(
    "forged",
    [
        b"x-gateway-organisation: beta\r\n",
        b"X-GATEWAY-ORGANISATION: beta\r\n",
        b"x_gateway_organisation: beta\r\n",
        b"x.gateway.organisation: beta\r\n",
        b"X-Gateway_Assertion: beta\r\n",
        b"connection: x-gateway-organisation\r\n",
        b"connection: x-gateway-organisation, x-gateway-model, keep-alive\r\nx-gateway-organisation: beta\r\n",
        b"client-cert: :YmV0YQ==:\r\nx-ssl-client-cert: beta\r\nx-forwarded-client-cert: beta\r\nssl-client-s-dn: beta\r\n",
    ],
)
async def test_nothing_that_a_caller_sends_adds_to_it_or_takes_it_away(stage: Stage, upstream: ScriptedUpstream, forged: bytes) -> None:
    introduce(stage, "organisation", "model", signer=Noting())
    async with raw_caller(stage.port) as caller:
        caller.post(extra=forged)
        await caller.answer()
    assert own_family(upstream.requests[0]) == {
        b"x-gateway-organisation": b"acme",
        b"x-gateway-model": b"frontier",
        b"x-gateway-assertion": b"signed",
    }
    assert b"beta" not in upstream.requests[0]


async def test_the_same_head_again_is_introduced_afresh(stage: Stage, upstream: ScriptedUpstream) -> None:
    signer = Noting()
    introduce(stage, "decision_id", signer=signer)
    async with raw_caller(stage.port) as caller:
        for _ in range(3):
            caller.post()
            await caller.answer()
    told = [own_family(request)[b"x-gateway-decision-id"].decode() for request in upstream.requests]
    assert len(set(told)) == 3
    assert [statement.decision_id for statement in signer.signed] == told
    assert {(one.audience, one.organisation, one.issuer, one.model, one.revision) for one in signer.signed} == {
        ("api", "acme", "main", "frontier", 1)
    }


def test_what_is_unknown_is_empty_and_what_is_not_ascii_is_encoded() -> None:
    introduction = Introduction("api", ("organisation", "issuer", "revision"), None, read_clock)
    assert introduction.lines(permit_of(None), b"00") == b"x-gateway-organisation: \r\nx-gateway-issuer: main\r\nx-gateway-revision: 3\r\n"
    spelled = introduction.lines(permit_of("main/Ünïted 100%", "käse"), b"00")
    assert spelled.startswith(b"x-gateway-organisation: main/%C3%9Cn%C3%AFted%20100%25\r\nx-gateway-issuer: k%C3%A4se\r\n")


def test_its_face_says_what_is_told() -> None:
    assert repr(Introduction("api", ALL, Noting(), read_clock)) == "<Introduction to api: 5 headers, signed>"


async def test_the_handshake_of_a_websocket_is_introduced_too() -> None:
    signer = Noting()
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        introduce(stage, "organisation", signer=signer)
        async with talking(stage.port):
            pass
    told = own_family(upstream.requests[0])
    assert told == {b"x-gateway-organisation": b"acme", b"x-gateway-assertion": b"signed"}
    assert len(signer.signed) == 1
