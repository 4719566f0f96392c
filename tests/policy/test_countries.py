"""Codes as carriers spell them: every oddity that has been seen, and nothing that raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.access import UNKNOWN_NATIONALITIES, Nationalities
from gateway.policy.codes import ALPHA2, UNKNOWN, Code, Kind
from gateway.policy.countries import normalise, read_country, read_nationalities

SYSTEMS = ("auto", "alpha-2", "alpha-3", "icao", "numeric", "genc", "fips")


@pytest.mark.parametrize(
    ("value", "alpha2"),
    [
        *[("DE", "DE"), ("de", "DE"), (" De\n", "DE"), ("DEU", "DE"), ("D", "DE"), ("D<<", "DE"), ("NO", "NO"), ("no", "NO")],
        *[("UK", "GB"), ("EL", "GR"), ("GBR", "GB"), ("USA", "US"), ("HK", "HK"), ("MAC", "MO"), ("TWN", "TW"), ("PR", "PR")],
        *[("XK", "XK"), ("RKS", "XK"), ("XKX", "XK"), ("XKK", "XK"), ("XKS", "XK")],
        *[("ROM", "RO"), ("ZAR", "CD"), ("BUR", "MM"), ("TMP", "TL")],
    ],
)
def test_countries_have_one_code(value: str, alpha2: str) -> None:
    assert normalise(value) == Code(Kind.COUNTRY, alpha2)


@pytest.mark.parametrize(
    ("value", "alpha2", "code_class"),
    [
        *[("GBD", "GB", "btc"), ("GBN", "GB", "bno"), ("GBO", "GB", "boc"), ("GBP", "GB", "bpp"), ("GBS", "GB", "bs")],
        ("UNK", "XK", "unmik"),
    ],
)
def test_lesser_classes_keep_their_class(value: str, alpha2: str, code_class: str) -> None:
    assert normalise(value) == Code(Kind.COUNTRY, alpha2, code_class)
    assert read_nationalities(value) == Nationalities((), unknown=False, classed=(alpha2,))
    assert read_country(value) is None


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Kind.STATELESS, "XXA XA QS"),
        (Kind.REFUGEE, "XXB XXC"),
        (Kind.UNSPECIFIED, "XXX"),
        (Kind.ORGANISATION, "EUE UNO UNA XOM XPO INP XBA XIM XCC XCO XEC XCE XES XMP XDC"),
        (Kind.SPECIMEN, "UTO"),
        (Kind.UNKNOWN, "WSA NTZ ANT YUG SCG SUN DDR CSK AAA QMA XAA ZZZ"),
        (Kind.UNKNOWN, "AA QM QZ QU XB XZ ZZ XX T1 A1 A2 AP EU UN EZ AC TA DG EA IC CP SU FX AN"),
        (Kind.UNKNOWN, "840 276 8 GERMANY U U<S <US US- US,CA"),
    ],
)
def test_what_is_no_country_says_what_it_is_and_is_unknown_to_rules(kind: Kind, values: str) -> None:
    for value in values.split():
        assert normalise(value) == Code(kind), value
        assert read_nationalities(value) == UNKNOWN_NATIONALITIES, value
        assert read_country(value) is None, value


@pytest.mark.parametrize(
    "value", [None, False, True, 276, 1.5, b"DE", ["DE"], {"DE": 1}, "", " ", "<<<", "\u00df", "\uff35\uff33", "\u0131R", "U\u017f"]
)
def test_what_is_no_code_is_unknown(value: object) -> None:
    assert normalise(value) == UNKNOWN


@pytest.mark.parametrize(
    ("system", "read", "unread"),
    [
        ("alpha-2", {"DE": "DE", "UK": "GB", "AU": "AU"}, ["DEU", "D", "XXA"]),
        ("alpha-3", {"DEU": "DE", "XKX": "XK"}, ["DE", "D", "UK"]),
        ("icao", {"DEU": "DE", "D": "DE", "D<<": "DE", "RKS": "XK"}, ["DE", "UK"]),
        (
            "fips",
            {"CH": "CN", "AU": "AT", "AS": "AU", "IS": "IL", "GM": "DE", "RS": "RU", "KS": "KR", "SZ": "CH", "UK": "GB"},
            ["DE", "DEU", "D"],
        ),
        ("numeric", {"840": "US", "276": "DE", "004": "AF"}, ["DE", "DEU", "4", "8400", "000"]),
        ("genc", {"DE": "DE", "DEU": "DE", "XKS": "XK", "XGZ": "PS", "XWB": "PS"}, ["UK", "D", "XXA", "840"]),
        ("klingon", {}, ["DE", "DEU"]),
    ],
)
def test_an_issuer_s_code_system_is_the_only_one_read(system: str, read: dict[str, str], unread: list[str]) -> None:
    assert {value: read_country(value, system) for value in read} == read
    assert {read_country(value, system) for value in unread} == {None}


def test_fips_is_never_guessed() -> None:
    assert normalise("CH").alpha2 == "CH"
    assert normalise("GM").alpha2 == "GM"
    assert normalise("KS") == UNKNOWN


@pytest.mark.parametrize(
    ("claim", "known", "unknown", "classed"),
    [
        ("DE", ("DE",), False, ()),
        (["FRA", "de", "FR"], ("FR", "DE"), False, ()),
        (["DE", "XXB"], ("DE",), True, ()),
        (["DE", None], ("DE",), True, ()),
        (["DE", ["FR"]], ("DE",), True, ()),
        (["GBN", "CN"], ("CN",), False, ("GB",)),
        (["GBN", "XXX"], (), True, ("GB",)),
    ],
)
def test_a_claim_holds_one_code_or_a_list(claim: Any, known: tuple[str, ...], unknown: bool, classed: tuple[str, ...]) -> None:
    assert read_nationalities(claim) == Nationalities(known, unknown=unknown, classed=classed)


@pytest.mark.parametrize("claim", [None, [], "", {}, {"DE": True}, 0, False, [None], ["XXA", "ZZ"], [[]], [{}], "DE FR"])
def test_empty_missing_and_unreadable_are_the_same_unknown(claim: object) -> None:
    assert read_nationalities(claim) == UNKNOWN_NATIONALITIES


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
junk = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(junk, st.sampled_from(SYSTEMS))
def test_no_claim_raises_and_only_countries_come_out(claim: object, system: str) -> None:
    held = read_nationalities(claim, system)
    assert set(held.known) | set(held.classed) <= ALPHA2
    assert held.known or held.classed or held.unknown
    assert read_country(claim, system) in ALPHA2 | {None}


@given(st.text(alphabet="ABCDEGUSX<d \u00df\u0131\u017f", max_size=4))
def test_normalising_twice_changes_nothing(value: str) -> None:
    code = normalise(value)
    if code.alpha2:
        assert normalise(code.alpha2).alpha2 == code.alpha2


@pytest.mark.parametrize(
    ("claim", "order", "latest"),
    [
        (["FR", "DE"], "newest_first", "FR"),
        (["FR", "DE"], "oldest_first", "DE"),
        (["FR", "DE"], "unknown", None),
        (["XXB", "DE"], "newest_first", None),
        (["FR", "GBN"], "oldest_first", "GB"),
        ("FR", "newest_first", "FR"),
        ([], "newest_first", None),
    ],
)
def test_the_order_of_a_list_tells_the_most_recent_where_the_issuer_says_so(claim: object, order: str, latest: str | None) -> None:
    assert read_nationalities(claim, "auto", order).most_recent == latest
