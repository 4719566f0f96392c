"""From a socket and its headers to a Location: the address over trusted proxies, the database, the CDN's country header."""

from collections.abc import Sequence
from typing import Final, Protocol

from msgspec import structs

from gateway.location.address import client_address, is_public, is_trusted
from gateway.location.geolocation import UNKNOWN_PLACE, Place
from gateway.policy.access import NOWHERE, REGISTERED, Location
from gateway.policy.countries import read_country
from gateway.settings.addresses import network
from gateway.settings.shape import ProxyListener
from gateway.wire.forwarded import address_of

Headers = Sequence[tuple[bytes, bytes]]
Located = tuple[str, Location]
UNNAMED: Final = "unknown"
ANONYMIZERS: Final = frozenset({"T1", "A1"})  # Tor at Cloudflare; anonymous proxies in legacy GeoIP
CAPACITY: Final = 65536
LONGEST_REMEMBERED: Final = 256


class Geolocation(Protocol):
    """The database, as far as it is used here."""

    generation: int

    @property
    def built_at(self) -> float:
        """Build of the database of countries, epoch seconds."""

    @property
    def marks_anonymizers(self) -> bool:
        """Whether it can tell an anonymizer."""

    def place(self, address: str) -> Place:
        """Look up a normalised address."""


class Locator:
    """Says who the client is and where, cheaply: answers are remembered, at most `capacity`, until the database changes.

    Two sources that disagree are both kept: a rule must hold for each. A country header counts only from a trusted peer; there, a
    code that is no country (`XX`, a repeated header) is a place that nobody knows, and `T1` or `A1` marks an anonymizer.
    """

    def __init__(self, listener: ProxyListener, geolocation: Geolocation | None = None, capacity: int = CAPACITY) -> None:
        self._trusted = tuple(network(text) for text in listener.trusted_proxies)
        self._source = listener.client_address_header
        self._country_header = listener.country_header.lower().encode("ascii")
        told = {self._source.encode("ascii"), self._country_header} - {b"none", b""}
        self._told = frozenset(told)
        self._geolocation = geolocation
        self._generation = -1
        self._capacity = capacity
        self._peers: dict[str, Located | None] = {}
        self._behind: dict[tuple[object, ...], Located] = {}

    def __repr__(self) -> str:
        return f"<Locator source={self._source} trusted={len(self._trusted)} remembered={len(self._peers) + len(self._behind)}>"

    @property
    def generation(self) -> int:
        """Moves when the databases are read anew."""
        return self._geolocation.generation if self._geolocation is not None else 0

    def locate(self, peer: str, headers: Headers) -> Located:
        """Name the client's address (`unknown` where nobody who may be believed says it) and its location; header names are lower-case."""
        if self._geolocation is not None and self._geolocation.generation != self._generation:
            self._forget(self._geolocation.generation)
        try:
            found = self._peers[peer]
        except KeyError:
            found = self._remember_peer(peer)
        return found if found is not None else self._behind_proxy(peer, headers)

    def _remember_peer(self, peer: str) -> Located | None:
        """Remember a direct client's answer, or None for a trusted proxy: there the headers decide."""
        address = address_of(peer)
        trusted = address is not None and is_trusted(address, self._trusted)
        found = None if trusted else self._located(address, ())
        _make_room(self._peers, self._capacity)
        self._peers[peer] = found
        return found

    def _behind_proxy(self, peer: str, headers: Headers) -> Located:
        told = tuple([header for header in headers if header[0] in self._told])
        found = self._behind.get(told)
        if found is None:
            address = client_address(peer, told, self._trusted, self._source)
            found = self._located(address, [value for name, value in told if name == self._country_header])
            if sum(len(value) for _, value in told) <= LONGEST_REMEMBERED:
                _make_room(self._behind, self._capacity)
                self._behind[told] = found
        return found

    def _located(self, address: str | None, said: Sequence[bytes]) -> Located:
        return address or UNNAMED, located(address, said, self._geolocation)

    def _forget(self, generation: int) -> None:
        self._generation = generation
        self._peers.clear()
        self._behind.clear()


def located(address: str | None, said: Sequence[bytes], geolocation: Geolocation | None) -> Location:
    """Put together what the databases know of `address` and what the country header said (`said`, empty where it was absent).

    An address that is not public is asked of nobody. A header that says nothing readable, and a database that was asked and does not
    know, are sources too: whoever does not know leaves the place unknown.
    """
    if geolocation is None:
        return _by_header(said, None, marks_anonymizers=False) if said else NOWHERE
    place = geolocation.place(address) if address is not None and is_public(address) else None
    if not said:
        found = place or UNKNOWN_PLACE
        return _with_registered(Location(found.country, found.regions, "database", found.anonymizer, found.hosting), place, geolocation)
    if place is None:
        return _by_header(said, None, marks_anonymizers=geolocation.marks_anonymizers)
    header = _by_header(said, place, marks_anonymizers=geolocation.marks_anonymizers)
    return _with_registered(_both(header, place), place, geolocation)


def _by_header(said: Sequence[bytes], place: Place | None, *, marks_anonymizers: bool) -> Location:
    """Read the header. A real country in it says also that the address is no anonymizer, unless a database could say better."""
    codes = {value.strip(b" \t").upper().decode("latin-1") for value in said}  # bytes.upper: only ASCII changes, ß is not SS
    country = read_country(next(iter(codes)), "alpha-2") if len(codes) == 1 else None
    hidden = None if marks_anonymizers or country is None else False
    if place is not None and place.anonymizer is not None:
        hidden = place.anonymizer
    return Location(country, (), "header", True if codes & ANONYMIZERS else hidden, place.hosting if place is not None else None)


def _both(header: Location, place: Place) -> Location:
    """Join two sources that agree; keep both where they do not, one that does not know first."""
    if header.country == place.country:
        return structs.replace(header, regions=place.regions, source="header+database")
    other = Location(place.country, place.regions, "database")
    if place.country is None:
        told, other = structs.replace(header, country=None), Location(header.country, (), "header")
    else:
        told = header
    return structs.replace(told, source="conflict", others=(other,))


def _with_registered(location: Location, place: Place | None, geolocation: Geolocation) -> Location:
    """Add the country of registration, as another place where it is another one, and the build of the database that was asked."""
    if place is None:
        return location
    registered = place.registered
    known = {location.country, *(other.country for other in location.others)}
    others = location.others if registered is None or registered in known else (*location.others, Location(registered, (), REGISTERED))
    return structs.replace(location, registered=registered, others=others, built_at=geolocation.built_at)


def _make_room(remembered: dict[str, Located | None] | dict[tuple[object, ...], Located], capacity: int) -> None:
    """Forget everything when full: rare, cheap on average, and nothing a flood of addresses can grow."""
    if len(remembered) >= capacity:
        remembered.clear()
