"""Codes as tokens and headers carry them -> ISO 3166-1 alpha-2, or unknown. Total: nothing raises, nothing is guessed."""

from collections.abc import Mapping
from typing import Final

from gateway.policy.access import UNKNOWN_NATIONALITIES, Nationalities
from gateway.policy.codes import GENC, ICAO, NUMERIC, THREE_LETTERS, TWO_LETTERS, UNKNOWN, Code, Kind
from gateway.policy.fips import FIPS

_SYSTEMS: Final[Mapping[str, Mapping[str, Code]]] = {
    "auto": TWO_LETTERS | ICAO,
    "alpha-2": TWO_LETTERS,
    "alpha-3": THREE_LETTERS,
    "icao": ICAO,
    "numeric": NUMERIC,
    "genc": GENC,
    "fips": {fips: TWO_LETTERS[alpha2] for fips, alpha2 in FIPS.items()},
}
_LATEST: Final = {"newest_first": 0, "oldest_first": -1}


def normalise(value: object, system: str = "auto") -> Code:
    """Read one code in `system` (auto, alpha-2, alpha-3, icao, numeric, genc, fips); what is no code of it, or no such system, is unknown.

    Case, outer blanks and the MRZ's trailing `<` do not matter. Only ASCII is read: `ß` in upper case would be South Sudan.
    """
    if not isinstance(value, str) or not value.isascii():
        return UNKNOWN
    return _SYSTEMS.get(system, {}).get(value.strip().upper().rstrip("<"), UNKNOWN)


def read_nationalities(claim: object, system: str = "auto", order: str = "unknown") -> Nationalities:
    """Read a claim that holds one code or a list of them, in order, each country once.

    Whatever is not a country sets `unknown`. A value with a class (British National (Overseas) …) goes to `classed`. `order` of a list
    (newest_first, oldest_first, unknown) tells which is the most recent; that one may be no country, and then it is not known.
    """
    codes = [normalise(value, system) for value in (claim if isinstance(claim, list | tuple) else (claim,))]
    countries = [code for code in codes if code.kind is Kind.COUNTRY and code.alpha2]
    if not countries:
        return UNKNOWN_NATIONALITIES
    known = dict.fromkeys(code.alpha2 for code in countries if code.alpha2 and not code.code_class)
    classed = dict.fromkeys(code.alpha2 for code in countries if code.alpha2 and code.code_class)
    latest = codes[_LATEST[order]].alpha2 if order in _LATEST else None
    return Nationalities(tuple(known), unknown=len(countries) < len(codes), classed=tuple(classed), most_recent=latest)


def read_country(value: object, system: str = "auto") -> str | None:
    """Read one country, for example of residence; None where it is unknown. A class of nationality is no country to live in."""
    code = normalise(value, system)
    return None if code.code_class else code.alpha2
