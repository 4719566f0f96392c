"""Who asked is asked again after every wait: a body that comes slowly must not carry a token past its end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from msgspec import Struct
from support.book import Book
from support.forge import Signer, key_set, recognising
from support.house import KnownTokens, Stage, open_stage, policy
from support.sockets import echo, speaking, talking, text
from support.wire_ends import OK, RawCaller, ScriptedUpstream, answering, eventually, raw_caller, scripted

from gateway.clock import read_clock
from gateway.identity.jwk import read_key_set
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import NeedKeys, Verifier
from gateway.policy.access import Instant, Subject
from gateway.policy.gcra import rate_of
from gateway.policy.holding import Holding
from gateway.policy.share import Share
from gateway.policy.snapshot import Grant
from gateway.policy.vocabulary import Reason
from gateway.proxy.fair_share import FairShare
from gateway.proxy.ownership import Ownership
from gateway.store.shares import Asked, Given
from gateway.wire.route import Dialect

BODY = b'{"model":"frontier"}'


class Half(Struct):
    """A request of which the head and half the body have come, and whose caller is known."""

    stage: Stage
    upstream: ScriptedUpstream
    raw: RawCaller
    keyset: KeySet

    async def ends(self) -> tuple[bytes, bytes]:
        """Send the other half; give status and body of the answer."""
        self.raw.send(BODY[10:])
        head, body = await self.raw.answer()
        return head[9:12], body


@pytest.fixture
async def half() -> AsyncIterator[Half]:
    async def nobody(_url: str, _timeout: float) -> bytes:
        raise OSError("keys are put in place")

    verifier, keyset = recognising(nobody)
    token = Signer().token(org_id="acme", exp=int(time.time()) + 600)
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as raw:
        stage.gate.identifier = verifier
        whole = b"POST /v1/chat/completions HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer %b\r\nexpect: 100-continue\r\n"
        raw.send(whole % token + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY[:10])
        assert (await raw.head()).startswith(b"HTTP/1.1 100 "), "the caller is known, the body is waited for"
        yield Half(stage, upstream, raw, keyset)


async def test_who_is_still_known_is_served(half: Half) -> None:
    assert (await half.ends())[0] == b"200"
    assert len(half.upstream.requests) == 1


def expire(half: Half) -> None:
    half.stage.gate.clock = lambda: Instant(read_clock().wall + 3000, read_clock().steady)


def withdraw_the_key(half: Half) -> None:
    half.keyset.ring = read_key_set(key_set(Signer("k1", number=2)), ("ES256",))


def trust_nobody(half: Half) -> None:
    half.stage.gate.identifier = Verifier([], {}, read_clock)


@pytest.mark.parametrize(
    ("happens", "reason"), [(expire, b"token_expired"), (withdraw_the_key, b"token_invalid"), (trust_nobody, b"issuer_unknown")]
)
async def test_what_ends_a_token_ends_it_also_while_its_body_comes(half: Half, happens: Callable[[Half], None], reason: bytes) -> None:
    happens(half)
    status, body = await half.ends()
    assert status == b"401"
    assert reason in body
    assert half.upstream.requests == []


class Ended(KnownTokens):
    """Knows everybody until `now_says` something else."""

    now_says: Reason | Subject | NeedKeys | None = None

    def verify(self, token: bytes, now: Instant, shown: str = "") -> Subject | Reason | NeedKeys:
        return self.now_says or super().verify(token, now, shown)


ENDS = [
    (Reason.TOKEN_EXPIRED, "token_expired"),
    (NeedKeys("main", "k9"), "keyset_unavailable"),
    (Subject("main", "someone else", organisation="acme"), "token_invalid"),
]


@pytest.mark.parametrize(("says", "reason"), ENDS)
async def test_a_websocket_names_no_further_model_with_a_token_that_has_ended(says: Reason | Subject | NeedKeys, reason: str) -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        stage.gate.identifier = tokens = Ended()
        async with talking(stage.port, b"/v1/realtime?model=open") as caller:
            tokens.now_says = says
            caller.say(text(b'{"session":{"model":"open"}}'))
            assert await caller.hear() == text(b'{"session":{"model":"open"}}'), "what it may say it may go on saying"
            caller.say(text(b'{"session":{"model":"frontier"}}'))
            code, told = await caller.hear_close()
            assert (code, told.split()[0]) == (1008, reason)
            assert len(stage.gate.leases) == 0


@pytest.mark.parametrize(("says", "reason"), ENDS)
async def test_a_token_that_ends_while_the_ledger_is_asked_reaches_no_object(says: Reason | Subject | NeedKeys, reason: str) -> None:
    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        stage.gate.identifier = tokens = Ended()
        book = Book()
        book.entries["file-1"] = Holding("acme", "file")
        stage.gate.ownership = Ownership(stage.gate, stage.policy, book, {Dialect.OPENAI: "api"})
        book.open.clear()
        caller.send(b"GET /v1/files/file-1 HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n\r\n")
        await eventually(lambda: book.asked == 1, "the ledger is asked")
        tokens.now_says = says
        book.open.set()
        head, body = await caller.answer()
        assert head.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 503 "))
        assert reason.encode() in body
        assert upstream.requests == []


async def test_a_token_that_ends_while_a_share_is_asked_for_takes_nothing_of_it() -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    class Slow:
        """A store that answers when it may, and gives what is asked."""

        async def take(self, wanted: Sequence[Asked]) -> list[Given]:
            asked.set()
            await answer.wait()
            return [Given(each.requests, 0.0, each.places) for each in wanted]

    async with scripted(answering(OK)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        stage.gate.identifier = tokens = Ended()
        stage.publish(policy(frontier={"acme": Grant(share=Share(rate_of(9, 1.0, 9), 9, 1.0))}, revision=2))
        stage.gate.decider.fair_share = FairShare(
            Slow(), stage.gate.leases, lambda: stage.policy.snapshot, read_clock, workers=lambda: 1, on_taken=lambda _: None
        )
        caller.post()
        await asyncio.wait_for(asked.wait(), 5)
        tokens.now_says = Reason.TOKEN_EXPIRED
        answer.set()
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 401 ")
        assert b"token_expired" in body
        assert upstream.requests == []


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
