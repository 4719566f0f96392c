"""A hidden model and one that is not there are refused alike, to the byte, on every route, for every reason, also on a known connection."""

import re
import time
from collections.abc import AsyncIterator

import pytest
from msgspec import structs
from support.asked import Asked, path_of, plain
from support.house import FRONTIER, OPEN, Stage, open_stage, policy
from support.sockets import echo, socket_caller, speaking, talking, text
from support.wire_ends import raw_caller, scripted

from gateway.clock import read_clock
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Grant, Snapshot
from gateway.policy.vocabulary import Stage as ModelStage
from gateway.wire.route import Kind
from gateway.wire.routes import TABLE

HIDDEN, NOTHING = "frontier", "frontien"
RUNNING = [(method, shape, route) for (method, shape), route in TABLE.items() if route.kind is Kind.INFERENCE]
ITEMS = [(method, shape) for (method, shape), route in TABLE.items() if route.kind is Kind.CATALOGUE_ITEM]
SPEAKING = [shape for (_, shape), route in TABLE.items() if route.kind is Kind.REALTIME]


def hidden(snapshot: Snapshot, **changes: object) -> Snapshot:
    """The same policy, in which `frontier` is hidden."""
    model = structs.replace(FRONTIER, hidden=True, **changes)
    return structs.replace(snapshot, catalogue={HIDDEN: model, "open": OPEN})


POLICIES = {
    "not on the list": hidden(policy(frontier={})),
    "a grant that has ended": hidden(policy(frontier={"acme": Grant(valid_until=time.time() - 9)})),
    "a grant that cannot be read": hidden(policy(frontier={"acme": Grant(invalid=True)})),
    "suspended": hidden(policy(frontier={"acme": Grant()}), stage=ModelStage.SUSPENDED),
    "an order with a legal basis": structs.replace(
        hidden(policy(frontier={"acme": Grant()})),
        directives=(Directive("d1", models=frozenset((HIDDEN,)), legal_basis="https://example.org/law", authority="letter", contact="x"),),
    ),
    "stale": hidden(policy(frontier={"acme": Grant()}, max_staleness=-1.0)),
}


@pytest.fixture(params=list(POLICIES.values()), ids=list(POLICIES))
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with scripted(speaking(echo)) as upstream, open_stage([upstream.url]) as stage:
        stage.publish(structs.replace(request.param, confirmed_at=read_clock().steady))
        yield stage


def anonymous(answer: bytes) -> bytes:
    """Without the two names and what is another for each request."""
    return re.sub(rb"[0-9a-f]{24}", b"<id>", answer.replace(NOTHING.encode(), HIDDEN.encode()))


async def told(stage: Stage, asked: list[Asked], accept: bytes = b"*/*") -> list[bytes]:
    """Ask one after the other on one connection; give the answers, whole."""
    answers = []
    async with raw_caller(stage.port) as caller:
        for one in asked:
            fields = b"".join(b"%b: %b\r\n" % field for field in one.headers) + b"accept: %b\r\n" % accept
            head = b"%b %b HTTP/1.1\r\nhost: gate\r\nauthorization: Bearer acme\r\n%bcontent-length: %d\r\n\r\n"
            caller.send(head % (one.method, one.target, fields, len(one.body)) + one.body)
            answers.append(anonymous(b"".join(await caller.answer())))
    return answers


@pytest.mark.parametrize("accept", [b"*/*", b"application/problem+json"])
async def test_on_every_route_that_runs_a_model(stage: Stage, accept: bytes) -> None:
    for method, shape, route in RUNNING:
        pair = [plain(method, shape, route, name) for name in (NOTHING, HIDDEN)]
        answers = await told(stage, pair * 4, accept)  # the head is known from the third on
        assert len(set(answers)) == 1, shape
        assert answers[0].startswith(b"HTTP/1.1 404 "), shape


async def test_in_every_catalogue(stage: Stage) -> None:
    for method, shape in ITEMS:
        answers = await told(stage, [Asked(method, path_of(shape, name), [], b"") for name in (NOTHING, HIDDEN)])
        assert len(set(answers)) == 1, shape
        assert answers[0].startswith(b"HTTP/1.1 404 "), shape


async def test_at_the_opening_of_a_websocket(stage: Stage) -> None:
    for shape in SPEAKING:
        answers = set()
        for name in (NOTHING, HIDDEN):
            for place in ("model", "deployment"):
                async with socket_caller(stage.port) as caller:
                    caller.ask(f"{shape}?{place}={name}".encode())
                    answers.add((place, anonymous((await caller.raw.rest())[0])))
        assert len(answers) == 2, shape


async def test_in_an_event_of_a_websocket(stage: Stage) -> None:
    closed = set()
    for name in (NOTHING, HIDDEN):
        async with talking(stage.port, b"/v1/realtime?model=open") as caller:
            caller.say(text(b'{"session":{"model":"%b"}}' % name.encode()))
            code, reason = await caller.hear_close()
            closed.add((code, anonymous(reason.encode())))
    assert len(closed) == 1
    assert closed.pop()[0] == 1008
