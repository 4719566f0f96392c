"""What we judged is what any other reader reads: h11, both parsers of aiohttp, JSON readers of which the first or the last key wins.

The caller may use the model `open` and no other. Requests are put together from the tricks by which gates are bypassed; whatever reaches
the upstream must be one request, and name `open` to every reader.
"""

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.house import Stage, open_stage
from support.readers import every_reading, models_in
from support.wire_ends import DEADLINE, ScriptedUpstream, answering, raw_caller, scripted

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
SMUGGLED = (
    b'POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer stranger\r\ncontent-length: 20\r\n\r\n{"model":"frontier"}'
)


DECIDING = (b"host", b"content-length", b"content-type", b"content-encoding", b"authorization", b"expect")


targets = st.sampled_from(
    [
        *[b"/v1/chat/completions"] * 20,
        *[b"/openai/deployments/open/chat/completions"] * 5,
        *(b"/v1/chat/completions?model=open", b"/v1/chat/completions?model=frontier", b"/v1/chat/completions?a=1;model=frontier"),
        *(b"/v1/chat/completions?Model=frontier&beta=1", b"/v1/chat/completions?mod%65l=frontier", b"/v1/chat/completions#x"),
        *(b"/openai/deployments/open/chat/completions", b"/openai/deployments/frontier/chat/completions"),
        *(b"/openai/deployments/frontier%2f..%2fopen/chat/completions", b"/openai/deployments/open/../frontier/chat/completions"),
        *(b"/v1/./chat/completions", b"//v1/chat/completions", b"http://elsewhere/v1/chat/completions", b"/v1/chat/completions "),
    ]
)
tricks = st.sampled_from(
    [
        *(b"X-Model: frontier", b"X_Model: frontier", b"x-model: open", b"Content-Type: application/json", b"Content-Encoding: gzip"),
        *(b"Content-Type: application/x-www-form-urlencoded", b"X-HTTP-Method-Override: DELETE", b"X-Original-URL: /v1/files"),
        *(b"Content-Length: 3", b"Content-Length: +3", b"Content-Length: 3, 3", b"Content_Length: 3", b"Transfer-Encoding: chunked"),
        *(
            b"Transfer-Encoding : chunked",
            b"Transfer-Encoding: xchunked",
            b"Transfer-Encoding: chunked, identity",
            b"transfer_encoding: chunked",
        ),
        *(b"Host: elsewhere", b"X-A: b\r\n folded", b"X-A: b\nContent-Length: 3", b"X-A: b\rc", b"X-A : b", b": b", b"X-A: b\0c"),
        *(
            b"Connection: content-length",
            b"Connection: x-model, host",
            b"Trailer: x",
            b"TE: trailers",
            b"Expect: 100-continue",
            b"Upgrade: h2c",
        ),
        *(b"X-A: \xff", b"X-A:", b"X-A: \tb ", b"Cookie: a=b", b"Accept: */*", b"Range: bytes=0-1", b"Via: 1.1 x", b"X-Gateway-Org: acme"),
    ]
)
keys = st.sampled_from(["model", "model", "model", "Model", "mod\\u0065l", "models", "engine", "stream", "x", "tools", "model "])
values = st.sampled_from(
    ['"open"', '"open"', '"frontier"', "null", "true", '[{"type":"x","model":"frontier"}]', '[{"model":"open"}]', '"op\\u0065n"']
)
objects = st.lists(st.tuples(keys, values), max_size=4).map(
    lambda pairs: ("{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}").encode()
)
more = st.lists(
    st.tuples(st.sampled_from(["stream", "x", "tools", "Model", "model", "engine"]), values), max_size=2, unique_by=lambda pair: pair[0]
)
extended = more.map(lambda pairs: ('{"model":"open"' + "".join(f',"{key}":{value}' for key, value in pairs) + "}").encode())
bodies = st.one_of(
    st.just(b'{"model":"open"}'),
    extended,
    objects,
    st.builds(lambda one, two: one + two, extended, st.sampled_from([b"\r\n", b"x", b"{}"])),
)


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part) + b"0\r\n\r\n"


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One request of any framing, true or false, and perhaps another behind it."""
    body = draw(bodies)
    lines = draw(st.one_of(st.just([]), st.lists(tricks, max_size=2)))
    if b"Content-Encoding: gzip" in lines:
        packer = zlib.compressobj(wbits=31)
        body = packer.compress(body) + packer.flush()
    framing = draw(st.sampled_from(["length", "length", "length", "chunked", "both", "short"]))
    if framing in {"length", "both", "short"}:
        lines.append(b"Content-Length: %d" % (len(body) // 2 if framing == "short" else len(body)))
    if framing in {"chunked", "both"}:
        lines.append(b"Transfer-Encoding: chunked")
        body = chunked(body)
    head = [b"POST " + draw(targets) + b" HTTP/1.1", b"Host: gate", b"Authorization: Bearer stranger", b"Connection: close", *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body + draw(st.sampled_from([b"", b"", SMUGGLED]))


@contextmanager
def played() -> Iterator[tuple[asyncio.Runner, Stage, ScriptedUpstream]]:
    """A gate and its upstream, for one example after the other."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def enter() -> tuple[Stage, ScriptedUpstream]:
            upstream = await stack.enter_async_context(scripted(answering(ANSWER)))
            return await stack.enter_async_context(open_stage([upstream.url])), upstream

        stage, upstream = runner.run(enter())

        async def leave() -> None:
            await stack.aclose()
            playing = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.wait_for(asyncio.gather(*playing), DEADLINE)

        try:
            yield runner, stage, upstream
        finally:
            runner.run(leave())


async def send(stage: Stage, upstream: ScriptedUpstream, data: bytes) -> tuple[bytes, list[bytes]]:
    """Send raw bytes and read to the end: what the caller got, and what reached the upstream."""
    upstream.requests.clear()
    async with raw_caller(stage.port) as caller:
        caller.send(data)
        answer, _ = await caller.rest()
    return answer, list(upstream.requests)


async def judge(stage: Stage, upstream: ScriptedUpstream, data: bytes) -> bool:
    """Whether the request went upstream; if so, it is `open` to everybody."""
    answer, reached = await send(stage, upstream, data)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert len(reached) <= 1, "what followed was not another request"
    if not reached:
        assert answer.startswith(b"HTTP/1.1 4")
        return False
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 100"))
    (seen,) = every_reading(reached[0])
    assert models_in(seen) == {"open"}
    assert (seen.method, seen.target) == tuple(data.split(b" ")[:2])
    assert seen.body in data or chunked(seen.body) in data, "byte for byte"
    names = [name for name, _ in seen.fields]
    assert not [name for name in DECIDING if names.count(name) > 1], "what decides is there once"
    assert not {b"x-gateway-org", b"x-http-method-override", b"x-original-url", b"transfer-encoding"} & set(names)
    return True


@settings(max_examples=400)
@given(st.data())
def reach(runner: asyncio.Runner, stage: Stage, upstream: ScriptedUpstream, data: st.DataObject) -> None:
    went = runner.run(judge(stage, upstream, data.draw(requests())))
    event("went upstream" if went else "was refused")


def test_whatever_goes_upstream_every_reader_reads_alike() -> None:
    with played() as (runner, stage, upstream):
        reach(runner, stage, upstream)


def test_honest_requests_of_every_framing_do_go_upstream() -> None:
    body = b'{"model":"open","stream":false}'
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(body) + packer.flush()
    head = b"POST %b HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer stranger\r\nConnection: close\r\n%b\r\n\r\n"
    with played() as (runner, stage, upstream):
        for target in (
            b"/v1/chat/completions",
            b"/v1/chat/completions?model=open",
            b"/openai/deployments/open/chat/completions?api-version=1",
        ):
            for framing, sent in (
                (b"Content-Length: %d" % len(body), body),
                (b"Transfer-Encoding: chunked", chunked(body)),
                (b"Content-Encoding: gzip\r\nContent-Length: %d" % len(packed), packed),
            ):
                assert runner.run(judge(stage, upstream, head % (target, framing) + sent))
