"""The shapes of tokens that identity providers really issue, under the settings that ship for each of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from support.forge import NOW, Clock, Signer, key_set
from support.settings_text import MODELS, UPSTREAMS, parsed

from gateway.identity.keyset import keysets_for
from gateway.identity.source import WELL_KNOWN
from gateway.identity.verifier import Verifier
from gateway.policy.access import Nationalities, Subject
from gateway.policy.vocabulary import Reason
from gateway.settings.shape import Issuer

EXAMPLES: Final = Path(__file__).parents[2] / "config" / "issuers"
NAMES: Final = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
SIGNER: Final = Signer(kid="example", algorithm="RS256")
TIMES: Final = {"iat": int(NOW.wall) - 60, "nbf": int(NOW.wall) - 60, "exp": int(NOW.wall) + 3600}
TENANT: Final = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
Claims = dict[str, Any]
Verify = Callable[..., Any]

TOKENS: Final[dict[str, Claims]] = {
    "auth0": {
        "iss": "https://example.eu.auth0.com/",
        "sub": "auth0|507f1f77bcf86cd799439020",
        "aud": ["https://gateway.example.com", "https://example.eu.auth0.com/userinfo"],
        "azp": "my_client_id",
        "scope": "openid profile",
        "org_id": "org_9ybsU1dN2dKfDkBi",
        "https://example.com/us_person": True,
        "https://example.com/nationalities": ["US"],
    },
    "workos": {
        "iss": "https://example.authkit.app",
        "sub": "user_01HBEQKA6K4QJAS93VPE39W1JT",
        "aud": "client_01EXAMPLE",
        "org_id": "org_01HRDMC6CM357W30QMHMQ96Q0S",
        "role": "member",
        "permissions": ["models:use"],
        "sid": "session_01HQSXZGF8FHF7A9ZZFCW4387R",
        "jti": "01HQSXZXPPFPKMDD32RKTFY6PV",
        "us_person": True,
        "nationalities": ["US", "CA"],
    },
    "keycloak": {
        "iss": "https://keycloak.example.com/realms/partners",
        "sub": "24400320-34ee-4b6d-9f4a-6f1c2f5d3f10",
        "aud": ["gateway", "account"],
        "typ": "Bearer",
        "azp": "frontend",
        "jti": "onrtac:9a8b5a5e",
        "organization": {"acme": {"id": "42c3e46f-2477-44d7-a85b-d3b43f6b31fa"}},
        "us_person": False,
        "nationalities": ["DE", "FR"],
    },
    "entra": {
        "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
        "aud": "api://gateway",
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
        "oid": "00000000-0000-0000-66f3-3332eca7ea81",
        "tid": TENANT,
        "ver": "2.0",
        "ctry": "US",
        "tenant_ctry": "GB",
    },
    "google": {
        "iss": "https://accounts.google.com",
        "azp": "1234567890-example.apps.googleusercontent.com",
        "aud": "1234567890-example.apps.googleusercontent.com",
        "sub": "110169484474386276334",
        "hd": "acme.example",
        "email": "someone@acme.example",
        "email_verified": True,
    },
    "cognito": {
        "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE",
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "aud": "1example23456789",
        "token_use": "id",
        "cognito:groups": ["researchers", "operators"],
        "custom:org_id": "org_acme",
        "custom:nationality": "GBR",
    },
    "okta": {
        "iss": "https://example.okta.com/oauth2/default",
        "sub": "someone@acme.example",
        "aud": "api://default",
        "cid": "0oa2hl2inow5Uqc6c357",
        "uid": "00ujmkLgagxeRrAg20g3",
        "scp": ["openid"],
        "ver": 1,
        "org_id": "org_acme",
        "us_person": True,
        "nationalities": ["US"],
    },
    "identity-assurance": {
        "iss": "https://op.example.com",
        "sub": "248289761001",
        "aud": "gateway",
        "org_id": "org_acme",
        "nationalities": ["FR"],
        "verified_claims": {
            "verification": {
                "trust_framework": "eidas",
                "assurance_level": "substantial",
                "time": "2026-04-23T18:25Z",
                "evidence": [{"type": "document", "method": "pipp"}],
            },
            "claims": {"given_name": "Max", "nationalities": ["DEU"], "us_person": True, "address": {"country_code": "DEU"}},
        },
    },
}


def example(name: str) -> Issuer:
    """Read one file as the `issuers:` section of whole settings."""
    (issuer,) = parsed((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8") + UPSTREAMS + MODELS).issuers
    return issuer


async def seen(name: str, **changes: Any) -> Subject | Reason:
    """Verify a token of that provider; a claim changed to None is left out."""
    issuer = example(name)
    documents = {
        issuer.issuer.rstrip("/") + WELL_KNOWN: json.dumps({"issuer": issuer.issuer, "jwks_uri": "https://keys.example.com/"}).encode(),
    }

    async def fetch(url: str, timeout: float) -> bytes:  # noqa: ASYNC109  # the fetch's own shape
        del timeout
        return documents.get(url, key_set(SIGNER))

    claims = {**TIMES, **TOKENS[name], **changes}
    token = SIGNER.sign(json.dumps(SIGNER.header()).encode(), json.dumps({k: v for k, v in claims.items() if v is not None}).encode())
    clock = Clock()
    return await Verifier([issuer], keysets_for([issuer], clock, fetch), clock).identify(token)


async def subject(name: str, **changes: Any) -> Subject:
    found = await seen(name, **changes)
    assert isinstance(found, Subject), found
    return found


def test_every_example_is_played_and_every_token_has_its_example() -> None:
    assert set(TOKENS) == set(NAMES)
    assert {"auth0", "workos", "keycloak", "entra", "google", "cognito", "okta"} <= set(NAMES)


@pytest.mark.parametrize(
    ("name", "organisation", "us_person", "known", "residence"),
    [
        ("auth0", "org_9ybsU1dN2dKfDkBi", True, ("US",), None),
        ("workos", "org_01HRDMC6CM357W30QMHMQ96Q0S", True, ("US", "CA"), None),
        ("keycloak", "acme", False, ("DE", "FR"), None),
        ("entra", TENANT, None, (), "US"),
        ("google", "acme.example", None, (), None),
        ("cognito", "org_acme", None, ("GB",), None),
        ("okta", "org_acme", True, ("US",), None),
        ("identity-assurance", "org_acme", True, ("FR", "DE"), "DE"),
    ],
)
async def test_what_each_provider_says(
    name: str, organisation: str, us_person: bool | None, known: tuple[str, ...], residence: str | None
) -> None:
    found = await subject(name)
    assert (found.organisation, found.us_person, found.residence) == (organisation, us_person, residence)
    assert found.nationalities == Nationalities(known, unknown=not known)


@pytest.mark.parametrize("name", NAMES)
async def test_a_token_for_somebody_else_or_of_somebody_else_is_refused(name: str) -> None:
    assert await seen(name, aud="another") is Reason.TOKEN_INVALID
    assert await seen(name, iss="https://evil.example") is Reason.ISSUER_UNKNOWN


@pytest.mark.parametrize(
    ("claim", "organisation"),
    [
        (["acme"], "acme"),
        ({"acme": {}}, "acme"),
        ([{"acme": {"id": "42c3e46f-2477-44d7-a85b-d3b43f6b31fa"}}], "acme"),
        (["acme", "other"], None),
        ({"acme": {}, "other": {}}, None),
        ([{"acme": {}, "other": {}}], None),
        (None, None),
    ],
)
async def test_keycloak_writes_organisations_in_three_shapes_and_several_are_ambiguous(claim: object, organisation: str | None) -> None:
    assert (await subject("keycloak", organization=claim)).organisation == organisation


@pytest.mark.parametrize("tid", ["00000000-0000-cccc-1111-dddd2222eeee", TENANT.upper(), "", None, 7, [TENANT]])
async def test_entra_s_tenant_must_agree_with_the_issuer(tid: object) -> None:
    assert await seen("entra", tid=tid) is Reason.TOKEN_INVALID


async def test_accounts_outside_any_organisation_speak_for_none() -> None:
    assert (await subject("google", hd=None)).organisation is None
    assert (await subject("okta", org_id=None)).organisation is None
    assert (await subject("auth0", org_id=None)).organisation is None


async def test_access_tokens_of_cognito_name_no_audience_and_are_refused() -> None:
    assert await seen("cognito", aud=None, client_id="1example23456789", token_use="access") is Reason.TOKEN_INVALID


async def test_an_identity_provider_says_which_of_it_was_verified_how_and_when() -> None:
    found = await subject("identity-assurance")
    assert found.provenance == {"FR": ("self_asserted",), "DE": ("verified_claims[0]",)}
    _, verified = found.statements
    assert verified.verification is not None
    assert (verified.verification.trust_framework, verified.verification.assurance_level) == ("eidas", "substantial")
    assert verified.verification.time == 1776968700.0
