"""Caches that are warm: each thing that a decision depends on is changed on a connection that has just been served, with everything known.

Warm are the head and its stencil, the token's subject, and the permit of the like request before; none may outlive what it rests on.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct, structs
from support.forge import Signer, key_set, recognising
from support.house import Stage, open_stage, policy
from support.running import COUNTRY_HEADER, GATED, OPEN, REGIONAL, RunningGate, demo_issuer_section, running_gate
from support.wire_ends import OK, RawCaller, ScriptedUpstream, answering, raw_caller, scripted

from gateway.clock import read_clock
from gateway.demo.issuer import DemoIssuer
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.policy.access import Instant
from gateway.policy.snapshot import Grant
from gateway.policy.vocabulary import Stage as ModelStage

ENOUGH = 4  # like requests after which everything about them is known
SECOND = "https://second.example"


class Caller(Struct):
    """One connection to a running gate, on which the same is asked again and again."""

    gate: RunningGate
    raw: RawCaller

    async def asks(
        self, token: str, model: str = GATED, *, path: str = "/v1/chat/completions", country: str = "DE", times: int = 1
    ) -> tuple[bytes, bytes]:
        """Ask, and give status and body of the last answer."""
        body = b'{"model":"%b","messages":[{"role":"user","content":"hi"}]}' % model.encode()
        answer = (b"", b"")
        for _ in range(times):
            self.raw.post(body, token=token, path=path, extra=f"{COUNTRY_HEADER}: {country}\r\n".encode())
            answer = await self.raw.answer()
        return answer[0][9:12], answer[1]

    async def is_warm(self, token: str, model: str = GATED) -> None:
        """Be served until everything is known."""
        status, body = await self.asks(token, model, times=ENOUGH)
        assert status == b"200", body

    async def is_refused(
        self, reason: bytes, token: str, model: str = GATED, *, path: str = "/v1/chat/completions", country: str = "DE"
    ) -> None:
        """Ask once, be refused for this reason; nothing of it reaches the upstream."""
        before = len(self.gate.upstream.requests)
        status, body = await self.asks(token, model, path=path, country=country)
        assert status.startswith(b"4"), body
        assert reason in body
        assert len(self.gate.upstream.requests) == before


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    (tmp_path / "second").mkdir()
    first, second = DemoIssuer(tmp_path), DemoIssuer(tmp_path / "second", issuer=SECOND)
    issuers = (demo_issuer_section(first), structs.replace(demo_issuer_section(second), name="second", issuer=SECOND))
    async with running_gate(tmp_path, issuers=issuers) as gate:
        await gate.admit("org_acme", GATED)
        await gate.admit("org_acme", REGIONAL)
        async with raw_caller(int(gate.url.rpartition(":")[2])) as raw:
            yield Caller(gate, raw)


async def test_another_model(caller: Caller) -> None:
    token = caller.gate.mint()
    await caller.gate.remove("org_acme", REGIONAL)
    await caller.is_warm(token)
    await caller.is_refused(b"org_not_approved", token, REGIONAL)
    await caller.is_warm(token)


async def test_another_token(caller: Caller) -> None:
    token = caller.gate.mint()
    await caller.is_warm(token)
    await caller.is_refused(b"org_not_approved", caller.gate.mint("org_acmf"))
    await caller.is_refused(b"nationality_restricted", caller.gate.mint(nationalities=["KP"]))
    await caller.is_refused(b"token_", token[:-1] + ("A" if token[-1] != "A" else "B"))
    await caller.is_refused(b"token_", token[:-8])
    await caller.raw.reader.read(0)


async def test_another_country(caller: Caller) -> None:
    token = caller.gate.mint()
    await caller.is_warm(token, REGIONAL)
    await caller.is_refused(b"region_restricted", token, REGIONAL, country="KP")
    await caller.is_refused(b"region_unknown", token, REGIONAL, country="??")
    await caller.is_warm(token, REGIONAL)


async def test_another_issuer(caller: Caller, tmp_path: Path) -> None:
    second = DemoIssuer(tmp_path / "second", issuer=SECOND)
    await caller.is_warm(caller.gate.mint())
    await caller.is_refused(b"org_not_approved", second.mint(org_id="org_acme", nationalities=["DE"]))
    await caller.is_refused(b"token_invalid", second.mint(iss=caller.gate.issuer.issuer, org_id="org_acme", nationalities=["DE"]))


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/chat/completions/", "/v1/chat/completion", "/v1/responses/x", "/V1/chat/completions", "/v1/batches"]
)
async def test_another_route(caller: Caller, path: str) -> None:
    token = caller.gate.mint()
    await caller.is_warm(token)
    await caller.is_refused(b"route_not_allowed", token, path=path)


@pytest.mark.parametrize("field", ["jti:t-1", "sub:demo/someone", "org:org_acme"])
async def test_a_revocation(caller: Caller, field: str) -> None:
    token = caller.gate.mint(jti="t-1", sub="someone")
    await caller.is_warm(token)
    caller.gate.cli("HSET", "gateway:revocations", field, "{}")
    await caller.gate.settled()
    await caller.is_refused(b"token_revoked", token)
    caller.gate.cli("HDEL", "gateway:revocations", field)
    await caller.gate.settled()
    await caller.is_warm(token)


async def test_a_grant_that_is_gone(caller: Caller) -> None:
    token = caller.gate.mint()
    await caller.is_warm(token)
    await caller.gate.remove("org_acme", GATED)
    await caller.is_refused(b"org_not_approved", token)
    await caller.gate.admit("org_acme", GATED)
    await caller.is_warm(token)


async def test_a_model_that_is_suspended(caller: Caller) -> None:
    token = caller.gate.mint()
    await caller.is_warm(token)
    caller.gate.cli("HSET", "gateway:models", GATED, '{"stage":"suspended"}')
    await caller.gate.settled()
    await caller.is_refused(b"model_suspended", token)


async def test_what_is_open_to_all_stays_open_beside_it(caller: Caller) -> None:
    token = caller.gate.mint("org_other")
    await caller.is_warm(token, OPEN)
    await caller.is_refused(b"org_not_approved", token, GATED)
    await caller.is_warm(token, OPEN)


# -- with a clock, keys and a journal in the test's hands ---------------------------------------------------------------


class Hands(Struct):
    """A gate whose keys, clock and journal a test holds, and one warm connection to it."""

    stage: Stage
    upstream: ScriptedUpstream
    raw: RawCaller
    keyset: KeySet
    token: bytes
    served: int = 0

    async def status(self) -> bytes:
        """Ask what was asked before."""
        self.raw.post(token=self.token.decode())
        status = (await self.raw.answer())[0][9:12]
        self.served += status == b"200"
        return status

    def later(self, seconds: float) -> None:
        """Let time pass for the gate's decisions."""
        self.stage.gate.clock = lambda: Instant(read_clock().wall + seconds, read_clock().steady + seconds)


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    async def nobody(_url: str, _timeout: float) -> bytes:
        raise AssertionError("keys are put in place")

    verifier, keyset = recognising(nobody)
    token = Signer().token(org_id="acme", exp=int(time.time()) + 600)
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as raw:
        stage.gate.identifier = verifier
        hands = Hands(stage, upstream, raw, keyset, token)
        for _ in range(ENOUGH):
            assert await hands.status() == b"200"
        yield hands
        assert len(upstream.requests) == hands.served


async def test_keys_that_are_withdrawn(hands: Hands) -> None:
    hands.keyset.ring = read_key_set(key_set(Signer("k1", number=2)), ("ES256",))
    assert await hands.status() == b"401"


async def test_a_token_that_has_expired(hands: Hands) -> None:
    hands.later(3000)
    assert await hands.status() == b"401"


async def test_a_policy_that_nobody_confirms(hands: Hands) -> None:
    hands.stage.publish(structs.replace(hands.stage.policy.snapshot, max_staleness=100.0))
    assert await hands.status() == b"200"
    hands.later(101)
    assert await hands.status() == b"503"


async def test_a_permit_given_while_the_policy_was_fresh_is_none_when_it_is_stale(hands: Hands) -> None:
    hands.later(300)
    hands.stage.policy.snapshot = structs.replace(hands.stage.policy.snapshot, max_staleness=301.0)
    assert await hands.status() == b"200"
    assert await hands.status() == b"200"
    hands.later(303)
    assert await hands.status() == b"503"


async def test_a_grant_that_has_ended(hands: Hands) -> None:
    hands.stage.publish(policy(frontier={"acme": Grant(valid_until=time.time() + 100)}, revision=2))
    assert await hands.status() == b"200"
    hands.later(101)
    assert await hands.status() == b"403"


async def test_a_stage_that_has_changed(hands: Hands) -> None:
    catalogue = hands.stage.policy.snapshot.catalogue
    hands.stage.publish(
        structs.replace(
            hands.stage.policy.snapshot,
            catalogue={**catalogue, "frontier": structs.replace(catalogue["frontier"], stage=ModelStage.SUSPENDED)},
            revision=2,
        )
    )
    assert await hands.status() == b"403"


async def test_a_journal_that_takes_nothing(hands: Hands) -> None:
    hands.stage.notebook.accepting = False
    assert await hands.status() == b"503"


# -- the same bytes on a warm connection and on a cold one --------------------------------------------------------------

BODY = b'{"model":"open"}'
OTHER = b'{"model":"frontier"}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer stranger\r\ncontent-length: %b\r\nx-a: b\r\n\r\n"
ONE = HEAD % b"16" + BODY
LAST = b"GET /nothing HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n\r\n"
TRICKS = {
    "the same": ONE,
    "another body": HEAD % b"20" + OTHER,
    "leading zeros": HEAD % b"0016" + BODY,
    "seventeen digits": HEAD % b"00000000000000016" + BODY,
    "eighteen digits": HEAD % b"000000000000000016" + BODY,
    "nineteen digits": HEAD % b"0000000000000000016" + BODY,
    "very many digits": HEAD % (b"0" * 5000 + b"16") + BODY,
    "a huge number": HEAD % (b"9" * 17) + BODY,
    "plus": HEAD % b"+16" + BODY,
    "minus": HEAD % b"-16" + BODY,
    "blank before": HEAD % b" 16" + BODY,
    "blank after": HEAD % b"16 " + BODY,
    "hexadecimal": HEAD % b"0x10" + BODY,
    "underscore": HEAD % b"1_6" + BODY,
    "other digits": HEAD % "١٦".encode() + BODY,
    "a list": HEAD % b"16, 16" + BODY,
    "no digits": HEAD % b"" + BODY,
    "shorter": HEAD % b"15" + BODY,
    "longer, then another": HEAD % b"20" + BODY + ONE,
    "a second length": HEAD % b"16\r\ncontent-length: 20" + OTHER,
    "chunked as well": HEAD % b"16\r\ntransfer-encoding: chunked" + BODY,
    "another host": ONE.replace(b"host: gate", b"host: gone"),
    "another host more": ONE.replace(b"x-a: b", b"host: x"),
    "another model in a header": ONE.replace(b"x-a: b\r\n", b"x-model: frontier\r\n"),
    "another token": ONE.replace(b"stranger", b"strangeR"),
    "another token more": ONE.replace(b"x-a: b", b"x-api-key: acme"),
    "another target": ONE.replace(b"/completions", b"/completionz"),
    "a query": ONE.replace(b"completions ", b"completions?model=frontier "),
    "another method": ONE.replace(b"POST ", b"PUT "),
    "another version": ONE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "bare line feeds": ONE.replace(b"\r\n", b"\n"),
    "one bare line feed": ONE.replace(b"x-a: b\r\n", b"x-a: b\n"),
    "folded": ONE.replace(b"x-a: b", b"x-a: b\r\n c"),
    "two at once": ONE + HEAD % b"20" + OTHER,
    "one and a half": ONE + ONE[:50],
    "blank lines before": b"\r\n" + ONE,
    "the end of a head alone": b"\r\ncontent-length: 16\r\nx-a: b\r\n\r\n" + BODY,
    "the digits alone": b"16\r\nx-a: b\r\n\r\n" + BODY,
    "nothing but a body": BODY,
    "a length of none": HEAD % b"0",
}


async def outcome(stage: Stage, upstream: ScriptedUpstream, pieces: list[bytes]) -> tuple[list[bytes], list[tuple[bytes, bytes]]]:
    """Send pieces on one connection, each when the one before was answered; give the statuses of the last, and what arrived for it."""
    async with raw_caller(stage.port) as caller:
        for piece in pieces[:-1]:
            caller.send(piece)
            await caller.answer()
        upstream.requests.clear()
        caller.send(pieces[-1])
        first = await caller.answer()
        caller.send(LAST)
        rest, _ = await caller.rest()
    text = b"".join(first) + rest
    statuses = [part[:3] for part in text.split(b"HTTP/1.1 ")[1:]]
    return statuses, [(request.split(b" HTTP/1.1", 1)[0], request.partition(b"\r\n\r\n")[2]) for request in upstream.requests]


@pytest.mark.parametrize("trick", TRICKS)
async def test_bytes_mean_the_same_on_a_warm_connection(trick: str) -> None:
    data = TRICKS[trick]
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage:
        cold = await outcome(stage, upstream, [data])
        warm = await outcome(stage, upstream, [*[ONE] * ENOUGH, data])
    assert warm == cold
    assert all(body == BODY and b"frontier" not in line for line, body in warm[1])
    assert not [status for status in warm[0] if status.startswith(b"5")]


async def test_bytes_in_other_pieces_mean_the_same_on_a_warm_connection() -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        for _ in range(ENOUGH):
            caller.send(ONE)
            await caller.answer()
        for place in range(1, len(ONE)):
            upstream.requests.clear()
            caller.send(ONE[:place])
            await caller.writer.drain()
            await asyncio.sleep(0)
            caller.send(ONE[place:])
            assert (await caller.answer())[0].startswith(b"HTTP/1.1 200 ")
            assert [request.partition(b"\r\n\r\n")[2] for request in upstream.requests] == [BODY]
