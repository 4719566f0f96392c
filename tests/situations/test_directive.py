"""June: a letter restricts the model for foreign persons, an annex frees an organisation, the controls are lifted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.running import GATED, OPEN, REGIONAL

from gateway.settings.shape import Refusals

LETTER = f"""\
id: letter-june-4
authority: letter of 4 June
legal_basis: 50 USC 4813
models: [{GATED}, {REGIONAL}]
effect: restrict
rule: {{us_person: true}}
contact: appeals@agency.example
"""
ANNEX = f"""\
id: letter-june-9
authority: letter of 9 June, annex A
legal_basis: 50 USC 4813
models: [{GATED}, {REGIONAL}]
effect: restrict
rule: {{us_person: true}}
exceptions:
  organisations: [org_acme]
  their_foreign_national_employees: true
  models: [{GATED}]
supersedes: [letter-june-4]
"""


async def test_foreign_persons_are_cut_us_persons_work_on_the_annex_frees_the_lifting_opens(newsroom: Any) -> None:
    for organisation in ("org_acme", "org_beta"):
        await newsroom.orders("partner", "add", organisation, "--model", GATED)
    await newsroom.orders("partner", "add", "org_acme", "--model", REGIONAL)
    german, american = newsroom.caller(), newsroom.caller(nationalities=["US"], us_person=True)
    resident = newsroom.caller(nationalities=["IR"], us_person=True)
    silent = newsroom.caller(nationalities=["US"])
    for caller in (german, american, resident):
        await caller.begins_a_stream()

    await newsroom.orders("directive", "apply", newsroom.letter(LETTER), "--reason", "the letter")
    assert await german.is_cut()
    assert await american.still_runs()
    assert await resident.still_runs(), "a green card makes a U.S. person of a foreign national"
    status, text = await german.asks_fully()
    assert status == 451
    assert "appeals@agency.example" in text
    assert await silent.asks() == 451, "who says nothing of being a U.S. person is not one"
    assert await american.asks() == 200
    assert await german.asks(REGIONAL) == 451, "the second model of the letter"
    assert await american.asks(REGIONAL) == 200
    assert await german.asks(OPEN) == 200, "other models are not named"

    await newsroom.orders("directive", "apply", newsroom.letter(ANNEX), "--reason", "the annex")
    assert await german.asks() == 200, "a foreign national employee of an organisation in the annex"
    assert await german.asks(REGIONAL) == 451, "the letter frees one of the two models"
    assert await american.asks(REGIONAL) == 200
    assert await newsroom.caller(organisation="org_beta").asks() == 451
    assert await newsroom.caller(organisation="org_beta", us_person=True).asks() == 200
    assert [row["id"] for row in await newsroom.reads("directive", "list")] == ["letter-june-9"]

    await newsroom.orders("directive", "lift", "letter-june-9", "--reason", "lifted")
    assert await newsroom.caller(organisation="org_beta").asks() == 200
    assert await german.asks(REGIONAL) == 200
    assert (await newsroom.record())[-4:] == [
        ("directive.put", "the letter"),
        ("directive.put", "the annex"),
        ("directive.supersede", "the annex"),
        ("directive.remove", "lifted"),
    ]


@pytest.mark.parametrize("newsroom", [{"refusals": Refusals(blocked_by="https://lab.example/")}], indirect=True)
async def test_an_order_of_law_is_451_and_names_who_blocks_any_other_is_403_and_names_nobody(newsroom: Any) -> None:
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED)
    german = newsroom.caller()
    await newsroom.orders("directive", "apply", newsroom.letter(LETTER))
    status, _, headers = await german.asks_with_headers()
    assert (status, headers["link"]) == (451, '<https://lab.example/>; rel="blocked-by"')
    await newsroom.orders("directive", "apply", newsroom.letter(LETTER.replace("legal_basis: 50 USC 4813\n", "")))
    status, _, headers = await german.asks_with_headers()
    assert status == 403
    assert "link" not in headers


async def test_an_annex_of_partners_is_one_file_and_frees_their_foreign_employees_on_its_model_alone(newsroom: Any) -> None:
    for organisation in ("org_acme", "org_beta"):
        for model in (GATED, REGIONAL):
            await newsroom.orders("partner", "add", organisation, "--model", model)
    german = newsroom.caller()
    await newsroom.orders("directive", "apply", newsroom.letter(LETTER))
    assert (await german.asks(GATED), await german.asks(REGIONAL)) == (451, 451)

    annex = f"partners:\n- {{model: {GATED}, organisation: org_acme, covers_foreign_persons: true, authority: annex A}}\n"
    await newsroom.orders("partner", "import", newsroom.letter(annex, "annex.yaml"), "--yes", "--reason", "annex A")
    assert (await german.asks(GATED), await german.asks(REGIONAL)) == (200, 451)
    assert await newsroom.caller(organisation="org_beta").asks(GATED) == 451
    assert await newsroom.caller(nationalities=["KP"]).asks(GATED) == 200, "it waives the model's own rule on persons, too"
    assert (await newsroom.record())[-1] == ("grant.put", "annex A")


async def test_an_order_of_a_later_hour_cuts_at_that_hour_by_itself(newsroom: Any) -> None:
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED)
    german, american = newsroom.caller(), newsroom.caller(us_person=True)
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await newsroom.orders("directive", "apply", newsroom.letter(f'{LETTER}from: "{soon}"\n'))
    for caller in (german, american):
        await caller.begins_a_stream()
    assert await german.still_runs()
    assert await german.is_cut()
    assert datetime.now(UTC) >= datetime.fromisoformat(soon)
    assert await american.still_runs()


async def test_an_exception_without_the_foreign_employees_frees_us_persons_alone(newsroom: Any) -> None:
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED)
    pause = f"id: pause\nauthority: letter\nmodels: [{GATED}]\neffect: suspend\n"
    only = pause + "exceptions: {organisations: [org_acme], their_foreign_national_employees: false}\n"
    await newsroom.orders("directive", "apply", newsroom.letter(only))
    assert await newsroom.caller(us_person=True).asks() == 200
    assert await newsroom.caller().asks() == 403


async def test_a_rehearsal_counts_and_cuts_nobody(newsroom: Any) -> None:
    await newsroom.orders("partner", "add", "org_acme", "--model", GATED)
    german, american = newsroom.caller(), newsroom.caller(us_person=True)
    for caller in (german, american):
        await caller.begins_a_stream()
    letter = newsroom.letter(LETTER)
    before = await newsroom.reads("directive", "impact", letter)
    assert [(row["effect"], row["cut"]) for row in before["rows"]] == [("each asked", None)]

    await newsroom.orders("directive", "apply", letter, "--mode", "monitor")
    assert await german.still_runs()
    assert await newsroom.gate.metric("gateway_directive_monitor_total", directive="letter-june-4", org="org_acme") == 1
    assert await german.asks() == 200
    assert await german.asks() == 200
    assert await newsroom.gate.metric("gateway_directive_monitor_total", directive="letter-june-4", org="org_acme") == 3
    rehearsed = await newsroom.reads("directive", "impact", "letter-june-4")
    assert (rehearsed["totals"]["streams"], rehearsed["totals"]["cut"]) == (4, 2)

    await newsroom.orders("directive", "apply", letter)
    assert await german.is_cut()
    assert await american.still_runs()
    assert "is not applied" in await newsroom.is_refused("directive", "lift", "letter-june-5")
