"""The layouts of databases that are sold, by configured paths, probed when a file is opened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.mmdb import ANONYMOUS, write_mmdb

from gateway.errors import SettingsError
from gateway.location.geolocation import GeoDatabase, Place
from gateway.location.records import at, flag, probe_countries, probe_flags, steps_of, subdivisions
from gateway.settings.shape import AnonymizerDatabase, Geolocation, HostingDatabase

IPINFO = {"hosting": "true", "proxy": "", "relay": "false", "service": "", "tor": "", "vpn": "true"}
DB_IP = {"country": {"iso_code": "DE"}, "traits": {"is_proxy": False, "usage_type": "hosting"}}


class Records:
    """A reader of records from memory."""

    def __init__(self, *records: object) -> None:
        self.records = records

    def get(self, _ip_address: str) -> object:
        return None

    def __iter__(self) -> Iterator[tuple[object, object]]:
        return (("network", record) for record in self.records)

    def close(self) -> None:
        """Nothing to unmap."""


@pytest.mark.parametrize(
    ("path", "record", "marked"),
    [
        ("/is_tor_exit_node", {"is_tor_exit_node": True}, True),
        ("/is_tor_exit_node", {"is_tor_exit_node": False}, False),
        ("/is_tor_exit_node", {}, False),
        ("/vpn", IPINFO, True),
        ("/proxy", IPINFO, False),
        ("/relay", IPINFO, False),
        ("/service", {"service": "SomeVPN"}, True),
        ("/traits/usage_type=hosting", DB_IP, True),
        ("/traits/usage_type=Hosting", DB_IP, True),
        ("/traits/usage_type=consumer", DB_IP, False),
        ("/traits/is_proxy", DB_IP, False),
        ("/traits/is_proxy", {"traits": "none"}, False),
        ("/threat=high", {"threat": 1}, False),
        ("/score", {"score": 1}, True),
        ("/score", {"score": 0}, False),
    ],
)
def test_a_flag_marks_by_whatever_is_not_plainly_no(path: str, record: object, marked: bool) -> None:
    assert flag(path).marks(record) is marked


def test_paths_follow_json_pointers() -> None:
    assert at({"a/b": {"~": 5}}, steps_of("/a~1b/~0")) == 5
    assert at([1], steps_of("/0")) is None


def test_subdivisions_join_with_their_country_at_all_levels() -> None:
    assert subdivisions("GB", [{"iso_code": "ENG"}, {"iso_code": "wbk"}]) == ("GB-ENG", "GB-WBK")
    assert subdivisions("UA", "UA-43") == ("UA-43",)
    assert subdivisions("UA", [{"names": {}}, 43, None, "é"]) == ()


def test_flags_that_stand_nowhere_are_refused_with_what_does() -> None:
    with pytest.raises(SettingsError, match=r"hosting.paths: /is_hosting_provider is in no record of .* hold /hosting, /proxy"):
        probe_flags(Records(IPINFO), "f.mmdb", (flag("/is_hosting_provider"),), "geolocation.hosting")
    with pytest.raises(SettingsError, match="/tro is in no record"):
        probe_flags(Records(IPINFO), "f.mmdb", (flag("/vpn"), flag("/tro")), "geolocation.anonymizer")
    with pytest.raises(SettingsError, match="hold nothing"):
        probe_flags(Records(), "f.mmdb", (flag("/vpn"),), "geolocation.anonymizer")


def test_a_rare_flag_of_maxmind_need_not_be_in_the_sample_but_a_misspelt_one_is_refused() -> None:
    records = Records({"is_anonymous": True, "is_anonymous_vpn": True})
    rare = tuple(map(flag, AnonymizerDatabase(file="").paths))
    probe_flags(records, "f.mmdb", rare, "geolocation.anonymizer")
    probe_flags(records, "f.mmdb", (flag("/is_hosting_provider"),), "geolocation.hosting")
    with pytest.raises(SettingsError, match="/is_tor is in no record"):
        probe_flags(records, "f.mmdb", (*rare, flag("/is_tor")), "geolocation.anonymizer")


def test_a_country_path_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(SettingsError, match="Write: country_path: /country_code"):
        probe_countries(Records({"country_code": "DE"}), "f.mmdb", "/country/iso_code")


LAYOUTS: dict[str, tuple[dict[str, Any], dict[str, Any], Place]] = {
    "MaxMind City and Anonymous IP": (
        {"country": {"iso_code": "GB"}, "registered_country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "ENG"}]},
        {},
        Place("GB", ("GB-ENG",), "US", anonymizer=True, hosting=False),
    ),
    "DB-IP": (
        DB_IP,
        {"hosting": {"paths": ("/traits/usage_type=hosting",)}, "anonymizer": {"paths": ("/traits/is_proxy",)}},
        Place("DE", anonymizer=False, hosting=True),
    ),
    "IPinfo": (
        {"country": "Germany", "country_code": "DE", **IPINFO},
        {"country_path": "/country_code", "hosting": {"paths": ("/hosting",)}, "anonymizer": {"paths": ("/vpn", "/tor")}},
        Place("DE", anonymizer=True, hosting=True),
    ),
}


@pytest.mark.parametrize(("record", "settings", "place"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layouts_are_read_by_configured_paths(record: dict[str, Any], settings: dict[str, Any], place: Place, tmp_path: Path) -> None:
    whole = str(write_mmdb(tmp_path / "whole.mmdb", {"81.2.69.0/24": record}))
    flags = whole if settings else str(write_mmdb(tmp_path / "flags.mmdb", ANONYMOUS))
    anonymizer = AnonymizerDatabase(file=flags, **settings.pop("anonymizer", {}))
    hosting = HostingDatabase(file=flags, **settings.pop("hosting", {}))
    database = GeoDatabase(Geolocation(file=whole, anonymizer=anonymizer, hosting=hosting, **settings))
    assert database.place("81.2.69.7") == place
