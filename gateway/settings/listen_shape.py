"""Where the gate listens: addresses, certificates, and who in front of it is believed."""

from typing import Literal

from gateway.settings.section import Section


class Tls(Section, frozen=True, kw_only=True):
    """Server certificate and key, PEM files, and whose client certificates are taken."""

    certificate: str
    key: str
    client_ca: str = ""
    client_certificates: Literal["none", "optional", "required"] = "none"


class ProxyListener(Section, frozen=True, kw_only=True):
    """Where callers connect."""

    address: str = "0.0.0.0:8080"
    tls: Tls | None = None
    trusted_proxies: tuple[str, ...] = ()
    proxy_protocol: Literal["off", "v1", "v2", "any"] = "off"
    client_address_header: Literal["none", "x-forwarded-for", "forwarded"] = "none"
    country_header: str = ""


class AdminListener(Section, frozen=True, kw_only=True):
    """Health, metrics and, later, decision points; keep it private."""

    address: str = "127.0.0.1:9090"
    tls: Tls | None = None


class Listen(Section, frozen=True, kw_only=True):
    """Both listeners."""

    proxy: ProxyListener = ProxyListener()
    admin: AdminListener = AdminListener()
