"""Where an address is, as the gate would find it: what verbs that decide without a gate share."""

from collections.abc import Callable
from functools import cache
from ipaddress import ip_address

from gateway.errors import CommandError
from gateway.location.geolocation import GeoDatabase
from gateway.location.locator import located
from gateway.policy.access import Location
from gateway.settings.shape import Settings

Locate = Callable[[str, str], Location]
"""An address and what a trusted CDN's header says of its country (either may be empty) -> the place."""


def locator_of(settings: Settings) -> Locate:
    """Look addresses up in the configured databases, which are opened once one is asked for. CommandError where it is no address."""

    @cache
    def databases() -> GeoDatabase | None:
        return GeoDatabase(settings.geolocation) if settings.geolocation is not None else None

    def locate(address: str, country: str) -> Location:
        said = [country.encode("utf-8")] if country else []
        return located(_address(address) if address else None, said, databases())

    return locate


def _address(given: str) -> str:
    try:
        return str(ip_address(given))
    except ValueError:
        raise CommandError(f"{given!r} is no address. Write 203.0.113.7 or 2001:db8::7.") from None
