"""Country codes: total, the same in any case and with blanks around, and no other country than ISO's own table says."""

from collections.abc import Callable

import iso3166

from gateway.policy.codes import ALIASES, KOSOVO, Code, Kind
from gateway.policy.countries import normalise, read_country, read_nationalities

SYSTEMS = ("auto", "alpha-2", "alpha-3", "icao", "numeric", "genc", "fips")
ISO = {
    "alpha-2": {code: country.alpha2 for code, country in iso3166.countries_by_alpha2.items()} | ALIASES | {KOSOVO: KOSOVO},
    "alpha-3": {code: country.alpha2 for code, country in iso3166.countries_by_alpha3.items()},
    "numeric": {code: country.alpha2 for code, country in iso3166.countries_by_numeric.items()},
}
KNOWN = set(iso3166.countries_by_alpha2) | {KOSOVO}


class Countries:
    """A code system (its first letters), a blank, a code."""

    seeds = (
        b"auto DE",
        b"alpha-3 DEU",
        b"icao D<<",
        b"numeric 276",
        b"genc PRK",
        b"fips GM",
        b"auto GBN",
        b"auto \xc3\x9f",
        b"alpha-2 uk",
        b"auto XXA",
    )
    words = (
        *(f"{system} ".encode() for system in SYSTEMS),
        *(b"KP", b"PRK", b"408", b"<", b" ", b"\xc3\x9f", b"\xef\xac\x80", b"\xe2\x84\xaa", b"\xc5\xbf"),
    )

    def __init__(self, read: Callable[[object, str], Code] = normalise) -> None:
        self._read = read

    def try_one(self, data: bytes) -> None:
        """Try one code."""
        system, _, text = data.decode("utf-8", "replace").partition(" ")
        code = self._read(text, system)
        for other in (text.lower(), f" {text}\t"):
            if text.isascii():
                assert self._read(other, system) == code, "case and blanks matter"
        if not text.isascii() or system not in SYSTEMS:
            assert code.kind is Kind.UNKNOWN, "what is no code is one"
        assert code.alpha2 is None or code.alpha2 in KNOWN
        stripped = text.strip().upper().rstrip("<")
        for table in (system,) if system in ISO and text.isascii() else ():
            if code.kind is Kind.COUNTRY and code.code_class is None and stripped in ISO[table]:
                assert code.alpha2 == ISO[table][stripped], "it is another country"
            assert (stripped not in ISO[table]) or code.kind is Kind.COUNTRY, "a country is not known"
        self._lists(text, system, code)

    def _lists(self, text: str, system: str, code: Code) -> None:
        found = read_nationalities([text, None], system)
        assert found.unknown, "what cannot be read is not there"
        alone = read_country(text, system)
        assert alone is None or alone == code.alpha2
