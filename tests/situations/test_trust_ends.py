"""An issuer is taken out of the settings while answers run: who was vouched for by it alone is heard no longer, everybody else is."""

import asyncio
from pathlib import Path

from msgspec import structs
from support.running import GATED, OPEN, RunningGate, demo_issuer_section, running_gate
from support.several import Stream

from gateway.demo.issuer import DemoIssuer

SECOND = "https://second.example"


async def listening(gate: RunningGate, token: str, model: str) -> Stream:
    """Open a stream and wait until it has begun."""
    stream = Stream()
    stream.task = asyncio.create_task(stream.listen(gate.session, gate.url, token, model))
    await gate.until(lambda: b"data: " in stream.text, "the stream has begun")
    return stream


async def test_streams_of_an_issuer_that_is_trusted_no_longer_are_cut(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = DemoIssuer(tmp_path / "second", issuer=SECOND)
    sections = (
        demo_issuer_section(DemoIssuer(tmp_path)),
        structs.replace(demo_issuer_section(second), name="second", issuer=SECOND),
    )
    async with running_gate(tmp_path, issuers=sections, pace=0.005) as gate:
        await gate.admit("org_acme")
        await gate.admit("second/org_beta")
        theirs = second.mint(org_id="org_beta", nationalities=["DE"])
        gated, plain = await listening(gate, theirs, GATED), await listening(gate, theirs, OPEN)
        kept = await listening(gate, gate.mint(), GATED)
        gate.gateway.apply(structs.replace(gate.gateway.settings, issuers=sections[:1]))
        for stream in (gated, plain):
            await gate.until(lambda stream=stream: stream.over, "it is cut")  # type: ignore[misc]
            assert b"issuer_unknown" in stream.text
        seen = len(kept.text)
        await gate.until(lambda: len(kept.text) > seen, "the other goes on")
        assert not kept.over
        assert kept.task is not None
        kept.task.cancel()
