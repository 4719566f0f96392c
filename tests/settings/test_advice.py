"""What is allowed but hardly meant is said, and only that."""

from datetime import date
from pathlib import Path

from support.settings_text import WHOLE, parsed

from gateway.settings.advice import advice, groups_in_use, overdue
from gateway.settings.provision import country_groups

RULES = """\
    restrictions:
      region: {any_in: [KP]}
      nationality: {any_in: [KP]}
      most_recent: {any_in: [KP]}
      residence: {any_in: [KP]}
      us_person: true
      require_verified: {trust_frameworks: [eidas]}
      deny_anonymizer: true
      deny_hosting: true
      ownership: {any_in: [KP], gte: 50}
"""


def test_a_plain_file_needs_no_advice() -> None:
    assert advice(parsed(WHOLE)) == ()


def test_rules_that_no_source_can_answer_refuse_everybody() -> None:
    said = advice(parsed(WHOLE.replace("\nupstreams:", "\n    claims: {verified_claims: ''}\nupstreams:") + RULES))
    names = ["region", "nationality", "most_recent", "residence", "us_person", "require_verified", "deny_anonymizer", "deny_hosting"]
    assert [line.split(":")[0].rpartition(".")[2] for line in said] == names
    claims = "\n    claims: {nationalities: /n, residence: /r, us_person: /u}\nupstreams:"
    answered = WHOLE.replace("\nupstreams:", claims) + RULES
    marks = "anonymizer: {file: /a.mmdb}, hosting: {file: /h.mmdb}"
    assert advice(parsed(answered + f"geolocation: {{file: /geo.mmdb, {marks}}}\n")) == ()
    header = advice(parsed(answered + "listen: {proxy: {trusted_proxies: [10.0.0.0/8], country_header: cf-ipcountry}}\n"))
    assert [line.split(":")[0] for line in header] == ["models[0].restrictions.deny_hosting"]


def test_a_limit_on_partners_that_evaluators_are_not_held_to_is_named() -> None:
    (line,) = advice(parsed(WHOLE + "stages: {preview: {partners_at_most: 24}}\n"))
    assert line.startswith("stages.preview.partners_at_most: evaluators are admitted at preview too")
    assert advice(parsed(WHOLE + "stages: {preview: {partners_at_most: 24}, evaluation: {partners_at_most: 3}}\n")) == ()


def test_rules_of_a_stage_are_looked_at_too() -> None:
    (line,) = advice(parsed(WHOLE + "    stages: {general: {restrictions: {us_person: true}}}\n"))
    assert line.startswith("models[0].stages.general.restrictions.us_person: nothing says it")


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


def test_groups_in_use_are_those_of_every_rule_and_all_that_they_are_made_of(tmp_path: Path) -> None:
    groups = "groups:\n  a: {members: [KP]}\n  b: {include: [a]}\n  c: {members: [IR]}\n  d: {members: [CU]}\n  e: {members: [DE]}\n"
    (tmp_path / "groups.yaml").write_text(groups, encoding="utf-8")
    rules = "    restrictions: {most_recent: {any_in: [b, KP]}}\n"
    rules += "    stages: {general: {restrictions: {ownership: {any_in: [c, d], gte: 50}}}}\n"
    settings = parsed("country_groups: groups.yaml\n" + WHOLE + rules, tmp_path)
    used = groups_in_use(settings, country_groups(settings))
    assert used == dict.fromkeys(("a", "b", "c", "d"), ("frontier-1",))
