"""Where a request comes from, as the policy sees it: two sources, each of which may only make it less certain."""

import time
from pathlib import Path

import pytest
from support.mmdb import write_mmdb

from gateway.location.geolocation import GeoDatabase, Place
from gateway.location.locator import Locator, combined
from gateway.policy.access import NOWHERE, Location
from gateway.settings.shape import Geolocation, ProxyListener

PROXY, STRANGER = "10.0.0.1", "203.0.114.9"
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
    assert locator.locate(LONDON, []) == (LONDON, Location("GB", ("GB-ENG", "GB-WBK"), "database"))
    assert locator.locate(CRIMEA, [])[1].regions == ("UA-43",)
    assert locator.locate(UNLISTED, []) == (UNLISTED, Location(None, (), "database"))


def test_a_direct_client_cannot_say_where_it_is(database: GeoDatabase) -> None:
    address, location = Locator(LISTENER, database).locate(PYONGYANG, told(LONDON, "GB"))
    assert (address, location.country, location.source) == (PYONGYANG, "KP", "database")


def test_behind_a_trusted_proxy_the_client_is_looked_up(database: GeoDatabase) -> None:
    assert Locator(LISTENER, database).locate(PROXY, told(PYONGYANG)) == (PYONGYANG, Location("KP", (), "database"))


@pytest.mark.parametrize("private", ["10.9.9.9", "127.0.0.1", "192.168.1.1", "fe80::1", "unknown", ""])
def test_a_private_or_hidden_address_is_unknown(database: GeoDatabase, private: str) -> None:
    assert Locator(LISTENER, database).locate(PROXY, told(private))[1].country is None


def test_without_any_source_every_place_is_unknown() -> None:
    locator = Locator(ProxyListener())
    assert locator.locate(LONDON, told(LONDON, "GB")) == (LONDON, NOWHERE)
    assert locator.locate("", []) == ("unknown", NOWHERE)


def test_a_country_header_alone_is_enough_from_a_trusted_proxy() -> None:
    locator = Locator(LISTENER)
    assert locator.locate(PROXY, told(LONDON, "DE")) == (LONDON, Location("DE", (), "header"))
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


def test_sources_that_disagree_are_unknown_and_say_so(database: GeoDatabase) -> None:
    locator = Locator(LISTENER, database)
    assert locator.locate(PROXY, told(PYONGYANG, "GB"))[1] == Location(None, (), "conflict")
    assert locator.locate(PROXY, told(LONDON, "GB"))[1] == Location("GB", ("GB-ENG", "GB-WBK"), "header+database")
    assert locator.locate(PROXY, told(UNLISTED, "GB"))[1] == Location("GB", (), "header")


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


def test_unknown_is_the_stricter_of_any_two() -> None:
    assert combined(Place("GB"), (), looked_up=True).country == "GB"
    assert combined(Place("GB"), [b"XX"], looked_up=True).country is None
    assert combined(Place(), (), looked_up=False) is NOWHERE


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
