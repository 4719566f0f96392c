"""FIPS 10-4 leads to ISO countries, each from one code but for Palestine, which had two."""

from collections import Counter

from gateway.policy.codes import ALPHA2
from gateway.policy.fips import FIPS


def test_every_code_leads_to_one_country() -> None:
    assert set(FIPS.values()) <= ALPHA2
    assert [code for code, times in Counter(FIPS.values()).items() if times > 1] == ["PS"]
    assert all(len(fips) == 2 and fips.isupper() for fips in FIPS)


def test_every_country_with_people_is_reached() -> None:
    assert ALPHA2 - set(FIPS.values()) == {"AX", "BQ", "UM"}
