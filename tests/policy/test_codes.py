"""The tables of codes agree with each other."""

from gateway.policy.codes import ALIASES, ALPHA2, ALPHA3, ICAO, THREE_LETTERS, TWO_LETTERS, Kind, is_subdivision


def test_iso_is_whole() -> None:
    assert len(ALPHA2) == 250  # 249 of ISO and Kosovo
    assert frozenset(ALPHA3.values()) == ALPHA2
    assert all(map(is_subdivision, ("UA-43", "UA-40", "UA-14", "UA-09", "UA-65", "UA-23")))
    assert not any(map(is_subdivision, ("UA", "UA-", "UA-1234", "QQ-43", "ua-43", "UA-é")))


def test_aliases_are_no_iso_codes_and_mean_one() -> None:
    assert not ALIASES.keys() & ALPHA2
    assert set(ALIASES.values()) <= ALPHA2


def test_every_code_is_a_country_with_its_alpha2_or_something_else_without() -> None:
    for code in (*TWO_LETTERS.values(), *ICAO.values()):
        assert (code.kind is Kind.COUNTRY) == (code.alpha2 in ALPHA2)


def test_no_table_by_hand_overrides_iso() -> None:
    assert {alpha3: THREE_LETTERS[alpha3].alpha2 for alpha3 in ALPHA3} == ALPHA3
    assert all(TWO_LETTERS[alpha2].alpha2 == alpha2 for alpha2 in ALPHA2)
