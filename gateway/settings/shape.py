"""What `gateway.yaml` may hold: one frozen struct per section, every field with its unit, range and default."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from gateway.policy.vocabulary import Stage
from gateway.settings.approval_shape import Approvals
from gateway.settings.listen_shape import AdminListener, Listen, ProxyListener, Tls
from gateway.settings.release_shape import ReleasesSection
from gateway.settings.rules_shape import CountryList, RestrictionsSection
from gateway.settings.section import Bytes, Count, Most, Name, Seconds, Section
from gateway.settings.share_shape import FairShare, ShareSection

__all__ = [
    "CLAIM_PATHS",
    "AdminListener",
    "AnonymizerDatabase",
    "Assertion",
    "Audit",
    "Claims",
    "CountryList",
    "Credential",
    "FairShare",
    "Geolocation",
    "HostingDatabase",
    "Issuer",
    "Keys",
    "Ledger",
    "Limits",
    "Listen",
    "Log",
    "Metrics",
    "ModelSection",
    "ProxyListener",
    "Refusals",
    "RestrictionsSection",
    "Section",
    "Settings",
    "ShareSection",
    "StageSection",
    "StagesSection",
    "Store",
    "Tls",
    "Upstream",
]


class Assertion(Section, frozen=True, kw_only=True):
    """The gate's own signature on what it lets through (ES256), for upstreams that ask for it."""

    key_file: str
    other_key_file: str = ""
    issuer: str = "gateway"
    lifetime: Annotated[float, Meta(ge=10, le=300)] = 60.0


class Store(Section, frozen=True, kw_only=True):
    """Where the dynamic policy lives. `url`: embedded, redis://, unix://, redis+sentinel://, redis+cluster://; rediss is TLS."""

    url: str = "embedded"
    password_env: str = ""
    data_dir: str = "data"
    prefix: str = "gateway:"
    max_staleness: Seconds = 60.0
    reread_every: Seconds = 30.0
    canary_every: Seconds = 1.0
    timeout: Seconds = 2.0


class Keys(Section, frozen=True, kw_only=True):
    """Where an issuer's keys come from: exactly one of a JWK Set file, a JWKS URL, or OIDC discovery on the issuer's URL."""

    file: str = ""
    jwks_url: str = ""
    discovery: bool = False
    refresh_every: Seconds = 300.0
    refetch_at_most_every: Seconds = 30.0
    timeout: Seconds = 5.0


class Claims(Section, frozen=True, kw_only=True):
    """Where each attribute is in the token: JSON Pointers (RFC 6901); empty means that this issuer has none."""

    subject: str = "/sub"
    organisation: str = "/org_id"
    tenant: str = ""
    us_person: str = ""
    nationalities: str = ""
    nationalities_order: Literal["unknown", "newest_first", "oldest_first"] = "unknown"
    nationalities_complete: bool = True
    most_recent_nationality: str = ""
    residence: str = ""
    ownership: str = ""
    verified_claims: str = "/verified_claims"
    code_system: Literal["auto", "alpha-2", "alpha-3", "icao", "numeric", "genc", "fips"] = "auto"


CLAIM_PATHS: Final = (
    *("subject", "organisation", "tenant", "us_person", "nationalities", "most_recent_nationality", "residence", "ownership"),
    "verified_claims",
)
"""The fields of `Claims` that are paths."""


class Issuer(Section, frozen=True, kw_only=True):
    """One token issuer. `name` qualifies organisations of every issuer but the first."""

    name: Name
    issuer: str
    audience: tuple[str, ...]
    algorithms: tuple[Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"], ...] = (
        "RS256",
        "ES256",
        "EdDSA",
    )
    keys: Keys
    claims: Claims = Claims()
    leeway: Annotated[float, Meta(ge=0, le=300)] = 0.0
    cut_at_expiry: bool = False
    certificate_bound: bool = False


class Credential(Section, frozen=True, kw_only=True):
    """The gate's own credential for an upstream; the value comes from the environment or a file, never from here."""

    header: str = "authorization"
    prefix: str = "Bearer "
    env: str = ""
    file: str = ""


class Upstream(Section, frozen=True, kw_only=True):
    """One inference API. Several `urls` share the load; an endpoint that fails is passed over for `retry_after` seconds."""

    name: Name
    urls: tuple[str, ...]
    credential: Credential | None = None
    ca_file: str = ""
    identity_headers: tuple[Literal["organisation", "issuer", "model", "decision_id", "revision"], ...] = ()
    assertion: bool = False
    connect_timeout: Seconds = 5.0
    first_byte_timeout: Seconds = 600.0
    idle_timeout: Seconds = 300.0
    max_connections: Count = 1024
    max_idle: Count = 64
    keepalive: Seconds = 30.0
    retry_after: Seconds = 5.0


class StageSection(Section, frozen=True, kw_only=True):
    """What one stage of a model demands besides."""

    restrictions: RestrictionsSection = RestrictionsSection()


class StagesSection(Section, frozen=True, kw_only=True):
    """The stages in which a model can be used."""

    evaluation: StageSection = StageSection()
    preview: StageSection = StageSection()
    general: StageSection = StageSection()


class ModelSection(Section, frozen=True, kw_only=True):
    """One model of the catalogue; see `policy.snapshot.Model`. `stage` unset: preview if gated, else general."""

    id: str
    upstream: Name
    aliases: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    gated: bool = True
    hidden: bool = False
    stage: Stage | None = None
    restrictions: RestrictionsSection = RestrictionsSection()
    stages: StagesSection = StagesSection()
    share: ShareSection = ShareSection()
    owned_by: str = "gateway"
    created: int = 0


class AnonymizerDatabase(Section, frozen=True, kw_only=True):
    """A MaxMind-format database of addresses that hide who uses them. The default paths are those of MaxMind's Anonymous IP."""

    file: str
    paths: tuple[str, ...] = ("/is_anonymous_vpn", "/is_public_proxy", "/is_residential_proxy", "/is_tor_exit_node")
    max_age: Seconds = 0.0


class HostingDatabase(Section, frozen=True, kw_only=True):
    """A MaxMind-format database of addresses in data centres. The default path is that of MaxMind's Anonymous IP."""

    file: str
    paths: tuple[str, ...] = ("/is_hosting_provider",)
    max_age: Seconds = 0.0


class Geolocation(Section, frozen=True, kw_only=True):
    """A MaxMind-format database; `country_path` is the JSON Pointer of the alpha-2 code in a record."""

    file: str
    country_path: str = "/country/iso_code"
    subdivisions_path: str = "/subdivisions"
    registered_country_path: str = "/registered_country/iso_code"
    max_age: Seconds = 0.0
    anonymizer: AnonymizerDatabase | None = None
    hosting: HostingDatabase | None = None


class Limits(Section, frozen=True, kw_only=True):
    """Bounds per request and per connection."""

    request_line: Bytes = 8192
    headers_bytes: Bytes = 32768
    headers_count: Count = 100
    body: Bytes = 33554432
    message: Bytes = 16777216
    header_timeout: Seconds = 10.0
    body_timeout: Seconds = 60.0
    idle_timeout: Seconds = 75.0
    write_timeout: Seconds = 60.0
    connections: Count = 20000
    connections_per_address: Most = 0
    connections_per_organisation: Most = 0
    buffer: Bytes = 65536
    drain: Seconds = 30.0


class Ledger(Section, frozen=True, kw_only=True):
    """Whose the stored objects are (files, responses, batches, threads); off: routes and fields that refer to them are refused."""

    enabled: bool = False
    keep: Seconds = 2592000.0
    openai: str = ""
    anthropic: str = ""


class Audit(Section, frozen=True, kw_only=True):
    """Decision records as JSON lines. `mode`: best_effort drops and counts when the disk fails, required refuses requests then."""

    directory: str = ""
    mode: Literal["off", "best_effort", "required"] = "best_effort"
    subject_key_env: str = ""


class Metrics(Section, frozen=True, kw_only=True):
    """`org_label` off: the org label of denied_requests_total is always empty."""

    org_label: bool = True


class Log(Section, frozen=True, kw_only=True):
    """Structured logs on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Refusals(Section, frozen=True, kw_only=True):
    """What every refusal tells its reader besides the reason. `blocked_by`: URL of the entity that blocks (RFC 7725)."""

    contact: str = ""
    blocked_by: str = ""


class Settings(Section, frozen=True, kw_only=True):
    """The whole file."""

    issuers: tuple[Issuer, ...]
    upstreams: tuple[Upstream, ...]
    models: tuple[ModelSection, ...]
    listen: Listen = Listen()
    store: Store = Store()
    stages: ReleasesSection = ReleasesSection()
    approvals: Approvals = Approvals()
    country_groups: str = ""
    geolocation: Geolocation | None = None
    limits: Limits = Limits()
    ledger: Ledger = Ledger()
    fair_share: FairShare = FairShare()
    assertion: Assertion | None = None
    audit: Audit = Audit()
    metrics: Metrics = Metrics()
    log: Log = Log()
    refusals: Refusals = Refusals()
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
