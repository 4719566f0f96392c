"""What a token says in several places, put together."""

from gateway.policy.access import UNKNOWN_NATIONALITIES, Nationalities, Statement, Subject, merged

FRENCH = Nationalities(("FR",), unknown=False)
GERMAN = Nationalities(("DE",), unknown=False, most_recent="DE")
HONGKONGER = Nationalities((), unknown=False, classed=("GB",))


def test_every_value_counts_once_in_order() -> None:
    assert merged([FRENCH, HONGKONGER, GERMAN, FRENCH]) == Nationalities(("FR", "DE"), unknown=False, classed=("GB",), most_recent="DE")
    assert merged([FRENCH, UNKNOWN_NATIONALITIES]) == Nationalities(("FR",), unknown=True)
    assert merged([]) == UNKNOWN_NATIONALITIES


def test_sources_that_name_different_last_nationalities_leave_it_open() -> None:
    assert merged([GERMAN, Nationalities(("FR",), unknown=False, most_recent="FR")]).most_recent is None
    assert merged([GERMAN, FRENCH]).most_recent == "DE"


def test_the_last_of_one_is_that_one_unless_there_may_be_another() -> None:
    assert FRENCH.latest == "FR"
    assert HONGKONGER.latest == "GB"
    assert Nationalities(("FR",), unknown=True).latest is None
    assert Nationalities(("FR", "DE"), unknown=False).latest is None
    assert Nationalities(("FR", "DE"), unknown=True, most_recent="DE").latest == "DE"


def test_each_nationality_keeps_its_sources() -> None:
    plain = Subject("idp", "s1", nationalities=FRENCH)
    assert plain.provenance == {"FR": ("self_asserted",)}
    told = (
        Statement(nationalities=merged([FRENCH, HONGKONGER])),
        Statement("verified_claims[1]", nationalities=FRENCH),
        Statement("empty"),
    )
    both = Subject("idp", "s1", nationalities=merged([FRENCH, HONGKONGER]), statements=told)
    assert both.provenance == {"FR": ("self_asserted", "verified_claims[1]"), "GB": ("self_asserted",)}
