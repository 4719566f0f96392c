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


def test_a_schedule_that_is_called_off_is_named(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("model", "stage", "frontier-1", "suspended", "--from", "2100-01-01") == 0
    assert "no longer" not in capsys.readouterr().out
    assert typed("model", "stage", "frontier-1", "evaluation", "--from", "2100-02-01") == 0
    assert "evaluation from 2100-02-01 on, and no longer suspended from 2100-01-01T00:00:00Z on" in capsys.readouterr().out


def test_a_rule_that_nothing_can_answer_and_a_list_that_is_old_are_noted(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    groups = Path("country_groups.yaml")
    groups.write_text(groups.read_text().replace("review_by: 2027-01-08", "review_by: 2026-01-08"))
    rule = "{deny_hosting: true, nationality: {any_in: [ear_d5]}}"
    Path("letter.yaml").write_text(f"id: d-1\nauthority: letter\nmodels: [frontier-1]\neffect: restrict\nrule: {rule}\n")
    assert typed("directive", "apply", "letter.yaml") == 0
    said = capsys.readouterr().err
    assert "note: rule.deny_hosting: nothing says it (geolocation.hosting would), so it is unknown for every caller" in said
    assert "note: country group ear_d5: to be reviewed by 2026-01-08" in said


def test_an_order_of_a_later_day_leaves_no_gap(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    order = "id: ID\nauthority: letter\nmodels: [frontier-1]\neffect: suspend\n"
    Path("now.yaml").write_text(order.replace("ID", "d-1"))
    Path("later.yaml").write_text(order.replace("ID", "d-2") + "from: +30d\nsupersedes: [d-1]\n")
    assert typed("directive", "apply", "now.yaml") == 0
    assert typed("directive", "apply", "later.yaml") == 1
    assert "until then nobody would be bound" in capsys.readouterr().err


def test_a_change_that_was_made_is_not_taken_for_one_that_was_not(
    typed: Typed, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    server: RedisServer = request.getfixturevalue("redis_server")
    server.cli("HSET", "gateway:allowlist:frontier-1", "org_acme", "{}")
    server.cli("SET", "gateway:replicas", "x")
    assert typed("partner", "remove", "org_acme", "--model", "frontier-1", "--wait", "1") == 1
    said = capsys.readouterr()
    assert "is off the list of frontier-1 (revision 1)" in said.out
    assert "revision 1 is written; who has applied it cannot be told: gateway:replicas is of another type" in said.err
