"""Orders and grants that name groups and territories are judged and written as a gate reads them, by the store's clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from support.servers import RedisServer, redis_server  # noqa: F401  # the fixture is asked for by its name

from gateway.cli import main, options

ROOT = Path(__file__).parents[2]
STAGES = """
country_groups: country_groups.yaml
stages:
  evaluation: {partners_at_most: 1}
  preview: {partners_at_most: 1}
"""
INSTITUTE = """partners:
  - model: frontier-1
    organisation: ORG
    evaluator: true
    conditions: {region: {all_in: [US], territories: true}}
"""

Typed = Callable[..., int]


class FastClock(datetime):
    """The clock of an operator's machine that runs two months ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "FastClock":
        later = datetime.now(tz) + timedelta(days=60)
        return cls.fromtimestamp(later.timestamp(), tz)


@pytest.fixture
def typed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    server: RedisServer = request.getfixturevalue("redis_server")
    (tmp_path / "country_groups.yaml").write_text((ROOT / "config" / "country_groups.yaml").read_text())
    file = tmp_path / "gateway.yaml"
    file.write_text((ROOT / "config" / "demo.yaml").read_text() + STAGES)
    monkeypatch.setenv("GATEWAY_STORE_URL", server.unix_url)
    monkeypatch.setenv("GATEWAY_CONFIG", str(file))
    monkeypatch.chdir(tmp_path)
    return lambda *words: main(list(words))


def test_a_directive_on_a_country_and_its_territories_is_applied(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    rule = "{nationality: {any_in: [ear_d5], territories: true, stale: deny}}"
    Path("letter.yaml").write_text(f"id: d-1\nauthority: letter\nmodels: [frontier-1]\neffect: restrict\nrule: {rule}\n")
    assert typed("directive", "apply", "letter.yaml") == 0, capsys.readouterr().err


def test_an_evaluator_bound_by_territories_takes_the_place_of_an_evaluator(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("partner", "add", "org_acme", "--model", "frontier-1") == 0
    for organisation, code in (("org_first", 0), ("org_second", 1)):
        Path("partners.yaml").write_text(INSTITUTE.replace("ORG", organisation))
        assert typed("partner", "import", "partners.yaml", "--yes") == code
    assert "would have 2 evaluators, and takes at most 1 at evaluation" in capsys.readouterr().err


def test_no_place_is_free_because_the_clock_of_who_types_runs_ahead(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert typed("partner", "add", "org_acme", "--model", "frontier-1", "--until", until) == 0
    monkeypatch.setattr(options, "datetime", FastClock)
    assert typed("partner", "add", "org_second", "--model", "frontier-1") == 1
    assert "would have 2 partners, and takes at most 1 at preview" in capsys.readouterr().err
