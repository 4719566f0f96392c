"""Who and from where, on a running gate: evidence behind a claim, owners, addresses; databases that are replaced while it runs."""

import time
from pathlib import Path
from typing import Any

from support.mmdb import ANONYMOUS, write_mmdb
from support.running import RunningGate, running_gate
from support.servers import RedisServer, redis_server  # noqa: F401  # the fixture is asked for by its name

from gateway.settings.rules_shape import (
    NationalityList,
    OwnershipSection,
    RegionList,
    RequireVerified,
    RestrictionsSection,
)
from gateway.settings.shape import (
    AdminListener,
    AnonymizerDatabase,
    Geolocation,
    HostingDatabase,
    Listen,
    ModelSection,
    ProxyListener,
    StageSection,
    StagesSection,
)

VERIFIED, OWNED, PLACED, STAGED = "verified-1", "owned-1", "placed-1", "staged-1"
EIDAS = RequireVerified(trust_frameworks=("eidas",), min_level="substantial", max_age=3600)
MODELS = (
    ModelSection(
        id=VERIFIED, upstream="demo", restrictions=RestrictionsSection(nationality=NationalityList(any_in=("KP",), require_verified=EIDAS))
    ),
    ModelSection(id=OWNED, upstream="demo", restrictions=RestrictionsSection(ownership=OwnershipSection(any_in=("KP",), gte=50))),
    ModelSection(
        id=PLACED, upstream="demo", restrictions=RestrictionsSection(region=RegionList(any_in=("KP", "UA-43")), deny_hosting=True)
    ),
    ModelSection(
        id=STAGED,
        upstream="demo",
        stages=StagesSection(general=StageSection(restrictions=RestrictionsSection(us_person=True))),
    ),
)
LONDON, CRIMEA, UNLISTED = "81.2.69.142", "85.114.64.1", "9.9.9.9"
LISTEN = Listen(
    proxy=ProxyListener(
        address="127.0.0.1:0",
        trusted_proxies=("127.0.0.0/8",),
        client_address_header="x-forwarded-for",
        country_header="cf-ipcountry",
    ),
    admin=AdminListener(address="127.0.0.1:0"),
)


async def asks(gate: RunningGate, model: str, client: str = "", country: str = "", **claims: Any) -> str:
    """Ask a short question: `served`, or the reason of the refusal."""
    headers = {"authorization": f"Bearer {gate.mint(**claims)}"}
    headers |= {"x-forwarded-for": client} if client else {}
    headers |= {"cf-ipcountry": country} if country else {}
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    async with gate.session.post(f"{gate.url}/v1/chat/completions", json=body, headers=headers) as answer:
        said = await answer.json()
        return "served" if answer.status == 200 else str(said["error"]["code"])


def shown(framework: str = "eidas", level: str = "high", age: float = 60, **claims: Any) -> dict[str, Any]:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))
    return {"verification": {"trust_framework": framework, "assurance_level": level, "time": stamp}, "claims": claims}


async def test_a_hard_rule_takes_verified_claims_only(redis_server: RedisServer, tmp_path: Path) -> None:  # noqa: F811 - a fixture
    german: dict[str, Any] = {"nationalities": ["DE"]}
    async with running_gate(tmp_path, models=MODELS, store=redis_server) as gate:
        await gate.admit(model=VERIFIED)
        assert await asks(gate, VERIFIED) == "assurance_insufficient"
        assert await asks(gate, VERIFIED, verified_claims=shown(**german)) == "served"
        assert await asks(gate, VERIFIED, verified_claims=[shown("house", **german), shown(**german)]) == "served"
        assert await asks(gate, VERIFIED, verified_claims=shown("house", **german)) == "assurance_insufficient"
        assert await asks(gate, VERIFIED, verified_claims=shown(level="low", **german)) == "assurance_insufficient"
        assert await asks(gate, VERIFIED, verified_claims=shown(age=4000, **german)) == "assurance_insufficient"
        assert await asks(gate, VERIFIED, verified_claims=shown(nationalities=["KP"])) == "nationality_restricted"
        assert await asks(gate, VERIFIED, nationalities=["KP"], verified_claims=shown(**german)) == "nationality_restricted"


async def test_owners_stand_in_the_grant_and_a_stage_brings_rules_of_its_own(
    redis_server: RedisServer,  # noqa: F811 - a fixture
    tmp_path: Path,
) -> None:
    async with running_gate(tmp_path, models=MODELS, store=redis_server) as gate:
        await gate.admit(model=OWNED)
        assert await asks(gate, OWNED) == "ownership_unknown"
        await gate.admit(model=OWNED, grant='{"ownership": [{"country": "DE", "percent": 60}]}')
        assert await asks(gate, OWNED) == "served"
        await gate.admit(model=OWNED, grant='{"ownership": [{"country": "DE", "percent": 50}, {"country": "KP", "percent": 50}]}')
        assert await asks(gate, OWNED) == "ownership_restricted"

        await gate.admit(model=STAGED)
        assert await asks(gate, STAGED) == "served"
        gate.raw.hset("gateway:models", STAGED, '{"stage": "general"}')
        await gate.settled()
        assert await asks(gate, STAGED) == "us_person_unknown"
        assert await asks(gate, STAGED, us_person=True, organisation=None) == "served"


async def test_sources_of_a_place_and_a_database_replaced_while_it_runs(
    redis_server: RedisServer,  # noqa: F811 - a fixture
    tmp_path: Path,
) -> None:
    built = int(time.time()) - 100
    countries, flags = write_mmdb(tmp_path / "c.mmdb", built_at=built), write_mmdb(tmp_path / "a.mmdb", ANONYMOUS, built_at=built)
    sources = Geolocation(file=str(countries), anonymizer=AnonymizerDatabase(file=str(flags)), hosting=HostingDatabase(file=str(flags)))
    async with running_gate(tmp_path, models=MODELS, store=redis_server, listen=LISTEN, geolocation=sources) as gate:
        await gate.admit(model=PLACED)
        region = "unsupported_country_region_territory"
        assert await asks(gate, PLACED, LONDON) == "served"
        assert await asks(gate, PLACED, LONDON, "GB") == "served"
        assert await asks(gate, PLACED, LONDON, "KP") == region
        assert await asks(gate, PLACED, LONDON, "FR") == "served", "two sources disagree, and neither names a denied place"
        assert await asks(gate, PLACED, LONDON, "XX") == "region_unknown"
        assert await asks(gate, PLACED, UNLISTED, "GB") == "region_unknown"
        assert await asks(gate, PLACED, CRIMEA) == region
        assert await gate.metric("gateway_geolocation_build_timestamp_seconds", kind="hosting") == built

        write_mmdb(flags, {"81.2.69.0/24": {"is_hosting_provider": True, "is_anonymous_vpn": True}}, built_at=built + 50)
        await gate.until_metric("gateway_geolocation_build_timestamp_seconds", built + 50, kind="hosting")
        await gate.until_metric("gateway_geolocation_reloads_total", 2, outcome="ok")
        assert await asks(gate, PLACED, LONDON) == "hosting"
        await gate.admit(model=PLACED, grant='{"waive": ["hosting"]}')
        assert await asks(gate, PLACED, LONDON) == "served"
        assert await asks(gate, PLACED, LONDON, "KP") == region, "a waiver of data centres is none of places"
