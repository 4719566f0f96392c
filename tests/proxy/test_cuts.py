"""Revocation in the middle of an answer: the upstream stops, the caller is told in the way its answer allows, nobody else notices."""

import asyncio
import json
import time

import pytest
from msgspec import structs
from support.house import OPEN, open_stage, policy
from support.wire_ends import OK, SSE_HEAD, Script, chunk, eventually, raw_caller, read_request, scripted

from gateway.clock import read_clock
from gateway.policy.directive import Directive
from gateway.policy.snapshot import Grant
from gateway.policy.vocabulary import Stage
from gateway.settings.shape import Limits

WITHOUT_ACME = policy(frontier={"beta": Grant()}, revision=2)


def starting(beginning: bytes) -> Script:
    """Make an upstream that begins an answer and then says nothing more."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(beginning)
        await writer.drain()
        await reader.read()

    return script


async def test_an_event_stream_ends_with_an_error_event_and_without_a_clean_end() -> None:
    async with (
        scripted(starting(SSE_HEAD + chunk(b"data: 1\n\n"))) as upstream,
        open_stage([upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        caller.post()
        await caller.until(b"data: 1\n\n")
        stage.publish(WITHOUT_ACME)
        rest, _ = await caller.rest()
        assert b"org_not_approved" in rest
        event = json.loads(rest.partition(b"data: ")[2].partition(b"\n\n")[0])
        assert event["error"]["code"] == "org_not_approved"
        assert not rest.endswith(b"0\r\n\r\n")
        await asyncio.wait_for(upstream.closed.wait(), 5)
        assert stage.metrics.streams_cut.labels("frontier", "org_not_approved").value == 1
        assert stage.metrics.streams_open.labels("frontier").value == 0
        assert b'"ending":"cut"' in stage.notebook.lines[-1]


async def test_half_an_event_is_never_delivered_before_the_error_event() -> None:
    async with scripted(starting(SSE_HEAD + chunk(b"data: 1\n\ndata: {half"))) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as caller:
            caller.post()
            await caller.until(b"data: 1\n\n")
            stage.publish(WITHOUT_ACME)
            rest, _ = await caller.rest()
            assert b"half" not in rest
            assert b"org_not_approved" in rest


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome", id="length"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk(b"some"), id="chunked"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
            + chunk(b"some"),
            id="compressed events",
        ),
    ],
)
async def test_any_other_answer_is_broken_off(beginning: bytes) -> None:
    async with scripted(starting(beginning)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.until(b"some")
        stage.publish(WITHOUT_ACME)
        rest, reset = await caller.rest()
        assert reset
        assert not rest.endswith(b"0\r\n\r\n")
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def test_a_request_that_has_no_answer_yet_is_refused() -> None:
    async with scripted(starting(b"")) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await eventually(lambda: upstream.connections == 1, "the request is upstream")
        stage.publish(WITHOUT_ACME)
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"org_not_approved" in body
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def test_a_request_that_waits_for_a_connection_is_refused_and_never_sent() -> None:
    sent = []

    async def busy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            sent.append(await read_request(reader))
            writer.write(SSE_HEAD + chunk(b"data: 1\n\n"))
            await writer.drain()

    async with scripted(busy) as upstream, open_stage([upstream.url], max_connections=1) as stage:
        async with raw_caller(stage.port) as first, raw_caller(stage.port) as second:
            first.post(token="beta")
            await first.until(b"data: 1\n\n")
            second.post(token="acme")
            await eventually(lambda: len(stage.gate.leases) == 2, "the second waits under its lease")
            stage.publish(WITHOUT_ACME)
            head, _ = await second.answer()
            assert head.startswith(b"HTTP/1.1 403 ")
            assert len(sent) == 1


async def test_the_others_keep_flowing() -> None:
    go_on = asyncio.Event()

    async def two_events(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(SSE_HEAD + chunk(b"data: 1\n\n"))
        await writer.drain()
        await go_on.wait()
        writer.write(chunk(b"data: 2\n\n") + b"0\r\n\r\n")
        await writer.drain()

    async with scripted(two_events) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as revoked, raw_caller(stage.port) as kept, raw_caller(stage.port) as ungated:
            revoked.post(token="acme")
            kept.post(token="beta")
            ungated.post(b'{"model":"open"}', token="acme")
            for caller in (revoked, kept, ungated):
                await caller.until(b"data: 1\n\n")
            stage.publish(WITHOUT_ACME)
            await revoked.rest()
            go_on.set()
            for caller in (kept, ungated):
                assert (await caller.until(b"0\r\n\r\n")).endswith(b"data: 2\n\n\r\n0\r\n\r\n")


async def test_a_grant_that_ends_cuts_by_time_alone() -> None:
    async with (
        scripted(starting(SSE_HEAD + chunk(b"data: 1\n\n"))) as upstream,
        open_stage([upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        end = time.time() + 0.3
        stage.publish(policy(frontier={"acme": Grant(valid_until=end)}))
        caller.post()
        await caller.until(b"data: 1\n\n")
        rest, _ = await caller.rest()
        assert b"grant_expired" in rest
        assert time.time() >= end


async def test_a_policy_that_grows_stale_cuts_by_time_alone_and_spares_what_is_not_gated() -> None:
    async with scripted(starting(SSE_HEAD + chunk(b"data: 1\n\n"))) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as gated, raw_caller(stage.port) as ungated:
            stage.publish(policy(frontier={"acme": Grant()}, max_staleness=0.4))
            gated.post()
            ungated.post(b'{"model":"open"}')
            for caller in (gated, ungated):
                await caller.until(b"data: 1\n\n")
            rest, _ = await gated.rest()
            assert b"policy_stale" in rest
            assert len(stage.gate.leases) == 1


async def test_a_policy_that_is_confirmed_again_keeps_streams_running() -> None:
    async with (
        scripted(starting(SSE_HEAD + chunk(b"data: 1\n\n"))) as upstream,
        open_stage([upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        stage.publish(policy(frontier={"acme": Grant()}, max_staleness=0.2))
        caller.post()
        await caller.until(b"data: 1\n\n")
        for _ in range(10):
            await asyncio.sleep(0.05)  # the passing of time is what is tested
            stage.policy.snapshot = stage.policy.snapshot.confirmed(read_clock().steady)
        assert len(stage.gate.leases) == 1


async def test_draining_lets_a_running_answer_end_and_takes_no_new_request() -> None:
    go_on = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await go_on.wait()
        writer.write(OK)
        await writer.drain()

    async with scripted(slow) as upstream, open_stage([upstream.url]) as stage:
        async with raw_caller(stage.port) as running, raw_caller(stage.port) as idle:
            running.post()
            await eventually(lambda: upstream.connections == 1, "the request is upstream")
            drained = asyncio.create_task(stage.gate.doors.drain(5.0))
            assert (await idle.rest())[0] == b""
            go_on.set()
            head, _ = await running.answer()
            assert b"connection: close\r\n" in head
            await drained
            assert not stage.gate.doors.connections


async def test_what_still_runs_after_the_drain_time_ends_with_a_final_event() -> None:
    async with (
        scripted(starting(SSE_HEAD + chunk(b"data: 1\n\n"))) as upstream,
        open_stage([upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        caller.post()
        await caller.until(b"data: 1\n\n")
        await stage.gate.doors.drain(0.05)
        rest, _ = await caller.rest()
        assert b"gateway_draining" in rest
        assert not rest.endswith(b"0\r\n\r\n")
        await asyncio.wait_for(upstream.closed.wait(), 5)


async def test_what_is_no_event_stream_is_broken_off_after_the_drain_time() -> None:
    beginning = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome"
    async with scripted(starting(beginning)) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await caller.until(b"some")
        await stage.gate.doors.drain(0.05)
        assert (await caller.rest())[1]


async def test_a_request_without_an_answer_is_told_to_try_again_after_the_drain_time() -> None:
    async with scripted(starting(b"")) as upstream, open_stage([upstream.url]) as stage, raw_caller(stage.port) as caller:
        caller.post()
        await eventually(lambda: upstream.connections == 1, "the request is upstream")
        await stage.gate.doors.drain(0.05)
        head, _ = await caller.answer()
        assert head.startswith(b"HTTP/1.1 503 ")


async def test_required_records_that_cannot_be_kept_refuse() -> None:
    async with open_stage(["http://127.0.0.1:9"], limits=Limits()) as stage, raw_caller(stage.port) as caller:
        stage.notebook.accepting = False
        caller.post()
        head, body = await caller.answer()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"audit_unavailable" in body


async def test_an_order_for_every_gated_model_ends_what_runs_on_one_that_a_reload_has_gated() -> None:
    async with (
        scripted(starting(SSE_HEAD + chunk(b"data: 1\n\n"))) as upstream,
        open_stage([upstream.url]) as stage,
        raw_caller(stage.port) as caller,
    ):
        caller.post(b'{"model":"open"}')
        await caller.until(b"data: 1\n\n")
        known = stage.policy.snapshot
        catalogue = {**known.catalogue, "open": structs.replace(OPEN, gated=True, stage=Stage.PREVIEW)}
        gated = structs.replace(known, catalogue=catalogue, grants={**known.grants, "open": {"acme": Grant()}}, revision=2)
        stage.publish(gated)
        await eventually(lambda: {lease.permit.revision for *_, held in stage.gate.leases.groups() for lease in held} == {2}, "it goes on")
        stage.publish(structs.replace(gated, directives=(Directive(id="stop"),), revision=3))
        rest, _ = await caller.rest()
        assert b"directive" in rest
