"""What the types cannot say: names that must be unique or known, addresses, places of keys and secrets. Each check yields problems."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from gateway.settings.addresses import cluster_prefix, host_port, http_url, network, store_url
from gateway.settings.problems import Problem
from gateway.settings.shape import CLAIM_PATHS, Credential, Geolocation, Issuer, Keys, Limits, ProxyListener, Settings, Store, Upstream
from gateway.settings.validate_approvals import approval_problems
from gateway.settings.validate_edge import edge_problems
from gateway.settings.validate_ledger import ledger_problems
from gateway.settings.validate_models import model_problems, repeated
from gateway.settings.validate_shares import share_problems

Problems = Iterator[Problem]
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)+")
FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
FRAMING: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "keep-alive"}
)
LISTS_NEEDED: Final = ("issuers", "upstreams", "models")
MUST_PASS: Final = ("header_timeout", "body_timeout", "idle_timeout", "write_timeout")


def find_problems(settings: Settings) -> Problems:
    """Every cross check on settings whose types are already right; yields nothing where all is well."""
    for name in LISTS_NEEDED:
        if not getattr(settings, name):
            yield Problem(name, f"expected at least one entry; without {name} every request is refused")
    yield from _listen(settings)
    yield from _store(settings.store)
    yield from _issuers(settings.issuers)
    yield from _upstreams(settings.upstreams)
    yield from model_problems(settings)
    yield from approval_problems(settings.approvals)
    yield from _limits(settings.limits)
    yield from ledger_problems(settings)
    yield from share_problems(settings)
    yield from _others(settings)


def _listen(settings: Settings) -> Problems:
    proxy, admin = settings.listen.proxy, settings.listen.admin
    wrong = [*_tried(host_port, proxy.address, "listen.proxy.address"), *_tried(host_port, admin.address, "listen.admin.address")]
    yield from wrong
    if not wrong and host_port(proxy.address).port == host_port(admin.address).port != 0:
        yield Problem("listen.admin.address", "the proxy listens on this port already. Write another port")
    yield from _proxies(proxy)
    yield from edge_problems(settings)


def _proxies(proxy: ProxyListener) -> Problems:
    for index, text in enumerate(proxy.trusted_proxies):
        yield from _tried(network, text, f"listen.proxy.trusted_proxies[{index}]")
    if proxy.country_header and not FIELD_NAME.fullmatch(proxy.country_header):
        yield Problem("listen.proxy.country_header", "expected the name of a header. Write: cf-ipcountry")
    asked = {
        "proxy_protocol": proxy.proxy_protocol != "off",
        "client_address_header": proxy.client_address_header != "none",
        "country_header": bool(proxy.country_header),
    }
    for name, wanted in asked.items():
        if wanted and not proxy.trusted_proxies:
            yield Problem(
                f"listen.proxy.{name}", "is read from trusted proxies only, and none is named. Write: trusted_proxies: [10.0.0.0/8]"
            )


def _store(store: Store) -> Problems:
    yield from _tried(store_url, store.url, "store.url")
    yield from _variable(store.password_env, "store.password_env")
    if not re.fullmatch(r"[A-Za-z0-9_.{}-]+:", store.prefix):
        yield Problem("store.prefix", "expected letters, digits and '_.-{}', ending in ':'. Write: gateway:")
    elif "+cluster://" in store.url:
        yield from _tried(cluster_prefix, store.prefix, "store.prefix")
    for name in ("reread_every", "canary_every", "timeout"):
        if getattr(store, name) == 0:
            yield Problem(f"store.{name}", "expected more than 0 seconds")
    if store.max_staleness <= store.canary_every:
        yield Problem(
            "store.max_staleness",
            f"must be longer than canary_every ({store.canary_every:g} s), or gated models go stale between them",
        )


def _issuers(issuers: tuple[Issuer, ...]) -> Problems:
    yield from repeated([(issuer.name, f"issuers[{index}].name") for index, issuer in enumerate(issuers)])
    yield from repeated([(issuer.issuer, f"issuers[{index}].issuer") for index, issuer in enumerate(issuers)])
    for index, issuer in enumerate(issuers):
        yield from _issuer(issuer, f"issuers[{index}]")


def _issuer(issuer: Issuer, path: str) -> Problems:
    if not issuer.issuer:
        yield Problem(f"{path}.issuer", "expected the exact text of the token's iss claim. Write: issuer: https://login.example.com")
    for name in ("audience", "algorithms"):
        values = getattr(issuer, name)
        if not values or "" in values:
            yield Problem(f"{path}.{name}", "expected at least one value, none of them empty")
        yield from repeated([(value, f"{path}.{name}[{index}]") for index, value in enumerate(values)])
    yield from _keys(issuer, f"{path}.keys")
    for name in CLAIM_PATHS:
        pointer = getattr(issuer.claims, name)
        if pointer and not POINTER.fullmatch(pointer):
            yield Problem(f"{path}.claims.{name}", "expected a JSON Pointer. Write: /org_id, or /organization/id for a nested claim")
    if not issuer.claims.subject:
        yield Problem(f"{path}.claims.subject", "every token needs a subject. Write: subject: /sub")


def _keys(issuer: Issuer, path: str) -> Problems:
    keys = issuer.keys
    sources = [name for name in ("file", "jwks_url", "discovery") if getattr(keys, name)]
    if len(sources) != 1:
        said = " and ".join(sources) or "none"
        yield Problem(path, f"expected exactly one of file, jwks_url, discovery; got {said}. Write: jwks_url: https://.../jwks.json")
    elif keys.jwks_url:
        yield from _tried(_https, keys.jwks_url, f"{path}.jwks_url")
    elif keys.discovery:
        yield from _tried(_https, issuer.issuer, f"{path.removesuffix('keys')}issuer")
    yield from _key_times(keys, path)


def _key_times(keys: Keys, path: str) -> Problems:
    for name in ("refresh_every", "refetch_at_most_every", "timeout"):
        if getattr(keys, name) == 0:
            yield Problem(f"{path}.{name}", "expected more than 0 seconds")


def _upstreams(upstreams: tuple[Upstream, ...]) -> Problems:
    yield from repeated([(upstream.name, f"upstreams[{index}].name") for index, upstream in enumerate(upstreams)])
    for index, upstream in enumerate(upstreams):
        path = f"upstreams[{index}]"
        if not upstream.urls:
            yield Problem(f"{path}.urls", "expected at least one URL. Write: urls: [https://api.example.com]")
        for place, url in enumerate(upstream.urls):
            yield from _tried(_http, url, f"{path}.urls[{place}]")
        if upstream.credential is not None:
            yield from _credential(upstream.credential, f"{path}.credential")
        for name in ("connect_timeout", "first_byte_timeout", "idle_timeout"):
            if getattr(upstream, name) == 0:
                yield Problem(f"{path}.{name}", "expected more than 0 seconds")


def _credential(credential: Credential, path: str) -> Problems:
    if bool(credential.env) == bool(credential.file):
        yield Problem(path, "expected exactly one of env, file: where the secret is. Write: env: UPSTREAM_API_KEY")
    yield from _variable(credential.env, f"{path}.env")
    if not FIELD_NAME.fullmatch(credential.header) or credential.header.lower() in FRAMING:
        yield Problem(f"{path}.header", "expected a header that may carry a credential. Write: header: authorization")
    if not credential.prefix.isascii():
        yield Problem(f"{path}.prefix", 'expected ASCII. Write: prefix: "Bearer "')


def _limits(limits: Limits) -> Problems:
    for name in MUST_PASS:
        if getattr(limits, name) == 0:
            yield Problem(f"limits.{name}", "expected more than 0 seconds")
    if limits.header_timeout > limits.idle_timeout:
        yield Problem("limits.header_timeout", f"must not be longer than idle_timeout ({limits.idle_timeout:g} s)")


def _others(settings: Settings) -> Problems:
    yield from _variable(settings.audit.subject_key_env, "audit.subject_key_env")
    if settings.audit.mode == "required" and not settings.audit.directory:
        yield Problem("audit.directory", "mode: required needs a place for the records. Write: directory: /var/lib/gateway/audit")
    blocked_by = settings.refusals.blocked_by
    if blocked_by and ("<" in blocked_by or ">" in blocked_by or " " in blocked_by):
        yield Problem("refusals.blocked_by", "expected a URL. Write: https://example.com/legal")
    elif blocked_by:
        yield from _tried(_http, blocked_by, "refusals.blocked_by")
    if settings.geolocation is not None:
        yield from _geolocation(settings.geolocation)


def _geolocation(geolocation: Geolocation) -> Problems:
    for name in ("country_path", "subdivisions_path", "registered_country_path"):
        pointer = getattr(geolocation, name)
        if pointer and not POINTER.fullmatch(pointer):
            yield Problem(f"geolocation.{name}", "expected a JSON Pointer. Write: /country/iso_code")
    for name, flags in (("anonymizer", geolocation.anonymizer), ("hosting", geolocation.hosting)):
        if flags is not None and not flags.paths:
            yield Problem(f"geolocation.{name}.paths", "expected at least one path; without one nothing is ever found")
        for index, path in enumerate(flags.paths if flags is not None else ()):
            pointer, equals, value = path.partition("=")
            if not POINTER.fullmatch(pointer) or (equals and not value):
                yield Problem(
                    f"geolocation.{name}.paths[{index}]", "expected a JSON Pointer, or one with a value. Write: /usage_type=hosting"
                )


def _variable(name: str, path: str) -> Problems:
    if name and not VARIABLE.fullmatch(name):
        yield Problem(path, "expected the name of an environment variable, not its value. Write: UPSTREAM_API_KEY")


def _tried(check: Callable[[str], object], text: str, path: str) -> Problems:
    try:
        check(text)
    except ValueError as error:
        yield Problem(path, str(error))


def _https(text: str) -> object:
    return http_url(text, secure=True)


def _http(text: str) -> object:
    return http_url(text, secure=False)
