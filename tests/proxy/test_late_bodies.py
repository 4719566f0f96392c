"""Bodies that come long after their head: who asks is established anew when the question is whole, for tokens end and keys go meanwhile."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from msgspec import Struct
from support.forge import Signer, issuer, key_set
from support.house import KnownTokens, Stage, open_stage, policy
from support.wire_ends import OK, RawCaller, ScriptedUpstream, answering, eventually, raw_caller, scripted

from gateway.clock import read_clock
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import NeedKeys, Verifier
from gateway.policy.access import Instant, Subject
from gateway.policy.snapshot import Grant
from gateway.policy.vocabulary import Reason

BODY = b'{"model":"frontier"}'


class Scene(Struct):
    """A gate whose keys and clock a test holds, and a caller whose head has been taken."""

    stage: Stage
    upstream: ScriptedUpstream
    raw: RawCaller
    keyset: KeySet

    async def status(self) -> bytes:
        """Send the body, read the answer."""
        self.raw.send(BODY)
        return (await self.raw.answer())[0][9:12]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    trusted = issuer()

    async def nobody(_url: str, _timeout: float) -> bytes:
        raise AssertionError("keys are put in place")

    keyset = KeySet(trusted, read_clock, nobody)
    keyset.ring = read_key_set(key_set(Signer()), trusted.algorithms)
    keyset.loaded = True
    token = Signer().token(org_id="acme", exp=int(time.time()) + 600)
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as raw:
        verifier = stage.gate.identifier = Verifier([trusted], {"main": keyset}, read_clock)
        raw.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer %b\r\ncontent-length: 20\r\n\r\n" % token)
        await eventually(lambda: bool(verifier.counts), "the head has been taken")
        yield Scene(stage, upstream, raw, keyset)


async def test_a_token_that_is_still_good(scene: Scene) -> None:
    assert await scene.status() == b"200"


async def test_a_token_that_has_expired_meanwhile(scene: Scene) -> None:
    scene.stage.gate.clock = lambda: Instant(read_clock().wall + 3000, read_clock().steady)
    assert await scene.status() == b"401"
    assert not scene.upstream.requests


async def test_keys_that_have_been_withdrawn_meanwhile(scene: Scene) -> None:
    scene.keyset.ring = read_key_set(key_set(Signer("k1", number=2)), ("ES256",))
    assert await scene.status() == b"401"
    assert not scene.upstream.requests


async def test_a_revocation_that_comes_while_the_keys_are_fetched() -> None:
    class Fetching(KnownTokens):
        """Has its keys when told."""

        fetched = asyncio.Event()

        def verify(self, token: bytes, now: Instant, shown: str = "") -> Subject | Reason | NeedKeys:
            return super().verify(token, now, shown) if self.fetched.is_set() else NeedKeys("main", "k1")

        async def fetch_keys(self, need: NeedKeys) -> None:
            del need
            await self.fetched.wait()

    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as raw:
        stage.gate.identifier = identifier = Fetching()
        raw.post()
        await eventually(lambda: len(stage.gate._tasks) == 1, "the keys are waited for")  # noqa: SLF001
        stage.publish(policy(frontier={"beta": Grant()}, revision=2))
        identifier.fetched.set()
        head, body = await raw.answer()
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"org_not_approved" in body
        assert not upstream.requests


async def test_an_issuer_that_has_been_removed_meanwhile(scene: Scene) -> None:
    scene.stage.gate.identifier = Verifier([], {}, read_clock)
    assert await scene.status() == b"401"
    assert not scene.upstream.requests
