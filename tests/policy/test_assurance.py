"""Which evidence meets a demand: its framework, its level, its age."""

import math
from itertools import pairwise

import pytest
from msgspec import structs
from policy.world import person

from gateway.policy.access import UNKNOWN_NATIONALITIES, Nationalities, Statement, Verification
from gateway.policy.assurance import CLOCKS_DIFFER, LADDERS, Evidence, Requirement, evidence_of, reaches, residences

WALL = 1_000_000.0
EIDAS = Requirement(frozenset({"eidas"}))
YESTERDAY = Verification("eidas", "substantial", WALL - 86_400)
FRENCH, GERMAN = (Nationalities((code,), unknown=False) for code in ("FR", "DE"))


@pytest.mark.parametrize(
    ("framework", "level", "wanted", "enough"),
    [
        ("eidas", "high", "substantial", True),
        ("eidas", "substantial", "substantial", True),
        ("eidas", "Substantial", "SUBSTANTIAL", True),
        ("eidas", "low", "substantial", False),
        ("eidas", "", "low", False),
        ("eidas", "ial3", "substantial", False),
        ("eidas", "high", "ial2", False),
        ("nist_800_63A", "ial3", "ial2", True),
        ("nist_800_63A", "ial1", "ial2", False),
        ("uk_tfida", "very_high", "high", True),
        ("house", "gold", "gold", True),
        ("house", "platinum", "gold", False),
        ("house", "", "gold", False),
        ("house", "", "", True),
    ],
)
def test_levels_are_compared_within_a_framework_and_where_no_order_is_known_only_the_level_itself_counts(
    framework: str, level: str, wanted: str, enough: bool
) -> None:
    assert reaches(framework, level, wanted) is enough


def test_every_ladder_climbs() -> None:
    for framework, ladder in LADDERS.items():
        assert len(set(ladder)) == len(ladder), framework
        assert all(reaches(framework, higher, lower) for lower, higher in pairwise(ladder))
        assert not any(reaches(framework, lower, higher) for lower, higher in pairwise(ladder))


@pytest.mark.parametrize(
    ("need", "evidence", "met"),
    [
        (EIDAS, YESTERDAY, True),
        (EIDAS, None, False),
        (EIDAS, Verification("eidas"), True),
        (EIDAS, Verification("EIDAS"), False),
        (EIDAS, Verification("de_aml", "high", WALL), False),
        (Requirement(frozenset()), YESTERDAY, False),
        (Requirement(frozenset({"de_aml", "eidas"}), "substantial"), YESTERDAY, True),
        (Requirement(frozenset({"eidas"}), "high"), YESTERDAY, False),
        (Requirement(frozenset({"eidas"}), max_age=86_400.5), YESTERDAY, True),
        (Requirement(frozenset({"eidas"}), max_age=86_400), YESTERDAY, False),
        (Requirement(frozenset({"eidas"}), max_age=1e12), Verification("eidas"), False),
        (EIDAS, Verification("eidas", time=WALL + CLOCKS_DIFFER), True),
        (EIDAS, Verification("eidas", time=WALL + CLOCKS_DIFFER + 1), False),
    ],
)
def test_what_meets_a_demand(need: Requirement, evidence: Verification | None, met: bool) -> None:
    assert need.met_by(evidence, WALL) is met


def test_of_what_is_told_only_what_meets_the_demand_is_evidence() -> None:
    told = (
        Statement(us_person=True, nationalities=FRENCH, residence="FR"),
        Statement("verified_claims[0]", YESTERDAY, nationalities=GERMAN, residence="DE"),
        Statement("verified_claims[1]", Verification("de_aml"), us_person=True, nationalities=FRENCH),
        Statement("verified_claims[2]", structs.replace(YESTERDAY, time=WALL - 10), us_person=True, nationalities=GERMAN, residence="DE"),
    )
    subject = person(statements=told)
    aged = Requirement(frozenset({"eidas"}), max_age=100_000)
    sources = ("verified_claims[0]", "verified_claims[2]")
    assert evidence_of(subject, aged, WALL) == Evidence(True, GERMAN, "DE", sources, WALL + 13_600)  # noqa: FBT003 - in their order
    assert evidence_of(subject, EIDAS, WALL).until == math.inf
    nothing = evidence_of(subject, Requirement(frozenset({"house"})), WALL)
    assert nothing == Evidence(False, UNKNOWN_NATIONALITIES, None, (), math.inf)  # noqa: FBT003 - the same
    assert residences(told) == ("FR", "DE")
