"""An issuer that the settings do not name any more speaks for nobody: not for the next request, not for a stream that runs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
from msgspec import Struct, structs
from support.running import GATED, RunningGate, demo_issuer_section, running_gate
from support.sdk import VOICES, Heard, told

from gateway.demo.issuer import DemoIssuer
from gateway.settings.shape import Issuer

CHAT = VOICES[1]
SECOND = "https://second.example"


class Two(Struct):
    """A gate that trusts two issuers, and a stream under way for a partner of each."""

    gate: RunningGate
    issuers: tuple[Issuer, Issuer]
    first: asyncio.Task[None]
    second: asyncio.Task[None]

    def trust(self, *issuers: Issuer) -> None:
        """Read new settings."""
        self.gate.gateway.apply(structs.replace(self.gate.gateway.settings, issuers=issuers))


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    (tmp_path / "second").mkdir()
    one, other = DemoIssuer(tmp_path), DemoIssuer(tmp_path / "second", issuer=SECOND)
    issuers = demo_issuer_section(one), structs.replace(demo_issuer_section(other), name="second", issuer=SECOND)
    async with running_gate(tmp_path, issuers=issuers) as gate:
        gate.upstream.pace = 0.002
        await gate.admit("org_acme")
        await gate.admit("second/org_acme")
        heard = Heard(), Heard()
        first = asyncio.create_task(CHAT.listen(gate, GATED, heard[0]))
        token = other.mint(org_id="org_acme", nationalities=["DE"])
        second = asyncio.create_task(CHAT.listen(gate, GATED, heard[1], token=token))
        await gate.until(lambda: all(each.events >= 3 for each in heard), "both streams flow")
        yield Two(gate, issuers, first, second)
        for stream in (first, second):
            stream.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def ended(stream: "asyncio.Task[None]") -> str:
    """Give the reason with which a stream was cut."""
    with pytest.raises(openai.APIError) as caught:
        async with asyncio.timeout(2):
            await stream
    return told(caught.value).reason


async def test_its_streams_are_cut_and_the_others_run_on(two: Two) -> None:
    two.trust(two.issuers[0])
    assert await ended(two.second) == "issuer_unknown"
    assert not two.first.done()
    assert await two.gate.metric("gateway_streams_cut_total", model=GATED, reason="issuer_unknown") == 1


async def test_another_issuer_under_its_name_does_not_keep_them(two: Two) -> None:
    two.trust(two.issuers[0], structs.replace(two.issuers[1], issuer="https://third.example"))
    assert await ended(two.second) == "issuer_unknown"
    assert not two.first.done()


async def test_names_of_organisations_that_mean_others_now_keep_nobody(two: Two) -> None:
    two.trust(two.issuers[1], two.issuers[0])
    assert await ended(two.first) == "issuer_unknown"
    assert await ended(two.second) == "issuer_unknown"


async def test_a_change_of_how_keys_are_read_cuts_nobody(two: Two) -> None:
    two.trust(two.issuers[0], structs.replace(two.issuers[1], leeway=5.0))
    await two.gate.settled()
    assert not two.first.done()
    assert not two.second.done()
