"""One part of a token read by the configured paths: what it says, and what it does not speak of."""

from typing import Any

import pytest

from gateway.identity.facts import claim_at, read_statement
from gateway.policy.access import UNKNOWN_NATIONALITIES, Nationalities, Statement
from gateway.settings.shape import Claims

PATHS: dict[str, Any] = {"us_person": "/us", "nationalities": "/held", "most_recent_nationality": "/last", "residence": "/home"}


def held(paths: dict[str, Any] | None = None, **document: Any) -> Nationalities | None:
    return read_statement(document, Claims(**PATHS | (paths or {}))).nationalities


def test_everything_it_says() -> None:
    found = read_statement({"us": True, "held": ["FR"], "home": "CH"}, Claims(**PATHS), "verified_claims[3]")
    assert found == Statement(
        "verified_claims[3]", None, us_person=True, nationalities=Nationalities(("FR",), unknown=False), residence="CH"
    )


def test_what_it_does_not_speak_of_is_none() -> None:
    assert read_statement({}, Claims(**PATHS)) == Statement()
    assert read_statement({"us": True, "held": ["FR"]}, Claims()) == Statement()
    assert claim_at({"": 5}, "") is None


@pytest.mark.parametrize("silent", [None, [], ""])
def test_nothing_and_nothing_readable_are_two_things(silent: object) -> None:
    assert held(held=silent) is None
    some: tuple[object, ...] = (["XXA"], 5, {}, "Germany")
    for unreadable in some:
        assert held(held=unreadable) == UNKNOWN_NATIONALITIES


@pytest.mark.parametrize(
    ("listed", "last", "expected"),
    [
        (["FR", "DE"], "DE", Nationalities(("FR", "DE"), unknown=False, most_recent="DE")),
        (["FR"], "DE", Nationalities(("FR", "DE"), unknown=False, most_recent="DE")),
        (None, "DE", Nationalities(("DE",), unknown=True, most_recent="DE")),
        (["GBR"], "GBN", Nationalities(("GB",), unknown=False, classed=("GB",), most_recent="GB")),
        (["FR"], "GBN", Nationalities(("FR",), unknown=False, classed=("GB",), most_recent="GB")),
        (["FR"], "XXA", Nationalities(("FR",), unknown=True)),
        (["FR"], ["DE"], Nationalities(("FR",), unknown=True)),
        (["FR"], None, Nationalities(("FR",), unknown=False)),
    ],
)
def test_the_most_recent_may_have_a_claim_of_its_own(listed: object, last: object, expected: Nationalities) -> None:
    assert held(held=listed, last=last) == expected


def test_an_issuer_may_say_that_its_list_is_ordered_or_not_whole() -> None:
    assert held({"nationalities_order": "newest_first"}, held=["FR", "DE"]) == Nationalities(("FR", "DE"), unknown=False, most_recent="FR")
    assert held({"nationalities_complete": False}, held=["FR"]) == Nationalities(("FR",), unknown=True)


def test_the_code_system_is_the_issuer_s() -> None:
    assert held({"code_system": "fips"}, held=["CH"], last="AU") == Nationalities(("CN", "AT"), unknown=False, most_recent="AT")
