from datetime import UTC, datetime

import pytest

from gateway.admin.commands import WAIVERS, add_partner, remove_partner, set_stage
from gateway.errors import CommandError
from gateway.policy.snapshot import Model
from gateway.policy.vocabulary import Stage

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FRONTIER = Model(id="frontier-1", upstream="main", aliases=("frontier-latest",))
CATALOGUE = {"frontier-1": FRONTIER, "frontier-latest": FRONTIER, "open-1": Model(id="open-1", upstream="main", gated=False)}


def test_a_plain_admission_is_an_empty_grant() -> None:
    command = add_partner(CATALOGUE, "org_acme", "frontier-1", NOW)
    assert (command.model, command.organisation, command.grant) == ("frontier-1", "org_acme", {})


def test_an_alias_names_the_model_that_is_stored() -> None:
    assert add_partner(CATALOGUE, "org_acme", "frontier-latest", NOW).model == "frontier-1"
    assert remove_partner(CATALOGUE, "org_acme", "frontier-latest").model == "frontier-1"
    assert set_stage(CATALOGUE, "frontier-latest", "general", NOW).model == "frontier-1"


def test_everything_that_a_grant_can_say() -> None:
    command = add_partner(
        CATALOGUE,
        "org_acme",
        "frontier-1",
        NOW,
        valid_from="2026-07-01",
        valid_until="2026-08-01",
        evaluator=True,
        covers_foreign_persons=True,
        waive=WAIVERS,
        authority="letter 12",
        reason="annex B",
    )
    assert command.grant == {
        "from": "2026-07-01T00:00:00Z",
        "until": "2026-08-01T00:00:00Z",
        "evaluator": True,
        "covers_foreign_persons": True,
        "waive": ["anonymizer", "hosting"],
        "authority": "letter 12",
        "reason": "annex B",
    }


def test_an_unknown_model_is_refused_with_the_near_names() -> None:
    with pytest.raises(CommandError, match=r"'frontier-2' is not in the catalogue. Known names near it: frontier-1"):
        add_partner(CATALOGUE, "org_acme", "frontier-2", NOW)


def test_model_names_are_exact() -> None:
    with pytest.raises(CommandError, match="not in the catalogue"):
        add_partner(CATALOGUE, "org_acme", "Frontier-1", NOW)


def test_a_removal_works_after_the_model_has_left_the_file() -> None:
    assert remove_partner(CATALOGUE, "org_acme", "gone-1").model == "gone-1"
    assert remove_partner(None, "org_acme", "gone-1").model == "gone-1"


@pytest.mark.parametrize(("start", "end"), [("", "2026-05-01"), ("2026-08-01", "2026-07-01"), ("2026-08-01", "2026-08-01")])
def test_a_grant_that_would_never_hold_is_refused(start: str, end: str) -> None:
    with pytest.raises(CommandError, match="would never hold"):
        add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, valid_from=start, valid_until=end)


@pytest.mark.parametrize("name", ["", " org", "org ", "a\nb", "a\x00b", "x" * 257])
def test_names_that_no_token_could_carry_are_refused(name: str) -> None:
    with pytest.raises(CommandError, match=r"organisation: .* is no name"):
        add_partner(CATALOGUE, name, "frontier-1", NOW)


def test_an_unknown_stage_is_refused_with_the_list() -> None:
    with pytest.raises(CommandError, match="suspended, evaluation, preview, general"):
        set_stage(CATALOGUE, "frontier-1", "public", NOW)


def test_a_stage_is_stored_with_its_day_and_authority() -> None:
    command = set_stage(CATALOGUE, "frontier-1", "evaluation", NOW, authority="letter 12")
    assert command.stage is Stage.EVALUATION
    assert command.record == {"stage": "evaluation", "since": "2026-06-01T12:00:00Z", "authority": "letter 12"}


def test_an_unknown_waiver_is_refused_with_the_list() -> None:
    with pytest.raises(CommandError, match="anonymizer, hosting"):
        add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, waive=("nationality",))


def test_texts_stay_on_one_line() -> None:
    with pytest.raises(CommandError, match="one line"):
        remove_partner(CATALOGUE, "org_acme", "frontier-1", reason="first\nsecond")


def test_owners_are_written_by_country_and_percent() -> None:
    command = add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, owners=("DE:60", "US:12.5"))
    assert command.grant == {"ownership": [{"country": "DE", "percent": 60.0}, {"country": "US", "percent": 12.5}]}


@pytest.mark.parametrize("owner", ["DE", "DE:", "DE:all", "UK:60", "UA-43:60", "DE:0", "DE:101", ":60", "DE:nan"])
def test_owners_that_cannot_be_are_refused_with_the_right_form(owner: str) -> None:
    with pytest.raises(CommandError, match="Write --owner DE:60"):
        add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, owners=(owner,))
    with pytest.raises(CommandError, match="together at most 100 percent"):
        add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, owners=("DE:60", "US:41"))
