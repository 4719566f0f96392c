"""A real database file, opened, probed, replaced and outdated."""

import asyncio
from pathlib import Path

import maxminddb.extension
import pytest
from support.mmdb import ANONYMOUS, NETWORKS, write_mmdb

from gateway.errors import SettingsError
from gateway.location.database import open_database
from gateway.location.geolocation import UNKNOWN_PLACE, GeoDatabase, Place
from gateway.settings.shape import AnonymizerDatabase, Geolocation, HostingDatabase

BUILT = 1_790_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_mmdb(tmp_path / "country.mmdb", built_at=BUILT)


def test_countries_and_all_levels_of_subdivisions(file: Path) -> None:
    database = GeoDatabase(Geolocation(file=str(file)))
    assert database.place("81.2.69.142") == Place("GB", ("GB-ENG", "GB-WBK"))
    assert database.place("85.114.64.1") == Place("UA", ("UA-43",))
    assert database.place("175.45.179.255") == Place("KP")
    assert database.place("2a02:d0ff::1") == Place("FR")
    assert database.built_at == BUILT


def test_no_record_and_a_record_without_country_are_unknown(file: Path) -> None:
    database = GeoDatabase(Geolocation(file=str(file)))
    assert database.place("9.9.9.9") == UNKNOWN_PLACE
    assert database.place("62.4.0.1") == UNKNOWN_PLACE
    assert database.place("no address") == UNKNOWN_PLACE


def test_the_reader_is_the_c_extension(file: Path) -> None:
    reader, _ = open_database(str(file), "geolocation.file", lambda _reader, _file: None)
    assert isinstance(reader, maxminddb.extension.Reader)
    reader.close()


def test_subdivisions_may_be_plain_codes_or_left_out(tmp_path: Path) -> None:
    records = {"81.2.69.0/24": {"country_code": "gb", "region": ["eng"]}, "85.114.64.0/24": {"country_code": "UA", "region": "UA-43"}}
    path = str(write_mmdb(tmp_path / "flat.mmdb", records))
    flat = GeoDatabase(Geolocation(file=path, country_path="/country_code", subdivisions_path="/region"))
    assert flat.place("81.2.69.1") == Place("GB", ("GB-ENG",))
    assert flat.place("85.114.64.1") == Place("UA", ("UA-43",))
    bare = GeoDatabase(Geolocation(file=path, country_path="/country_code", subdivisions_path=""))
    assert bare.place("85.114.64.1") == Place("UA")


def test_a_path_that_leads_to_no_code_is_answered_with_the_right_one(tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "names.mmdb", {"81.2.69.0/24": {"country": "United Kingdom", "country_code": "GB"}})
    for wrong in ("/country", "/country/iso_code", "/nowhere"):
        with pytest.raises(SettingsError, match="Write: country_path: /country_code"):
            GeoDatabase(Geolocation(file=str(path), country_path=wrong))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.mmdb").write_text("hello", encoding="utf-8")
    for name in ("text.mmdb", "none.mmdb"):
        with pytest.raises(SettingsError, match=r"mmdb cannot be opened"):
            GeoDatabase(Geolocation(file=str(tmp_path / name)))


def test_a_replaced_file_is_read_again_and_a_bad_one_changes_nothing(file: Path) -> None:
    heard: list[SettingsError] = []
    database = GeoDatabase(Geolocation(file=str(file)), on_failure=heard.append)
    database.refresh()
    assert database.generation == 0
    write_mmdb(file, {"81.2.69.0/24": {"country": {"iso_code": "IE"}}}, built_at=BUILT + 1)
    database.refresh()
    assert (database.place("81.2.69.1"), database.built_at, database.generation) == (Place("IE"), BUILT + 1, 1)
    (file.parent / "bad").write_bytes(b"half")
    (file.parent / "bad").replace(file)
    database.refresh()
    database.refresh()
    assert (database.place("81.2.69.1"), database.generation, len(heard)) == (Place("IE"), 1, 1)
    assert database.counts == {"ok": 1, "failed": 1}


def test_a_database_that_grows_too_old_knows_nothing_until_it_is_replaced(file: Path) -> None:
    now = [BUILT + 100.0]
    database = GeoDatabase(Geolocation(file=str(file), max_age=100), clock=lambda: now[0])
    assert (database.place("175.45.176.1").country, database.fresh) == ("KP", True)
    now[0] += 1
    database.refresh()
    assert (database.place("175.45.176.1"), database.fresh, database.generation) == (UNKNOWN_PLACE, False, 1)
    write_mmdb(file, NETWORKS, built_at=BUILT + 50)
    database.refresh()
    assert (database.place("175.45.176.1").country, database.fresh) == ("KP", True)


async def test_it_refreshes_by_itself_and_stops_knowing_nothing(file: Path) -> None:
    heard: asyncio.Queue[SettingsError] = asyncio.Queue()
    database = GeoDatabase(Geolocation(file=str(file)), on_failure=heard.put_nowait)
    database.start(every=0.01)
    file.with_suffix(".bad").write_bytes(b"half")
    file.with_suffix(".bad").replace(file)
    assert "cannot be opened" in str(await asyncio.wait_for(heard.get(), 10))
    assert database.place("175.45.176.1") == Place("KP")
    await database.stop()
    assert database.place("81.2.69.1") == UNKNOWN_PLACE


def test_each_file_has_an_age_and_a_replacement_of_its_own(file: Path, tmp_path: Path) -> None:
    now = [BUILT + 50.0]
    flags = write_mmdb(tmp_path / "anonymous.mmdb", ANONYMOUS, built_at=BUILT)
    settings = Geolocation(
        file=str(file), anonymizer=AnonymizerDatabase(file=str(flags), max_age=100), hosting=HostingDatabase(file=str(flags))
    )
    database = GeoDatabase(settings, clock=lambda: now[0])
    tor = "175.45.176.1"
    assert (database.place(tor).anonymizer, database.place(tor).hosting) == (True, True)
    now[0] += 60
    database.refresh()
    assert (database.place(tor).country, database.place(tor).anonymizer, database.place(tor).hosting) == ("KP", None, True)
    assert database.generation == 1
    write_mmdb(flags, {"81.2.69.0/24": {"is_anonymous_vpn": True, "is_hosting_provider": True}}, built_at=BUILT + 100)
    database.refresh()
    assert (database.place(tor).anonymizer, database.place(tor).hosting) == (False, False)
    assert database.counts == {"ok": 2, "failed": 0}
    assert {name: one.built_at for name, one in database.databases.items()} == {
        "country": BUILT,
        "anonymizer": BUILT + 100,
        "hosting": BUILT + 100,
    }
