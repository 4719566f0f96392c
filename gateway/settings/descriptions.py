"""What each setting means, in one sentence: the words of the JSON Schema and of docs/settings.md. A test keeps it complete."""

from types import MappingProxyType
from typing import Final

_COUNTRIES: Final = {
    "any_in": "Refuse if any known value is listed.",
    "all_in": "Refuse unless every known value is listed.",
    "unknown": "What an unknown value does.",
    "territories": "Count the territories of each listed country too, by `territory_parent` of the groups' file (PR with US, HK with CN).",
    "stale": "What a country group past its review date does: `warn` in the log, or `deny` whoever it would let pass.",
}
_EVIDENCE: Final = "What evidence this rule demands."
_FLAGS: Final = {
    "file": "A MaxMind-format database (.mmdb); it is read again by itself when it is replaced.",
    "paths": "JSON Pointers to flags of which any marks an address; `/usage_type=hosting` to a text that does.",
    "max_age": "How old it may be before nothing is known; 0: any age.",
}

DESCRIPTIONS: Final = MappingProxyType(
    {
        "Settings": {
            "issuers": "Who signs the callers' tokens. On allowlists, organisations of the first are plain, all others `<name>/<org>`.",
            "upstreams": "The inference APIs behind the gate.",
            "models": "The catalogue: the only models that exist for callers.",
            "listen": "Where the gate listens.",
            "store": "The dynamic policy: allowlists, stages, directives, revocations.",
            "stages": "What the tools ask for before they widen any model to a stage.",
            "approvals": "Whether it takes two persons to widen the policy with the tools, and who may.",
            "country_groups": "A YAML file of named groups of countries that restrictions may use; empty: none.",
            "geolocation": "A database that says in which country an address is; without one, only a country header can say it.",
            "limits": "Bounds of every request and every connection.",
            "ledger": "Whose the stored objects are; without it whatever works on them is refused. See docs/stateful.md.",
            "assertion": "The key with which the gate signs what it lets through; its public part is at `/.well-known/gateway-jwks.json`.",
            "fair_share": "How much each organisation may use of each model, so that no one starves another.",
            "audit": "One record of each decision.",
            "metrics": "What the metrics show.",
            "log": "The gate's own log, on standard error.",
            "refusals": "What refused callers are told besides the reason.",
            "workers": "Processes that share the proxy's port, about one a core.",
        },
        "ReleasesSection": {
            "evaluation": "Before evaluators are admitted.",
            "preview": "Before partners are admitted.",
            "general": "Before anyone is admitted.",
        },
        "ReleaseSection": {
            "signoffs": "Agencies whose sign-offs are needed; recorded with `gateway model signoff`, signed where operators have keys.",
            "partners_at_most": "How many organisations a model's allowlist may hold at this stage: at `evaluation` evaluators,"
            " at others those who are none; unset: any number.",
        },
        "Approvals": {
            "widening": "Hold every grant, wider stage and lifted directive or revocation until a second operator has approved it.",
            "valid_for": "How long a change may wait.",
            "operators": "Who may ask, approve and, with a key, record sign-offs; accounts of the machine never count.",
        },
        "OperatorSection": {
            "name": "Its name in the record of changes; `GATEWAY_OPERATOR` says it at the terminal.",
            "public_key": "Its Ed25519 public key, 32 bytes in base64; `GATEWAY_OPERATOR_KEY` names the file of the private one.",
            "token_sha256": "Or the SHA-256 of its token, whose file `GATEWAY_OPERATOR_KEY` names.",
        },
        "Listen": {
            "proxy": "The door for callers.",
            "admin": "The door for health checks and metrics; keep it private.",
        },
        "ProxyListener": {
            "address": "`host:port`; `[::]:8080` for IPv6.",
            "tls": "Serve TLS with this certificate; without it, plain HTTP.",
            "trusted_proxies": "Networks of the proxies in front of the gate. Only they are believed about a client's address and country.",
            "proxy_protocol": "The PROXY header with which they begin each connection, before TLS too; unless `off`, no one else enters.",
            "client_address_header": "Which header of theirs names the client; counted from the right over trusted proxies.",
            "country_header": "A header of theirs (such as `cf-ipcountry`) with the client's alpha-2 country; empty: none.",
        },
        "AdminListener": {
            "address": "`host:port` of `/healthz`, `/readyz` and `/metrics`.",
            "tls": "Serve TLS with this certificate; without it, plain HTTP.",
        },
        "Tls": {
            "certificate": "PEM file with the certificate and its chain.",
            "key": "PEM file with the private key, readable by the gate alone.",
            "client_ca": "PEM file of the authorities that sign the certificates of clients.",
            "client_certificates": "Whether clients must show one, may, or are not asked; tokens bound to one (RFC 8705) need it.",
        },
        "Store": {
            "url": "`embedded` (a private server, started by the gate), `redis://host:6379`, `unix:///path`, "
            "`redis+sentinel://h1:26379,h2:26379,h3:26379/NAME` or `redis+cluster://h1:7000,h2:7001`; `rediss…` is TLS. See docs/store.md.",
            "password_env": "The environment variable that holds the store's password; never the password itself.",
            "data_dir": "Where the embedded store keeps its data.",
            "prefix": "What every key in the store begins with. In a cluster it needs a hash tag: `gateway:` becomes `{gateway}:`.",
            "max_staleness": "How long gated models are served after the store last confirmed the policy; then they are refused.",
            "reread_every": "How often the whole policy is read again, whatever the store has announced.",
            "canary_every": "How often a written key proves that changes arrive.",
            "timeout": "How long the store may take to answer.",
        },
        "Issuer": {
            "name": "What records, metrics and allowlists call this issuer.",
            "issuer": "The exact `iss` claim of its tokens.",
            "audience": "Accepted `aud` claims: at least one of the token's must be listed.",
            "algorithms": "Accepted signature algorithms.",
            "keys": "Where its public keys come from: exactly one of `file`, `jwks_url`, `discovery`.",
            "claims": "Where its tokens say what.",
            "leeway": "How far its clock may differ from ours, at most 300.",
            "certificate_bound": "Refuse its tokens unless they are bound to a client certificate (`cnf.x5t#S256`).",
            "cut_at_expiry": "Cut running streams when the token expires; else a stream that began in time may finish.",
        },
        "Keys": {
            "file": "A JWK Set file; read again when it changes.",
            "jwks_url": "The URL of a JWK Set; https unless on loopback.",
            "discovery": "Find the keys by OpenID Connect discovery, under the issuer's URL.",
            "refresh_every": "How often the keys are read again.",
            "refetch_at_most_every": "The shortest time between two fetches caused by a key id nobody knows.",
            "timeout": "How long a fetch may take.",
        },
        "Claims": {
            "subject": "Who the caller is.",
            "organisation": "For whom: the name that stands on allowlists.",
            "tenant": "A claim that must be one of the segments of `iss` (`/tid` of Microsoft Entra), or the token is refused; empty:"
            " none.",
            "us_person": "Whether a U.S. person: true, false, anything else is unknown; empty: always unknown.",
            "nationalities": "One nationality or a list; empty: always unknown.",
            "nationalities_order": "Whether that list tells which nationality was acquired last.",
            "nationalities_complete": "Whether that list names all nationalities; false: there may always be another, unknown one.",
            "most_recent_nationality": "The nationality acquired last, where it has a claim of its own.",
            "residence": "The country of residence; empty: always unknown.",
            "ownership": "The organisation's ultimate owners: a list of `{country, percent}`; empty: only grants tell them.",
            "verified_claims": "Verified claims (OpenID Connect for Identity Assurance), an object or a list; in them, the same paths lead"
            " to nationalities, residence and U.S. person.",
            "code_system": "How these tokens write countries; `fips` collides with ISO and is never guessed.",
        },
        "Upstream": {
            "name": "What models and metrics call this upstream.",
            "urls": "Its addresses; several share the load. A path is put before the request's path.",
            "credential": "The gate's own credential, added to every request; the caller's is always removed.",
            "ca_file": "PEM file of the authorities that may sign its certificate; empty: the system's.",
            "identity_headers": "What it is told of each request, in headers of their own: `X-Gateway-Organisation` and so on.",
            "assertion": "Sign what it is told, in `X-Gateway-Assertion`; needs the section `assertion`.",
            "connect_timeout": "How long connecting may take.",
            "first_byte_timeout": "How long the upstream may take to begin its answer.",
            "idle_timeout": "How long an answer may pause.",
            "max_connections": "Most connections at a time, per worker.",
            "max_idle": "Most connections kept open unused, per worker.",
            "keepalive": "How long an unused connection is kept.",
            "retry_after": "How long an address that failed is passed over.",
        },
        "Assertion": {
            "key_file": "PEM file with a private key on P-256: `openssl ecparam -name prime256v1 -genkey -noout`.",
            "other_key_file": "A second key that is published too, private or public: the next one before it signs, the last one after.",
            "issuer": "The `iss` claim of its signatures.",
            "lifetime": "How long a signature is good, at most 300.",
        },
        "Credential": {
            "header": "The header that carries it.",
            "prefix": "What stands before the secret in that header; empty for `x-api-key`.",
            "env": "The environment variable that holds the secret; this or `file`.",
            "file": "The file that holds the secret; this or `env`.",
        },
        "ModelSection": {
            "id": "The model's name: in requests, on allowlists, in metrics.",
            "upstream": "Which upstream serves it.",
            "aliases": "Other names that mean exactly this model, such as dated snapshots; the upstream gets the caller's.",
            "prefixes": "What may stand before each of these names, such as `provider/`.",
            "suffixes": "What may stand after each of these names, such as `[1m]` or `-2026-11-01`.",
            "routes": "Plain routes (vLLM, TGI), such as `/generate`, that run this model when a request names none.",
            "gated": "Whether restrictions and a fresh policy are demanded; false for models that anyone with a token may use.",
            "hidden": "Refuse as if the model did not exist (404), so that its name does not leak.",
            "stage": "The stage until an operator sets one in the store: `suspended` (nobody), `evaluation` (grants marked evaluator),"
            " `preview` (any grant), `general` (no grant needed). Unset: `preview` if gated, else `general`. A gated model's takes no stage"
            " that asks for sign-offs: unset it is the widest before.",
            "restrictions": "What a gated model demands of person, organisation and place, in every stage.",
            "stages": "What it demands besides in one stage.",
            "share": "How much each organisation may use of it; what is unsaid is as `fair_share.default` says.",
            "owned_by": "What `/v1/models` says of its owner.",
            "created": "What `/v1/models` says of its date, seconds since 1970.",
        },
        "StagesSection": {
            "evaluation": "While only evaluators are admitted.",
            "preview": "While only grants admit.",
            "general": "When no grant is needed any more.",
        },
        "StageSection": {
            "restrictions": "Rules that hold in this stage, besides those of the model.",
        },
        "RestrictionsSection": {
            "nationality": "A rule on all nationalities in the token.",
            "most_recent": "A rule on the nationality acquired last, alone (EAR, 15 CFR 734.13(b)); unknown where the order is not known.",
            "us_person": "Only U.S. persons.",
            "us_person_exempt": "A U.S. person passes the rules on nationality; under `require_verified`, only a verified one.",
            "residence": "A rule on the country of residence in the token.",
            "ownership": "A rule on the owners of the organisation, from its grant and from the token: either may refuse.",
            "region": "A rule on where the client's address is; ISO 3166-2 codes such as `UA-43` work here.",
            "deny_anonymizer": "Refuse addresses known to hide the client (VPN, Tor), and those of which it is not known.",
            "deny_hosting": "Refuse addresses known to be in data centres, and those of which it is not known.",
            "require_verified": "What evidence each rule on persons here demands, if it has no demand of its own.",
        },
        "NationalityList": _COUNTRIES
        | {
            "require_verified": _EVIDENCE,
            "classes": "Whether `all_in` takes lesser classes of a nationality, such as British National (Overseas); `any_in` always does.",
        },
        "ResidenceList": _COUNTRIES | {"require_verified": _EVIDENCE},
        "RegionList": _COUNTRIES
        | {
            "places": "Which countries of an address count: where it is `located`, where its network is `registered`, or `any` of them,"
            " the stricter.",
        },
        "OwnershipSection": {
            "any_in": "Owners from these countries count.",
            "gt": "Refuse if they own more than this.",
            "gte": "Refuse if they own this or more (a 50 % rule as OFAC's: `gte: 50`).",
            "together": "Add up the shares of all listed countries; else each country counts alone.",
            "territories": _COUNTRIES["territories"],
            "stale": _COUNTRIES["stale"],
            "unknown": "What owners do whom nobody has named, where they could make the difference.",
        },
        "RequireVerified": {
            "trust_frameworks": "Frameworks that are trusted, such as `eidas` or `nist_800_63A`; claims under any other are not.",
            "min_level": "The lowest level of assurance, in the words of the framework (`substantial`, `ial2`); empty: any.",
            "max_age": "How long ago the verification may be; 0: any time.",
        },
        "Geolocation": {
            "file": "A MaxMind-format database (.mmdb). Replace it by renaming a new file over it; it is read again by itself.",
            "country_path": "JSON Pointer to the alpha-2 code in a record; `/country_code` for IPinfo Lite.",
            "subdivisions_path": "JSON Pointer to the list of subdivisions; empty: none.",
            "registered_country_path": "JSON Pointer to the country where the network is registered; empty, or not in the records: none.",
            "max_age": "How old a database may be before every location is unknown; 0: any age.",
            "anonymizer": "A database of addresses that hide who uses them.",
            "hosting": "A database of addresses in data centres; it may be the same file.",
        },
        "AnonymizerDatabase": _FLAGS,
        "HostingDatabase": _FLAGS,
        "Limits": {
            "request_line": "Longest request line.",
            "headers_bytes": "Largest head of a request.",
            "headers_count": "Most headers in a request.",
            "body": "Largest body of a request.",
            "message": "Largest message of a caller, and largest frame of an upstream, on a WebSocket.",
            "header_timeout": "How long a head may take to arrive.",
            "body_timeout": "How long a body may pause while it arrives.",
            "idle_timeout": "How long a connection may rest between requests.",
            "write_timeout": "How long a client may leave an answer unread.",
            "connections": "Most client connections at a time, per worker.",
            "connections_per_address": "Most of them from one address (IPv6: one /64), per worker; trusted proxies do not count.",
            "connections_per_organisation": "Most of them on which one organisation has asked, per worker.",
            "buffer": "Bytes held per direction before the faster side is paused.",
            "drain": "How long running requests may finish after SIGTERM; then they are cut.",
        },
        "Ledger": {
            "enabled": "Serve routes and fields that work on stored objects, each for the organisation that made it.",
            "keep": "How long an entry lives after its last use; then its object is as if it did not exist. 0: for good.",
            "openai": "The upstream that keeps the objects of OpenAI-style routes; empty: the only one.",
            "anthropic": "The upstream that keeps the objects of Anthropic-style routes; empty: the only one.",
        },
        "FairShare": {
            "default": "For every organisation and model; a model may say otherwise, and a grant over both.",
            "counted_in": "`store`: one count for all workers, in the store. `workers`: each worker counts its part, by how many they are.",
            "store_away": "While the store cannot count: `divide` the share among the workers, or `refuse`.",
        },
        "ShareSection": {
            "requests": "How many requests in a period; unset: any number.",
            "per": "The period; unset: a minute.",
            "burst": "How many of them may come at once; unset: all.",
            "concurrent": "How many may be under way at the same time: streams, WebSockets, any request; unset: any number.",
        },
        "Audit": {
            "directory": "Where records are written, one file a worker and day; empty: nowhere.",
            "mode": "`required` refuses requests while records cannot be written, `best_effort` drops and counts them, `off` writes none.",
            "subject_key_env": "The environment variable with the key under which subjects are pseudonymised (HMAC).",
        },
        "Metrics": {
            "org_label": "Whether refusals are counted by organisation; off: that label is empty.",
        },
        "Log": {
            "level": "The least severe entry that is written.",
            "format": "One JSON object a line, or text for people.",
        },
        "Refusals": {
            "contact": "Where a refused caller may ask; stands in every refusal.",
            "blocked_by": "URL of the entity that blocks, for the Link header of a 451 (RFC 7725).",
        },
    }
)
