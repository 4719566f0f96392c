"""What follows from the settings and is replaced when they are read again: made whole first, so that bad settings change nothing."""

import asyncio
from collections.abc import Callable, Mapping

from msgspec import Struct

from gateway.dialects import House
from gateway.errors import GatewayError
from gateway.identity.assertion import AssertionSigner
from gateway.identity.fetch import HttpFetch
from gateway.identity.keyset import KeySet
from gateway.identity.verifier import Verifier
from gateway.location.geolocation import GeoDatabase
from gateway.location.locator import Locator
from gateway.policy.access import Instant
from gateway.policy.snapshot import Model
from gateway.proxy.deadlines import Deadlines
from gateway.proxy.introduction import Introduction
from gateway.proxy.upstream import Upstream
from gateway.settings.provision import build_catalogue, check_secrets, country_groups, expand_for, read_secret
from gateway.settings.shape import Issuer, Settings
from gateway.settings.shape import Upstream as UpstreamSection
from gateway.store.rules import Expand


class Outfit(Struct, frozen=True):
    """One outfit. Key sets and upstreams whose settings are the same are those of the outfit before."""

    settings: Settings
    catalogue: Mapping[str, Model]
    expand: Expand
    keysets: Mapping[str, KeySet]
    verifier: Verifier
    upstreams: Mapping[str, Upstream]
    introductions: Mapping[str, Introduction | None]
    signer: AssertionSigner | None
    geolocation: GeoDatabase | None
    locator: Locator
    house: House

    async def stop(self) -> None:
        """End what works by itself."""
        await self.verifier.stop()
        if self.geolocation is not None:
            await self.geolocation.stop()


class Outfitter:
    """Makes outfits. `on_failure` hears of databases that could not be read again."""

    def __init__(
        self, clock: Callable[[], Instant], fetch: HttpFetch, deadlines: Deadlines, on_failure: Callable[[GatewayError], None]
    ) -> None:
        self._clock = clock
        self._fetch = fetch
        self._deadlines = deadlines
        self._on_failure = on_failure

    def __repr__(self) -> str:
        return "<Outfitter>"

    async def close(self) -> None:
        """Fetch no more."""
        await self._fetch.close()

    def make(self, settings: Settings, before: Outfit | None = None) -> Outfit:
        """Make everything, and put nothing in force. Raises GatewayError, and nothing has changed then."""
        check_secrets(settings)
        keysets = {issuer.name: self._keyset(issuer, before) for issuer in settings.issuers}
        signer = AssertionSigner(settings.assertion) if settings.assertion is not None else None
        section = settings.geolocation
        geolocation = GeoDatabase(section, on_failure=self._on_failure) if section is not None else None
        return Outfit(
            settings,
            build_catalogue(settings, country_groups(settings)),
            expand_for(settings),
            keysets,
            Verifier(settings.issuers, keysets, self._clock),
            {section.name: self._upstream(section, before) for section in settings.upstreams},
            {section.name: self._introduction(section, signer) for section in settings.upstreams},
            signer,
            geolocation,
            Locator(settings.listen.proxy, geolocation),
            House(contact=settings.refusals.contact, blocked_by=settings.refusals.blocked_by),
        )

    def _keyset(self, issuer: Issuer, before: Outfit | None) -> KeySet:
        known = before.keysets.get(issuer.name) if before is not None else None
        return known if known is not None and known.issuer == issuer else KeySet(issuer, self._clock, self._fetch)

    def _upstream(self, section: UpstreamSection, before: Outfit | None) -> Upstream:
        secret = read_secret(section.credential, f"upstream {section.name}: credential") if section.credential else ""
        fresh = Upstream(section, asyncio.get_running_loop(), self._deadlines, secret)
        known = before.upstreams.get(section.name) if before is not None else None
        same = known is not None and known.settings == section and known.credential == fresh.credential
        return known if known is not None and same else fresh

    def _introduction(self, section: UpstreamSection, signer: AssertionSigner | None) -> Introduction | None:
        if not section.identity_headers and not section.assertion:
            return None
        return Introduction(section.name, section.identity_headers, signer if section.assertion else None, self._clock)
