"""Where an issuer's key set comes from: a file, a JWKS URL, or OpenID Connect discovery on the issuer's own URL."""

from gateway.identity.fetch import Fetch, FetchError, is_loopback, read_document
from gateway.identity.strictjson import read_object
from gateway.settings.shape import Issuer

WELL_KNOWN = "/.well-known/openid-configuration"


async def read_source(issuer: Issuer, fetch: Fetch) -> bytes:
    """Get the issuer's key set document as it is now; raises `FetchError`."""
    keys = issuer.keys
    if keys.file:
        return await read_document(keys.file)
    url = keys.jwks_url or await _discover(issuer, fetch)
    return await fetch(url, keys.timeout)


async def _discover(issuer: Issuer, fetch: Fetch) -> str:
    """Find `jwks_uri` (OpenID Connect Discovery 1.0, section 4). The document must be about this very issuer (4.3)."""
    document = read_object(await fetch(issuer.issuer.rstrip("/") + WELL_KNOWN, issuer.keys.timeout))
    if document is None:
        raise FetchError("the discovery document is no plain JSON object", "invalid")
    if document.get("issuer") != issuer.issuer:
        raise FetchError("the discovery document names another issuer; it must be equal to the configured one, to the character", "invalid")
    url = document.get("jwks_uri")
    if not isinstance(url, str):
        raise FetchError("the discovery document has no jwks_uri", "invalid")
    if is_loopback(url) and not is_loopback(issuer.issuer):
        raise FetchError("jwks_uri is on this machine: a remote issuer must publish its keys at an https address of its own", "refused")
    return url
