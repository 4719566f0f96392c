"""Certificates of clients, tokens bound to them, and the gate's own signature: what needs what."""

from collections.abc import Iterator
from typing import Final

from gateway.settings.problems import Problem
from gateway.settings.shape import Settings, Tls

ASKING: Final = "client_certificates: optional, client_ca: /etc/gateway/clients.pem"


def edge_problems(settings: Settings) -> Iterator[Problem]:
    """Find what is asked for without what it needs."""
    for name, tls in (("proxy", settings.listen.proxy.tls), ("admin", settings.listen.admin.tls)):
        yield from _clients(tls, f"listen.{name}.tls")
    asked = [index for index, upstream in enumerate(settings.upstreams) if upstream.assertion]
    if asked and settings.assertion is None:
        yield Problem(f"upstreams[{asked[0]}].assertion", "needs a key. Write: assertion: {key_file: /etc/gateway/assertion.pem}")
    bound = [index for index, issuer in enumerate(settings.issuers) if issuer.certificate_bound]
    proxy = settings.listen.proxy.tls
    if bound and (proxy is None or proxy.client_certificates == "none"):
        yield Problem(f"issuers[{bound[0]}].certificate_bound", f"no client can show a certificate. Write under listen.proxy.tls: {ASKING}")


def _clients(tls: Tls | None, path: str) -> Iterator[Problem]:
    if tls is None or (tls.client_certificates != "none") is bool(tls.client_ca):
        return
    if tls.client_ca:
        yield Problem(f"{path}.client_certificates", "is none, so client_ca is never used. Write: client_certificates: required")
    else:
        yield Problem(f"{path}.client_ca", "whose certificates are taken must be said. Write: client_ca: /etc/gateway/clients.pem")
