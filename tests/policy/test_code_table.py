"""Every code that is known to be odd, row by row: what it becomes, and what an allow list and a deny list make of it."""

from string import ascii_uppercase
from typing import Final

import pytest
from policy.world import ask, frontier, no, only, policy, why

from gateway.policy.access import AccessRequest
from gateway.policy.codes import ALPHA2, ALPHA3, Code, Kind
from gateway.policy.countries import normalise, read_nationalities
from gateway.policy.restrictions import Restrictions
from gateway.policy.snapshot import Grant
from gateway.policy.vocabulary import Reason

COUNTRY, UNKNOWN = Kind.COUNTRY, Kind.UNKNOWN
RESTRICTED, NOT_TOLD = (Reason.NATIONALITY_RESTRICTED,), (Reason.NATIONALITY_UNKNOWN,)

ICAO: Final = {
    # ICAO Doc 9303-3, besides ISO 3166-1 alpha-3: kind, country, class
    "D": (COUNTRY, "DE", None),
    "D<<": (COUNTRY, "DE", None),
    "GBD": (COUNTRY, "GB", "btc"),
    "GBN": (COUNTRY, "GB", "bno"),
    "GBO": (COUNTRY, "GB", "boc"),
    "GBP": (COUNTRY, "GB", "bpp"),
    "GBS": (COUNTRY, "GB", "bs"),
    "RKS": (COUNTRY, "XK", None),
    "UNK": (COUNTRY, "XK", "unmik"),
    "XXA": (Kind.STATELESS, None, None),
    "XXB": (Kind.REFUGEE, None, None),
    "XXC": (Kind.REFUGEE, None, None),
    "XXX": (Kind.UNSPECIFIED, None, None),
    "EUE": (Kind.ORGANISATION, None, None),
    "UNO": (Kind.ORGANISATION, None, None),
    "UNA": (Kind.ORGANISATION, None, None),
    "XOM": (Kind.ORGANISATION, None, None),
    "XPO": (Kind.ORGANISATION, None, None),
    "INP": (Kind.ORGANISATION, None, None),
    "XBA": (Kind.ORGANISATION, None, None),
    "XIM": (Kind.ORGANISATION, None, None),
    "XCC": (Kind.ORGANISATION, None, None),
    "XCO": (Kind.ORGANISATION, None, None),
    "XEC": (Kind.ORGANISATION, None, None),
    "XCE": (Kind.ORGANISATION, None, None),
    "XES": (Kind.ORGANISATION, None, None),
    "XMP": (Kind.ORGANISATION, None, None),
    "XDC": (Kind.ORGANISATION, None, None),
    "UTO": (Kind.SPECIMEN, None, None),
    "WSA": (UNKNOWN, None, None),
    "NTZ": (UNKNOWN, None, None),
    "ANT": (UNKNOWN, None, None),
}


def bearing(code: str) -> AccessRequest:
    """Ask as somebody whose token holds this code."""
    return ask(nationalities=read_nationalities([code]))


@pytest.mark.parametrize(("code", "row"), ICAO.items())
def test_codes_of_travel_documents(code: str, row: tuple[Kind, str | None, str | None]) -> None:
    kind, alpha2, code_class = row
    assert normalise(code) == normalise(code, "icao") == Code(kind, alpha2, code_class)
    deny = policy(frontier(Restrictions(nationality=no("DE", "GB", "XK"))), grant=Grant())
    deny_another = policy(frontier(Restrictions(nationality=no("KP"))), grant=Grant())
    allow = policy(frontier(Restrictions(nationality=only(*ALPHA2))), grant=Grant())
    if alpha2 is None:  # no country to match: indeterminate, which is not "not listed"
        assert why(bearing(code), deny) == why(bearing(code), deny_another) == why(bearing(code), allow) == NOT_TOLD
    else:
        assert why(bearing(code), deny) == RESTRICTED
        assert why(bearing(code), deny_another) == ()
        assert why(bearing(code), allow) == (RESTRICTED if code_class else ())


def test_kosovo_is_admitted_where_the_operator_lists_it() -> None:
    assert why(bearing("RKS"), policy(frontier(Restrictions(nationality=only("XK"))), grant=Grant())) == ()
    assert why(bearing("RKS"), policy(frontier(Restrictions(nationality=only("RS"))), grant=Grant())) == RESTRICTED


def spans(*ends: str) -> list[str]:
    """Give all codes of ranges such as `QM-QZ`."""
    codes = []
    for span in ends:
        first, _, last = span.partition("-")
        lower, upper = first[-1] if not last else first, last or first
        names = [a + b for a in ascii_uppercase for b in ascii_uppercase]
        names = names if len(upper) == 2 else [name + c for name in names for c in ascii_uppercase]
        codes += [name for name in names if lower.rjust(len(upper), lower[0]) <= name <= upper] if last else [first]
    return codes


ASSIGNED_BY_USERS: Final = {"XK": COUNTRY, "XA": Kind.STATELESS, "QS": Kind.STATELESS}
ASSIGNED_BY_USERS_3: Final = {"XKX": COUNTRY, "XKK": COUNTRY, "XKS": COUNTRY} | {
    code: row[0] for code, row in ICAO.items() if code[0] == "X"
}


@pytest.mark.parametrize("code", spans("AA", "QM-QZ", "XA-XZ", "ZZ"))
def test_user_assigned_codes_of_two_letters_are_in_the_table_or_unknown(code: str) -> None:
    assert normalise(code).kind is ASSIGNED_BY_USERS.get(code, UNKNOWN)


def test_user_assigned_codes_of_three_letters_are_in_the_table_or_unknown() -> None:
    codes = spans("AAA-AAZ", "QMA-QZZ", "XAA-XZZ", "ZZA-ZZZ")
    assert len(codes) == 26 + 14 * 26 + 26 * 26 + 26
    assert {code: normalise(code).kind for code in codes} == {code: ASSIGNED_BY_USERS_3.get(code, UNKNOWN) for code in codes}
    assert {normalise(code).alpha2 for code in ("XKX", "XKK", "XKS")} == {"XK"}


@pytest.mark.parametrize(("alias", "alpha2"), [("UK", "GB"), ("EL", "GR")])
def test_aliases(alias: str, alpha2: str) -> None:
    assert normalise(alias) == Code(COUNTRY, alpha2)


@pytest.mark.parametrize(
    "code", ["EU", "UN", "EZ", "AC", "TA", "DG", "EA", "IC", "CP", "SU", "FX", "XX", "T1", "A1", "A2", "AP", "QU", "ZZ"]
)
def test_reserved_codes_and_sentinels_are_no_countries(code: str) -> None:
    assert normalise(code) == Code(UNKNOWN)
    assert why(bearing(code), policy(frontier(Restrictions(nationality=no("KP"))), grant=Grant())) == NOT_TOLD


@pytest.mark.parametrize("code", ["HK", "MO", "TW", "PR", "GU", "VI", "AS", "MP", "UM"])
def test_territories_have_codes_of_their_own(code: str) -> None:
    assert normalise(code) == Code(COUNTRY, code)
    for parent in ("CN", "US"):
        assert why(bearing(code), policy(frontier(Restrictions(nationality=no(parent))), grant=Grant())) == ()


@pytest.mark.parametrize(("code", "alpha2"), [("ROM", "RO"), ("ZAR", "CD"), ("BUR", "MM"), ("TMP", "TL")])
def test_withdrawn_codes_with_one_successor(code: str, alpha2: str) -> None:
    assert normalise(code) == Code(COUNTRY, alpha2)


@pytest.mark.parametrize("code", ["YUG", "SCG", "SUN", "DDR", "CSK"])
def test_withdrawn_codes_with_several_or_none(code: str) -> None:
    assert normalise(code) == Code(UNKNOWN)


def test_numbers_are_read_only_where_an_issuer_writes_them() -> None:
    assert normalise("840") == normalise("276") == Code(UNKNOWN)
    assert (normalise("840", "numeric"), normalise("276", "numeric")) == (Code(COUNTRY, "US"), Code(COUNTRY, "DE"))
    assert normalise(840, "numeric") == Code(UNKNOWN)


def test_fips_and_genc_are_read_only_where_an_issuer_writes_them() -> None:
    collisions = {"CH": "CN", "AU": "AT", "AS": "AU", "IS": "IL", "GM": "DE", "RS": "RU", "KS": "KR", "SZ": "CH"}
    assert {code: normalise(code, "fips").alpha2 for code in collisions} == collisions
    assert not {code for code, alpha2 in collisions.items() if normalise(code).alpha2 == alpha2}
    assert {code: normalise(code, "genc").alpha2 for code in ("XKS", "XGZ", "XWB")} == {"XKS": "XK", "XGZ": "PS", "XWB": "PS"}
    assert normalise("XGZ") == Code(UNKNOWN)


def test_norway_is_text_and_false_is_nothing() -> None:
    assert normalise("NO") == Code(COUNTRY, "NO")
    assert normalise(value=False) == Code(UNKNOWN)


def test_every_iso_code_is_itself_in_every_spelling() -> None:
    for alpha3, alpha2 in ALPHA3.items():
        for spelling in (alpha2, alpha2.lower(), f" {alpha2}\t", alpha3, alpha3.lower(), f"{alpha3}<", f"{alpha2}<"):
            assert normalise(spelling) == Code(COUNTRY, alpha2), spelling


@pytest.mark.parametrize("code", ["\uff24\uff25", "d\u0131", "DE\u200b", "D E", "DEUT", "", "<", "<D", 1, None, True, ["DE"], b"DE"])
def test_what_is_not_plain_text_is_unknown(code: object) -> None:
    assert normalise(code) == Code(UNKNOWN)
