"""What is allowed but hardly meant is said, and only that."""

from datetime import date
from pathlib import Path

from support.settings_text import WHOLE, parsed

from gateway.settings.advice import advice, overdue
from gateway.settings.provision import country_groups

RULES = "    restrictions: {region: {any_in: [KP]}, nationality: {any_in: [KP]}, residence: {any_in: [KP]}, us_person: true}\n"


def test_a_plain_file_needs_no_advice() -> None:
    assert advice(parsed(WHOLE)) == ()


def test_rules_that_no_source_can_answer_refuse_everybody() -> None:
    said = advice(parsed(WHOLE + RULES))
    assert [line.split(":")[0].rpartition(".")[2] for line in said] == ["region", "nationality", "residence", "us_person"]
    claims = "\n    claims: {nationalities: /n, residence: /r, us_person: /u}\nupstreams:"
    answered = WHOLE.replace("\nupstreams:", claims) + RULES
    assert advice(parsed(answered + "geolocation: {file: /geo.mmdb}\n")) == ()
    assert advice(parsed(answered + "listen: {proxy: {trusted_proxies: [10.0.0.0/8], country_header: cf-ipcountry}}\n")) == ()


def test_open_doors_and_secrets_in_clear_are_named() -> None:
    text = WHOLE.replace("[http://127.0.0.1:8000]", "[http://vllm.internal]\n    credential: {env: KEY}")
    exposed, clear = advice(parsed(text + "listen: {admin: {address: '0.0.0.0:9090'}}\n"))
    assert "reachable from other machines" in exposed
    assert "in clear to vllm.internal" in clear


def test_groups_in_use_past_their_review_are_named(tmp_path: Path) -> None:
    groups = "groups:\n  used: {members: [KP], review_by: 2026-01-31}\n  other: {members: [DE], review_by: 2026-01-31}\n"
    (tmp_path / "groups.yaml").write_text(groups, encoding="utf-8")
    text = "country_groups: groups.yaml\n" + WHOLE + "    restrictions: {region: {any_in: [used]}}\n"
    settings = parsed(text, tmp_path)
    assert overdue(settings, country_groups(settings), date(2026, 1, 31)) == ()
    (line,) = overdue(settings, country_groups(settings), date(2026, 2, 1))
    assert line.startswith("country group used: to be reviewed by 2026-01-31")
