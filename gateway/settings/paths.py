"""One rule for every path in the settings: a relative one starts at the directory of the settings file."""

from os.path import normpath
from pathlib import Path

from msgspec import structs

from gateway.settings.shape import Assertion, Geolocation, Issuer, Settings, Tls, Upstream


def anchored(settings: Settings, base: Path) -> Settings:
    """Return the same settings with every path absolute; an empty path stays empty."""
    geolocation = settings.geolocation
    return structs.replace(
        settings,
        listen=structs.replace(
            settings.listen,
            proxy=structs.replace(settings.listen.proxy, tls=_tls(settings.listen.proxy.tls, base)),
            admin=structs.replace(settings.listen.admin, tls=_tls(settings.listen.admin.tls, base)),
        ),
        store=structs.replace(settings.store, data_dir=_from(base, settings.store.data_dir)),
        audit=structs.replace(settings.audit, directory=_from(base, settings.audit.directory)),
        country_groups=_from(base, settings.country_groups),
        geolocation=geolocation and _geolocation(geolocation, base),
        assertion=settings.assertion and _assertion(settings.assertion, base),
        issuers=tuple(_issuer(issuer, base) for issuer in settings.issuers),
        upstreams=tuple(_upstream(upstream, base) for upstream in settings.upstreams),
    )


def _from(base: Path, path: str) -> str:
    return normpath(base / path) if path else ""


def _geolocation(geolocation: Geolocation, base: Path) -> Geolocation:
    anonymizer, hosting = geolocation.anonymizer, geolocation.hosting
    return structs.replace(
        geolocation,
        file=_from(base, geolocation.file),
        anonymizer=anonymizer and structs.replace(anonymizer, file=_from(base, anonymizer.file)),
        hosting=hosting and structs.replace(hosting, file=_from(base, hosting.file)),
    )


def _tls(tls: Tls | None, base: Path) -> Tls | None:
    if tls is None:
        return None
    return structs.replace(tls, certificate=_from(base, tls.certificate), key=_from(base, tls.key), client_ca=_from(base, tls.client_ca))


def _assertion(assertion: Assertion, base: Path) -> Assertion:
    return structs.replace(assertion, key_file=_from(base, assertion.key_file), other_key_file=_from(base, assertion.other_key_file))


def _issuer(issuer: Issuer, base: Path) -> Issuer:
    return structs.replace(issuer, keys=structs.replace(issuer.keys, file=_from(base, issuer.keys.file)))


def _upstream(upstream: Upstream, base: Path) -> Upstream:
    credential = upstream.credential
    if credential is not None:
        credential = structs.replace(credential, file=_from(base, credential.file))
    return structs.replace(upstream, ca_file=_from(base, upstream.ca_file), credential=credential)
