"""Where a request comes from, as the policy sees it: two sources, each of which may only make it less certain."""

import time
from pathlib import Path

import pytest
from msgspec import structs
from support.mmdb import ANONYMOUS, write_mmdb

from gateway.location.geolocation import GeoDatabase
from gateway.location.locator import Locator, located
from gateway.policy.access import NOWHERE, Location
from gateway.policy.findings import region
from gateway.policy.restrictions import CountryRule
from gateway.policy.vocabulary import Places, Result
from gateway.settings.shape import AnonymizerDatabase, Geolocation, HostingDatabase, ProxyListener

PROXY, STRANGER = "10.0.0.1", "203.0.114.9"
BUILT = 1_790_000_000.0
LONDON, CRIMEA, PYONGYANG, UNLISTED = "81.2.69.142", "85.114.64.1", "175.45.176.1", "9.9.9.9"
LISTENER = ProxyListener(trusted_proxies=("10.0.0.0/8",), client_address_header="x-forwarded-for", country_header="CF-IPCountry")


@pytest.fixture
def database(tmp_path: Path) -> GeoDatabase:
    return GeoDatabase(Geolocation(file=str(write_mmdb(tmp_path / "country.mmdb"))))


def told(client: str = "", *countries: str) -> list[tuple[bytes, bytes]]:
    headers = [(b"host", b"gate"), (b"cf-ipcountry", b"")][:1]
    headers += [(b"x-forwarded-for", client.encode())] if client else []
    return headers + [(b"cf-ipcountry", country.encode("latin-1")) for country in countries]


def test_a_direct_client_is_looked_up(database: GeoDatabase) -> None:
    locator = Locator(ProxyListener(), database)
    assert locator.locate(LONDON, []) == (LONDON, Location("GB", ("GB-ENG", "GB-WBK"), "database", built_at=BUILT))
    assert locator.locate(CRIMEA, [])[1].regions == ("UA-43",)
    assert locator.locate(UNLISTED, []) == (UNLISTED, Location(None, (), "database", built_at=BUILT))


def test_a_direct_client_cannot_say_where_it_is(database: GeoDatabase) -> None:
    address, location = Locator(LISTENER, database).locate(PYONGYANG, told(LONDON, "GB"))
    assert (address, location.country, location.source) == (PYONGYANG, "KP", "database")


def test_behind_a_trusted_proxy_the_client_is_looked_up(database: GeoDatabase) -> None:
    assert Locator(LISTENER, database).locate(PROXY, told(PYONGYANG)) == (PYONGYANG, Location("KP", (), "database", built_at=BUILT))


@pytest.mark.parametrize("private", ["10.9.9.9", "127.0.0.1", "192.168.1.1", "fe80::1", "unknown", ""])
def test_a_private_or_hidden_address_is_unknown(database: GeoDatabase, private: str) -> None:
    assert Locator(LISTENER, database).locate(PROXY, told(private))[1].country is None


def test_without_any_source_every_place_is_unknown() -> None:
    locator = Locator(ProxyListener())
    assert locator.locate(LONDON, told(LONDON, "GB")) == (LONDON, NOWHERE)
    assert locator.locate("", []) == ("unknown", NOWHERE)


def test_a_country_header_alone_is_enough_from_a_trusted_proxy() -> None:
    locator = Locator(LISTENER)
    assert locator.locate(PROXY, told(LONDON, "DE")) == (LONDON, Location("DE", (), "header", anonymizer=False))
    assert locator.locate(PROXY, told("", "de"))[1].country == "DE"
    assert locator.locate(PROXY, told(LONDON)) == (LONDON, NOWHERE)
    assert locator.locate(STRANGER, told(LONDON, "DE")) == (STRANGER, NOWHERE)


@pytest.mark.parametrize("code", ["XX", "T1", "EU", "A1", "ZZ", "", "Germany", "D", "\xdf", "DE,FR", "DE" + " " * 9 + "x"])
def test_a_code_that_is_no_country_is_unknown_also_against_the_database(database: GeoDatabase, code: str) -> None:
    assert Locator(LISTENER).locate(PROXY, told(LONDON, code))[1].country is None
    assert Locator(LISTENER, database).locate(PROXY, told(LONDON, code))[1].country is None


def test_tor_is_an_anonymizer() -> None:
    locator = Locator(LISTENER)
    assert locator.locate(PROXY, told(LONDON, "T1"))[1] == Location(None, (), "header", anonymizer=True)
    assert locator.locate(PROXY, told(LONDON, "GB", "t1"))[1] == Location(None, (), "header", anonymizer=True)
    assert not locator.locate(PROXY, told(LONDON, "GB"))[1].anonymizer


def test_repeated_headers_that_disagree_are_unknown() -> None:
    locator = Locator(LISTENER)
    assert locator.locate(PROXY, told(LONDON, "GB", "KP"))[1].country is None
    assert locator.locate(PROXY, told(LONDON, "GB", "GB"))[1].country == "GB"


def test_sources_that_agree_are_one(database: GeoDatabase) -> None:
    found = Locator(LISTENER, database).locate(PROXY, told(LONDON, "GB"))[1]
    assert found == Location("GB", ("GB-ENG", "GB-WBK"), "header+database", anonymizer=False, built_at=BUILT)


@pytest.mark.parametrize(
    ("client", "header", "denied", "result"),
    [
        (PYONGYANG, "GB", "KP", Result.FAIL),
        (PYONGYANG, "GB", "GB", Result.FAIL),
        (PYONGYANG, "GB", "IR", Result.PASS),
        (PYONGYANG, "XX", "KP", Result.FAIL),
        (PYONGYANG, "XX", "IR", Result.UNKNOWN),
        (UNLISTED, "GB", "GB", Result.FAIL),
        (UNLISTED, "GB", "IR", Result.UNKNOWN),
        (UNLISTED, "XX", "IR", Result.UNKNOWN),
        (CRIMEA, "UA", "UA-43", Result.FAIL),
        (CRIMEA, "RU", "UA-43", Result.FAIL),
        (LONDON, "UA", "UA-43", Result.UNKNOWN),
    ],
)
def test_of_sources_that_disagree_the_stricter_decides(
    database: GeoDatabase, client: str, header: str, denied: str, result: Result
) -> None:
    """A place is denied if either is denied, unknown if either is unknown; a database that was asked and knows nothing is a source."""
    location = Locator(LISTENER, database).locate(PROXY, told(client, header))[1]
    assert region(CountryRule(any_in=frozenset({denied})), location) is result
    assert location.source == ("header+database" if (client, header) in {(CRIMEA, "UA"), (UNLISTED, "XX")} else "conflict")


def test_a_country_nobody_agrees_on_stands_for_none(database: GeoDatabase) -> None:
    told_unknown = Locator(LISTENER, database).locate(PROXY, told(LONDON, "XX"))[1]
    assert (told_unknown.country, [other.country for other in told_unknown.others]) == (None, ["GB"])


def test_an_address_that_no_database_can_know_leaves_the_header_alone(database: GeoDatabase) -> None:
    assert Locator(LISTENER, database).locate(PROXY, told("10.9.9.9", "GB"))[1] == Location("GB", (), "header", anonymizer=False)


REGISTERED = {
    "81.2.69.0/24": {"country": {"iso_code": "GB"}, "registered_country": {"iso_code": "KP"}},
    "85.114.64.0/24": {"country": {"iso_code": "GB"}, "registered_country": {"iso_code": "GB"}},
    "175.45.176.0/22": {"registered_country": {"iso_code": "KP"}},
}


def test_where_a_network_is_registered_is_another_place(tmp_path: Path) -> None:
    locator = Locator(ProxyListener(), GeoDatabase(Geolocation(file=str(write_mmdb(tmp_path / "country.mmdb", REGISTERED)))))
    abroad, home, nowhere = (locator.locate(address, [])[1] for address in (LONDON, CRIMEA, PYONGYANG))
    assert (abroad.country, abroad.registered, abroad.others) == ("GB", "KP", (Location("KP", (), "registered"),))
    assert (home.registered, home.others) == ("GB", ())
    assert (nowhere.country, nowhere.registered) == (None, "KP")
    rule = CountryRule(any_in=frozenset({"KP"}))
    assert region(rule, abroad) is Result.FAIL
    assert region(structs.replace(rule, places=Places.LOCATED), abroad) is Result.PASS
    assert region(structs.replace(rule, places=Places.REGISTERED), abroad) is Result.FAIL
    assert region(rule, home) is Result.PASS


@pytest.fixture
def marking(tmp_path: Path) -> GeoDatabase:
    flags = str(write_mmdb(tmp_path / "anonymous.mmdb", ANONYMOUS))
    country = str(write_mmdb(tmp_path / "country.mmdb"))
    return GeoDatabase(Geolocation(file=country, anonymizer=AnonymizerDatabase(file=flags), hosting=HostingDatabase(file=flags)))


@pytest.mark.parametrize(
    ("client", "anonymizer", "hosting"),
    [(LONDON, True, False), (CRIMEA, False, True), (PYONGYANG, True, True), (UNLISTED, False, False), ("10.9.9.9", None, None)],
)
def test_addresses_that_hide_or_are_rented_are_marked(
    marking: GeoDatabase, client: str, anonymizer: bool | None, hosting: bool | None
) -> None:
    location = Locator(LISTENER, marking).locate(PROXY, told(client))[1]
    assert (location.anonymizer, location.hosting) == (anonymizer, hosting)


def test_tor_at_the_edge_is_believed_over_the_database_and_no_country_says_what_a_database_would(marking: GeoDatabase) -> None:
    locator = Locator(LISTENER, marking)
    assert locator.locate(PROXY, told(UNLISTED, "T1"))[1].anonymizer is True
    assert locator.locate(PROXY, told(LONDON, "GB"))[1].anonymizer is True
    assert locator.locate(PROXY, told("10.9.9.9", "GB"))[1].anonymizer is None


def test_the_address_of_a_silent_proxy_is_not_looked_up(database: GeoDatabase) -> None:
    """A content network's own public addresses would say where its machines are, not where its customers are."""
    edge = ProxyListener(trusted_proxies=(LONDON,), country_header="cf-ipcountry")
    assert Locator(edge, database).locate(LONDON, []) == ("unknown", Location(None, (), "database"))
    assert Locator(edge, database).locate(LONDON, told("", "KP"))[1].country == "KP"


def test_answers_are_remembered_until_the_database_changes(database: GeoDatabase) -> None:
    locator = Locator(LISTENER, database)
    direct, behind = locator.locate(LONDON, []), locator.locate(PROXY, told(LONDON))
    assert locator.locate(LONDON, []) is direct
    assert locator.locate(PROXY, told(LONDON)) is behind
    write_mmdb(Path(database.settings.file), {"81.2.69.0/24": {"country": {"iso_code": "IE"}}})
    database.refresh()
    assert locator.locate(LONDON, [])[1].country == "IE"
    assert locator.locate(PROXY, told(LONDON))[1].country == "IE"


def test_memory_is_bounded_in_number_and_in_size() -> None:
    locator = Locator(LISTENER, capacity=100)
    for number in range(1000):
        locator.locate(f"8.8.{number // 250}.{number % 250}", [])
        locator.locate(PROXY, told(f"9.9.{number // 250}.{number % 250}"))
        locator.locate(PROXY, told("spoofed, " * 400 + LONDON))
    remembered = int(repr(locator).rpartition("=")[2].rstrip(">"))
    assert 0 < remembered <= 200


def test_no_source_is_nowhere() -> None:
    assert located(LONDON, (), None) is NOWHERE


def test_a_remembered_answer_costs_well_under_a_microsecond() -> None:
    locator = Locator(LISTENER)
    locator.locate(STRANGER, [])
    best = min(_seconds(locator) for _ in range(20))
    assert best / 1000 < 2e-6


def _seconds(locator: Locator) -> float:
    began = time.perf_counter()
    for _ in range(1000):
        locator.locate(STRANGER, ())
    return time.perf_counter() - began
