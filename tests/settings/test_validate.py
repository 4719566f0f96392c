"""What the types cannot say: one broken file for each rule, and the words that mend it."""

import pytest
from support.settings_text import ISSUERS, MODELS, UPSTREAMS, WHOLE, parsed

from gateway.errors import SettingsError

KEYS = "keys: {jwks_url: https://login.example.com/jwks.json}"
PROXIES = "listen: {proxy: {address: '[::]:0', trusted_proxies: [10.0.0.0/8, '::1'], %s}}\n"
SECOND = "  - {name: others, issuer: https://other.example.com/, audience: [gate], keys: {file: k.json}}\n"

BROKEN = {
    "no issuer at all": ("issuers: []\n" + UPSTREAMS + MODELS, "issuers: expected at least one"),
    "no model at all": (ISSUERS + UPSTREAMS + "models: []\n", "models: expected at least one"),
    "no upstream at all": (ISSUERS + "upstreams: []\n" + MODELS, "upstreams: expected at least one"),
    "issuer names repeat": (ISSUERS + SECOND.replace("others", "partners") + UPSTREAMS + MODELS, "issuers[1].name"),
    "issuer claims repeat": (ISSUERS + SECOND.replace("other.", "login.") + UPSTREAMS + MODELS, "issuers[1].issuer"),
    "issuer without iss": (WHOLE.replace("https://login.example.com/\n", '""\n'), "issuers[0].issuer: expected the exact text"),
    "no audience": (WHOLE.replace("[gate]", "[]"), "issuers[0].audience: expected at least one"),
    "empty audience": (WHOLE.replace("[gate]", '[""]'), "issuers[0].audience: expected at least one"),
    "audience twice": (WHOLE.replace("[gate]", "[gate, gate]"), "issuers[0].audience[1]"),
    "no algorithm": (WHOLE.replace(KEYS, KEYS + "\n    algorithms: []"), "issuers[0].algorithms: expected at least one"),
    "symmetric algorithm": (WHOLE.replace(KEYS, KEYS + "\n    algorithms: [HS256]"), "expected one of ES256"),
    "no algorithm by name": (WHOLE.replace(KEYS, KEYS + "\n    algorithms: [none]"), "expected one of ES256"),
    "no source of keys": (WHOLE.replace(KEYS, "keys: {}"), "got none"),
    "two sources of keys": (WHOLE.replace(KEYS, "keys: {file: a, discovery: true}"), "got file and discovery"),
    "keys over http": (WHOLE.replace("https://login.example.com/jwks", "http://login.example.com/jwks"), "jwks_url: http is for loopback"),
    "discovery over http": (
        WHOLE.replace(KEYS, "keys: {discovery: true}").replace("https://login", "http://login"),
        "issuers[0].issuer: http is for loopback",
    ),
    "keys never read again": (WHOLE.replace(KEYS, "keys: {file: a, refresh_every: 0}"), "keys.refresh_every: expected more than 0"),
    "claim that is no pointer": (
        WHOLE.replace(KEYS, KEYS + "\n    claims: {organisation: org_id}"),
        "organisation: expected a JSON Pointer",
    ),
    "claim with a bad escape": (
        WHOLE.replace(KEYS, KEYS + "\n    claims: {organisation: /a~2}"),
        "organisation: expected a JSON Pointer",
    ),
    "nobody is the subject": (WHOLE.replace(KEYS, KEYS + '\n    claims: {subject: ""}'), "claims.subject: every token needs a subject"),
    "upstream names repeat": (ISSUERS + UPSTREAMS + "  - {name: inference, urls: [http://a]}\n" + MODELS, "upstreams[1].name"),
    "upstream without address": (WHOLE.replace("[http://127.0.0.1:8000]", "[]"), "upstreams[0].urls: expected at least one"),
    "upstream by name only": (WHOLE.replace("http://127", "127"), "upstreams[0].urls[0]: expected a URL"),
    "upstream that may not connect": (WHOLE.replace("[http://127.0.0.1:8000]", "[http://a]\n    connect_timeout: 0"), "connect_timeout"),
    "credential from nowhere": (WHOLE.replace("models:", "    credential: {}\nmodels:"), "credential: expected exactly one of env, file"),
    "credential from two places": (WHOLE.replace("models:", "    credential: {env: A, file: b}\nmodels:"), "exactly one of env, file"),
    "credential itself": (WHOLE.replace("models:", "    credential: {env: sk-live-1}\nmodels:"), "name of an environment variable"),
    "credential as framing": (WHOLE.replace("models:", "    credential: {env: A, header: Host}\nmodels:"), "credential.header"),
    "credential that splits a header": (WHOLE.replace("models:", '    credential: {env: A, header: "a b"}\nmodels:'), "credential.header"),
    "prefix beyond ASCII": (WHOLE.replace("models:", "    credential: {env: A, prefix: ü}\nmodels:"), "credential.prefix"),
    "address without port": (WHOLE + "listen: {proxy: {address: localhost}}\n", "listen.proxy.address: expected host:port"),
    "both doors on one port": (WHOLE + "listen: {admin: {address: 'localhost:8080'}}\n", "listens on this port already"),
    "proxy by name": (WHOLE + "listen: {proxy: {trusted_proxies: [lb]}}\n", "listen.proxy.trusted_proxies[0]"),
    "address header, nobody trusted": (WHOLE + "listen: {proxy: {client_address_header: forwarded}}\n", "none is named"),
    "country header, nobody trusted": (WHOLE + "listen: {proxy: {country_header: cf-ipcountry}}\n", "none is named"),
    "country header with a space": (
        WHOLE + "listen: {proxy: {trusted_proxies: [10.0.0.1], country_header: 'a b'}}\n",
        "expected the name of a header",
    ),
    "header of a proxy, nobody trusted": (WHOLE + "listen: {proxy: {proxy_protocol: v2}}\n", "listen.proxy.proxy_protocol: is read from"),
    "header of a proxy that is no version": (WHOLE + "listen: {proxy: {proxy_protocol: v3}}\n", "expected one of any, off, v1, v2"),
    "certificates of clients by nobody": (
        WHOLE + "listen: {proxy: {tls: {certificate: a, key: b, client_certificates: required}}}\n",
        "listen.proxy.tls.client_ca: whose certificates are taken must be said. Write: client_ca: ",
    ),
    "authorities that are never asked": (
        WHOLE + "listen: {admin: {tls: {certificate: a, key: b, client_ca: c}}}\n",
        "listen.admin.tls.client_certificates: is none, so client_ca is never used. Write: client_certificates: required",
    ),
    "authorities beside tls": (WHOLE + "listen: {proxy: {client_ca: c}}\n", "listen.proxy.client_ca"),
    "bound tokens where nobody shows a certificate": (
        WHOLE.replace(KEYS, KEYS + "\n    certificate_bound: true"),
        "issuers[0].certificate_bound: no client can show a certificate. Write under listen.proxy.tls: client_certificates: optional",
    ),
    "signature without a key": (
        WHOLE.replace("models:", "    assertion: true\nmodels:"),
        "upstreams[0].assertion: needs a key. Write: assertion: {key_file: ",
    ),
    "signature that is good for too long": (
        WHOLE + "assertion: {key_file: a, lifetime: 3600}\n",
        "assertion.lifetime: expected a number from",
    ),
    "an identity header that is none": (
        WHOLE.replace("models:", "    identity_headers: [email]\nmodels:"),
        "identity_headers[0]: expected one",
    ),
    "store of another kind": (WHOLE + "store: {url: 'http://a'}\n", "store.url: expected embedded"),
    "store password itself": (WHOLE + "store: {password_env: 'pa ss'}\n", "store.password_env: expected the name"),
    "prefix without end": (WHOLE + "store: {prefix: gateway}\n", "store.prefix"),
    "prefix of a cluster without a hash tag": (
        WHOLE + "store: {url: 'redis+cluster://h', prefix: 'prod:'}\n",
        "store.prefix: in a cluster all keys must lie in one slot, by a hash tag. Write: {prod}:",
    ),
    "canaries never": (WHOLE + "store: {canary_every: 0}\n", "store.canary_every: expected more than 0"),
    "stale before the next canary": (WHOLE + "store: {max_staleness: 1}\n", "must be longer than canary_every (1 s)"),
    "no time for a head": (WHOLE + "limits: {header_timeout: 0}\n", "limits.header_timeout: expected more than 0"),
    "a burst of nothing": (WHOLE + "fair_share: {default: {burst: 5}}\n", "fair_share.default: per and burst say how requests may come"),
    "a period of nothing": (WHOLE + "    share: {per: 5}\n", "models[0].share: per and burst"),
    "heads slower than idle": (WHOLE + "limits: {header_timeout: 80}\n", "must not be longer than idle_timeout (75 s)"),
    "records demanded, nowhere to go": (WHOLE + "audit: {mode: required}\n", "audit.directory"),
    "subject key itself": (WHOLE + "audit: {subject_key_env: 'a=b'}\n", "audit.subject_key_env: expected the name"),
    "link that breaks out": (WHOLE + "refusals: {blocked_by: 'https://a>; rel=x'}\n", "refusals.blocked_by: expected a URL"),
    "link that is none": (WHOLE + "refusals: {blocked_by: 'mailto:a'}\n", "refusals.blocked_by: expected a URL"),
    "a tenant that is no pointer": (WHOLE.replace(KEYS, KEYS + "\n    claims: {tenant: tid}"), "issuers[0].claims.tenant: expected a JSON"),
    "verified claims that are no pointer": (
        WHOLE.replace(KEYS, KEYS + "\n    claims: {verified_claims: verified_claims}"),
        "issuers[0].claims.verified_claims: expected a JSON Pointer",
    ),
    "an order nobody knows": (
        WHOLE.replace(KEYS, KEYS + "\n    claims: {nationalities_order: newest}"),
        "issuers[0].claims.nationalities_order: expected one of",
    ),
    "registration path that is no pointer": (WHOLE + "geolocation: {file: a, registered_country_path: c}\n", "registered_country_path"),
    "flags nowhere": (WHOLE + "geolocation: {file: a, hosting: {file: b, paths: []}}\n", "geolocation.hosting.paths: expected at least"),
    "a flag that is no pointer": (WHOLE + "geolocation: {file: a, anonymizer: {file: b, paths: [vpn]}}\n", "anonymizer.paths[0]: expected"),
    "a flag without its value": (WHOLE + "geolocation: {file: a, hosting: {file: b, paths: [/u=]}}\n", "hosting.paths[0]: expected"),
    "database path that is no pointer": (WHOLE + "geolocation: {file: a, country_path: country}\n", "geolocation.country_path"),
}


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_one_rule_one_broken_file(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    (line,) = str(caught.value).splitlines()
    assert words in line


def test_a_file_with_everything_in_place_is_right() -> None:
    settings = parsed(
        ISSUERS
        + SECOND
        + UPSTREAMS
        + "    credential: {header: x-api-key, prefix: '', env: KEY}\n"
        + MODELS
        + PROXIES % "client_address_header: forwarded, country_header: CF-IPCountry"
        + "audit: {mode: required, directory: /var/audit, subject_key_env: SUBJECT_KEY}\n"
        + "refusals: {blocked_by: https://example.com/legal}\n"
        + "store: {url: rediss://acl@h, password_env: STORE_PASSWORD, prefix: '{gateway}:'}\n"
    )
    assert settings.upstreams[0].credential is not None
    assert settings.issuers[1].keys.file == "/etc/gateway/k.json"
