"""Spring: partners first, customer by customer, when every agency has signed off; wider on a day that is set beforehand."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.running import GATED

from gateway.policy.vocabulary import Stage
from gateway.settings.release_shape import ReleaseSection, ReleasesSection

RELEASES = ReleasesSection(preview=ReleaseSection(signoffs=("bis", "caisi", "doe"), partners_at_most=1))


def signs(agency: str) -> tuple[str, ...]:
    return ("model", "signoff", GATED, "--stage", "preview", "--agency", agency, "--authority", f"{agency} letter 7", "--reason", "signed")


@pytest.mark.parametrize("newsroom", [{"stages": RELEASES}], indirect=True)
async def test_evaluators_first_partners_after_three_signatures_then_two_dozen_at_most(newsroom: Any) -> None:
    await newsroom.orders("model", "stage", GATED, "evaluation", "--reason", "to the institutes")
    await newsroom.orders("partner", "add", "org_institute", "--model", GATED, "--evaluator")
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED, "--reason", "first partner")
    evaluator, partner = newsroom.caller(organisation="org_institute"), newsroom.caller()
    assert (await evaluator.asks(), await partner.asks()) == (200, 403), "an evaluator is no partner, nor a partner an evaluator"

    for agency in ("bis", "doe"):
        await newsroom.orders(*signs(agency))
    refused = await newsroom.is_refused("model", "stage", GATED, "preview")
    assert "needs the sign-offs of caisi (for preview)" in refused
    assert "gateway model signoff frontier-1 --stage preview --agency caisi" in refused
    assert await partner.asks() == 403
    assert "one of: bis, caisi, doe" in await newsroom.is_refused(*signs("nasa"))

    await newsroom.orders(*signs("caisi"))
    await newsroom.orders("model", "stage", GATED, "preview", "--authority", "release 1", "--reason", "all have signed")
    assert (await evaluator.asks(), await partner.asks()) == (200, 200)
    (model, *_) = await newsroom.reads("model", "list")
    assert (model["stage"], model["signoffs"][0]) == ("preview", "bis: preview (bis letter 7)")
    assert "takes at most 1 at preview" in await newsroom.is_refused("partner", "add", "org_third", "--model", GATED)
    assert [what for what, why in await newsroom.record() if why in {"signed", "all have signed"}] == ["stage.put"] * 4

    await partner.begins_a_stream()
    await newsroom.orders("model", "stage", GATED, "suspended", "--reason", "an incident")
    assert await partner.is_cut(), "tightening needs no signature"
    again = await newsroom.is_refused("model", "stage", GATED, "preview")
    assert "bis (for preview), caisi (for preview), doe (for preview)" in again, "to widen again, the agencies sign again"


async def test_a_day_that_is_set_comes_by_itself_and_a_tightening_calls_it_off(newsroom: Any) -> None:
    stranger = newsroom.caller(organisation="org_stranger")
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await newsroom.orders("model", "stage", GATED, "general", "--from", soon)
    assert await stranger.asks() == 403
    (model, *_) = await newsroom.reads("model", "list")
    assert (model["stage"], model["next"]) == ("preview", f"general from {soon}")
    await newsroom.gate.until(lambda: datetime.now(UTC) >= datetime.fromisoformat(soon), "the hour")
    assert await stranger.asks() == 200
    await stranger.begins_a_stream()

    await newsroom.orders("model", "stage", GATED, "preview")
    assert await stranger.is_cut()
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await newsroom.orders("model", "stage", GATED, "general", "--from", later)
    await newsroom.orders("model", "stage", GATED, Stage.SUSPENDED)
    (model, *_) = await newsroom.reads("model", "list")
    assert (model["stage"], model["next"]) == ("suspended", "")


async def test_a_scheduled_end_cuts_what_runs_on_time(newsroom: Any) -> None:
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED)
    partner = newsroom.caller()
    await partner.begins_a_stream()
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await newsroom.orders("model", "stage", GATED, "suspended", "--from", soon)
    assert await partner.still_runs()
    assert await partner.is_cut()
    assert datetime.now(UTC) >= datetime.fromisoformat(soon)
    assert "not in the future" in await newsroom.is_refused("model", "stage", GATED, "preview", "--from", soon)


@pytest.mark.parametrize("newsroom", [{"stages": ReleasesSection(preview=ReleaseSection(partners_at_most=1))}], indirect=True)
async def test_the_last_place_goes_to_one_of_several_who_are_added_at_once(newsroom: Any) -> None:
    organisations = ("org_acme", "org_beta", "org_gamma")
    codes = await asyncio.gather(*(newsroom.types("partner", "add", name, "--model", GATED) for name in organisations))
    assert sorted(codes) == [0, 1, 1]
    assert len(await newsroom.reads("partner", "list")) == 1


@pytest.mark.parametrize("newsroom", [{"stages": RELEASES}], indirect=True)
async def test_agencies_whose_words_come_at_the_same_time_are_all_heard(newsroom: Any) -> None:
    assert await asyncio.gather(*(newsroom.types(*signs(agency)) for agency in ("bis", "caisi", "doe"))) == [0, 0, 0]
    assert len((await newsroom.reads("model", "list"))[0]["signoffs"]) == 3
