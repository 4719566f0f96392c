"""The tables of country codes: ISO 3166-1 from `iso3166`, and by hand what tokens carry besides it (ICAO 9303-3, aliases)."""

from enum import StrEnum, unique
from typing import Final

import iso3166
from msgspec import Struct


@unique
class Kind(StrEnum):
    """What a code names; only a country can be tested against a list, everything else is unknown to a rule."""

    COUNTRY = "country"
    STATELESS = "stateless"
    REFUGEE = "refugee"
    UNSPECIFIED = "unspecified"
    ORGANISATION = "organisation"
    SPECIMEN = "specimen"
    UNKNOWN = "unknown"


class Code(Struct, frozen=True, gc=False):
    """One normalised code. `alpha2` is set for countries only; `code_class` where the document is not a full national's (`bno` …)."""

    kind: Kind
    alpha2: str | None = None
    code_class: str | None = None


UNKNOWN: Final = Code(Kind.UNKNOWN)
KOSOVO: Final = "XK"  # user-assigned: ISO 3166-1 has no code; EU, IMF and CLDR use this one

ALPHA2: Final = frozenset(iso3166.countries_by_alpha2) | {KOSOVO}
ALPHA3: Final = {country.alpha3: country.alpha2 for country in iso3166.countries}

NAMES: Final = {country.alpha2: country.apolitical_name for country in iso3166.countries}

_LONGEST_SUBDIVISION: Final = 3
_CAPITALS_AND_DIGITS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def is_subdivision(text: str) -> bool:
    """Say whether `text` has the form of an ISO 3166-2 code: a country, a hyphen, one to three capitals or digits.

    The form is all that is checked: the list of codes changes several times a year, and no permissively licensed copy of it is kept up.
    """
    country, _, part = text.partition("-")
    return country in ALPHA2 and 0 < len(part) <= _LONGEST_SUBDIVISION and _CAPITALS_AND_DIGITS.issuperset(part)


ALIASES: Final = {"UK": "GB", "EL": "GR"}
"""Two letters that are not ISO 3166-1 and mean exactly one country: exceptionally reserved `UK`, `EL` of the EU's institutions."""

_COUNTRIES: Final = {code: Code(Kind.COUNTRY, code) for code in ALPHA2}

TWO_LETTERS: Final = (
    _COUNTRIES
    | {alias: _COUNTRIES[code] for alias, code in ALIASES.items()}
    | {"XA": Code(Kind.STATELESS), "QS": Code(Kind.STATELESS)}  # Dutch customs; EUDI PID "holds no nationality"
)

_ICAO_COUNTRIES: Final = {"RKS": KOSOVO, "XKX": KOSOVO, "XKK": KOSOVO, "XKS": KOSOVO}
_WITHDRAWN: Final = {"ROM": "RO", "ZAR": "CD", "BUR": "MM", "TMP": "TL"}  # only those with exactly one successor
_CLASSES: Final = {
    "GBD": ("GB", "btc"),
    "GBN": ("GB", "bno"),
    "GBO": ("GB", "boc"),
    "GBP": ("GB", "bpp"),
    "GBS": ("GB", "bs"),
    "UNK": (KOSOVO, "unmik"),
}
_KINDS: Final = {
    Kind.STATELESS: "XXA",
    Kind.REFUGEE: "XXB XXC",
    Kind.UNSPECIFIED: "XXX",
    Kind.ORGANISATION: "EUE UNO UNA XOM XPO INP XBA XIM XCC XCO XEC XCE XES XMP XDC",
    Kind.SPECIMEN: "UTO",
}

THREE_LETTERS: Final = (
    {alpha3: _COUNTRIES[alpha2] for alpha3, alpha2 in (ALPHA3 | _WITHDRAWN | _ICAO_COUNTRIES).items()}
    | {code: Code(Kind.COUNTRY, alpha2, code_class) for code, (alpha2, code_class) in _CLASSES.items()}
    | {code: Code(kind) for kind, codes in _KINDS.items() for code in codes.split()}
)

ICAO: Final = THREE_LETTERS | {"D": _COUNTRIES["DE"]}  # Doc 9303-3: Germany is `D<<`

NUMERIC: Final = {country.numeric: _COUNTRIES[country.alpha2] for country in iso3166.countries}
"""ISO 3166-1 numeric, three digits; a country's number, never guessed: only where an issuer says that it writes them."""

_GENC: Final = {"XK": KOSOVO, "XKS": KOSOVO, "XG": "PS", "XGZ": "PS", "XW": "PS", "XWB": "PS"}
GENC: Final = _COUNTRIES | {code: _COUNTRIES[alpha2] for code, alpha2 in (ALPHA3 | _GENC).items()}
"""The U.S. government's profile of ISO 3166: its own codes for Kosovo, and for Gaza and the West Bank apart."""
