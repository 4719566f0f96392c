"""Models that are named after the opening: decided on each time, and depended on from then on."""

import asyncio

import pytest
from msgspec import structs
from support.house import OPEN, open_stage, policy
from support.sockets import echo, speaking, talking, text
from support.wire_ends import scripted

from gateway.clock import read_clock
from gateway.policy.gcra import rate_of
from gateway.policy.share import Share
from gateway.policy.snapshot import Grant
from gateway.proxy.fair_share import FairShare
from gateway.wire.websocket import Frame, Opcode

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)

SWITCHES = [
    b'{"type":"session.update","session":{"model":"%b"}}',
    b'{"type":"session.update","model":"%b"}',
    b'{"type":"response.create","response":{"model":"%b"}}',
    b'{"type":"session.update","session":{"audio":{"input":{"transcription":{"model":"%b"}}}}}',
    b'{"type":"session.update","session":{"engine":"%b"}}',
]


@pytest.mark.parametrize("event", SWITCHES)
async def test_another_model_is_decided_on(event: bytes) -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        async with talking(stage.port, b"/v1/realtime?model=open") as caller:
            caller.say(text(event % b"frontier"))
            assert await caller.hear() == text(event % b"frontier")
            assert len(stage.gate.leases) == 2
            stage.publish(WITHOUT_ACME)
            code, told = await caller.hear_close()
            assert code == 1008
            assert told.startswith("org_not_approved ")
            assert len(stage.gate.leases) == 0


async def test_another_model_takes_of_its_share_and_too_much_ends_the_connection() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        stage.publish(policy(frontier={"acme": Grant(share=Share(rate_of(1, 3600.0, 1), 1, 3600.0))}))
        stage.gate.decider.fair_share = FairShare(
            None, stage.gate.leases, lambda: stage.policy.snapshot, read_clock, workers=lambda: 1, on_taken=lambda _: None
        )
        async with talking(stage.port, b"/v1/realtime?model=open") as first, talking(stage.port, b"/v1/realtime?model=open") as second:
            first.say(text(SWITCHES[0] % b"frontier"))
            assert await first.hear() == text(SWITCHES[0] % b"frontier")
            second.say(text(SWITCHES[0] % b"frontier"))
            code, told = await second.hear_close()
            assert (code, told.split()[0]) == (1008, "limit_exceeded")


@pytest.mark.parametrize("event", SWITCHES)
@pytest.mark.parametrize(("name", "reason"), [(b"frontier", "org_not_approved"), (b"nothing", "model_unknown")])
async def test_another_model_that_is_not_permitted_ends_the_connection(event: bytes, name: bytes, reason: str) -> None:
    heard = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    async with scripted(speaking(listen)) as upstream, open_stage([upstream.url]) as stage:
        async with talking(stage.port, b"/v1/realtime?model=open", b"stranger") as caller:
            caller.say(text(event % name))
            code, told = await caller.hear_close()
            assert code == 1008
            assert told.startswith(reason)
            await asyncio.wait_for(upstream.closed.wait(), 5)
            assert len(stage.gate.leases) == 0
    assert heard in ([], [b""])


async def test_the_same_model_again_is_no_new_decision() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        decided = len(stage.notebook.lines)
        for event in SWITCHES:
            caller.say(text(event % b"frontier"))
            await caller.hear()
        assert len(stage.notebook.lines) == decided
        assert len(stage.gate.leases) == 1


async def test_a_switch_hidden_in_fragments_is_read() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        async with talking(stage.port, b"/v1/realtime?model=open", b"stranger") as caller:
            event = b'{"session":{"model":"frontier"}}'
            caller.say(text(event[:20], final=False), Frame(Opcode.CONTINUATION, event[20:-1], final=False))
            caller.say(Frame(Opcode.CONTINUATION, event[-1:]))
            assert (await caller.hear_close())[0] == 1008


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b'{"session":{"model":"open"},"session":{"model":"frontier"}}', "malformed_request"),
        (b'{"session":{"model":"open","model":"frontier"}}', "model_ambiguous"),
        (b'{"session":{"Model":"frontier"}}', "model_ambiguous"),
        (b'{"session":{"mod\\u0065l":"frontier"}}', "model_ambiguous"),
        (b'{"session":{"model":["frontier"]}}', "model_unresolved"),
        (b'{"session":', "malformed_request"),
        (b'{"session":{"prompt":{"id":"of_another"}}}', "route_not_allowed"),
        (b'{"response":{"previous_response_id":"of_another"}}', "route_not_allowed"),
    ],
)
async def test_an_event_that_can_be_read_in_two_ways_or_reaches_beyond_ends_the_connection(event: bytes, reason: str) -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        async with talking(stage.port, b"/v1/realtime?model=open") as caller:
            caller.say(text(event))
            code, told = await caller.hear_close()
            assert code == 1008
            assert told.startswith(f"{reason} (decision ")


async def test_a_model_of_another_upstream_needs_a_connection_of_its_own() -> None:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage, talking(stage.port) as caller:
        elsewhere = structs.replace(OPEN, upstream="other")
        snapshot = policy(frontier={"acme": Grant()}, revision=2)
        stage.publish(structs.replace(snapshot, catalogue={**snapshot.catalogue, "open": elsewhere}))
        caller.say(text(b'{"session":{"model":"open"}}'))
        code, told = await caller.hear_close()
        assert code == 1008
        assert told.startswith("route_not_allowed")
