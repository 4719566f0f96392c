"""From settings to what the parts are built of: names, rules, secrets."""

from pathlib import Path

import msgspec
import pytest
from support.settings_text import ISSUERS, UPSTREAMS, WHOLE, parsed

from gateway.errors import SettingsError
from gateway.policy.ownership import OwnershipRule
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.vocabulary import Stage, Unknown
from gateway.settings.provision import build_catalogue, check_secrets, country_groups, expand_for, read_secret, secret_from_environment
from gateway.settings.shape import Credential, Settings

CATALOGUE = (
    ISSUERS
    + UPSTREAMS
    + """\
country_groups: groups.yaml
models:
  - id: frontier-1
    upstream: inference
    aliases: [frontier, frontier-1-2026-11-01]
    hidden: true
    restrictions:
      nationality: {any_in: [nordic, KP]}
      region: {any_in: [UA-43], unknown: allow}
      us_person_exempt: false
      deny_anonymizer: true
    stages:
      general: {restrictions: {us_person: true}}
      preview: {restrictions: {ownership: {any_in: [KP], gte: 50}}}
  - {id: open-1, upstream: inference, gated: false}
  - {id: early-1, upstream: inference, stage: evaluation}
"""
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "groups.yaml").write_text('groups: {nordic: {members: [SE, "NO"]}}\n', encoding="utf-8")
    return parsed(CATALOGUE, tmp_path)


def test_every_name_leads_to_its_model(settings: Settings) -> None:
    catalogue = build_catalogue(settings, country_groups(settings))
    assert list(catalogue) == ["frontier-1", "frontier", "frontier-1-2026-11-01", "open-1", "early-1"]
    assert catalogue["frontier"] is catalogue["frontier-1"]
    assert (catalogue["frontier"].upstream, catalogue["frontier"].hidden) == ("inference", True)


def test_prefixes_suffixes_and_routes_are_names_too(tmp_path: Path) -> None:
    named = "models:\n  - {id: a, upstream: inference, aliases: [b], prefixes: [lab/], suffixes: ['[1m]'], routes: [/generate]}\n"
    settings = parsed(ISSUERS + UPSTREAMS + named, tmp_path)
    catalogue = build_catalogue(settings, country_groups(settings))
    assert list(catalogue) == ["a", "b", "lab/a", "lab/b", "a[1m]", "b[1m]", "lab/a[1m]", "lab/b[1m]", "/generate"]
    assert {model.id for model in catalogue.values()} == {"a"}
    assert "lab/c" not in catalogue
    assert "a[1M]" not in catalogue, "names are exact"


def test_a_stage_that_nobody_named_is_preview_behind_the_gate_and_general_before_it(settings: Settings) -> None:
    catalogue = build_catalogue(settings, country_groups(settings))
    assert [catalogue[name].stage for name in ("frontier-1", "open-1", "early-1")] == [Stage.PREVIEW, Stage.GENERAL, Stage.EVALUATION]


def test_restrictions_arrive_whole_with_groups_expanded(settings: Settings) -> None:
    catalogue = build_catalogue(settings, country_groups(settings))
    rules = catalogue["frontier-1"].restrictions
    assert rules.nationality == CountryRule(any_in=frozenset({"SE", "NO", "KP"}))
    assert rules.region == CountryRule(any_in=frozenset({"UA-43"}), unknown=Unknown.ALLOW)
    assert (rules.us_person_exempt, rules.deny_anonymizer, rules.deny_hosting, rules.residence) == (False, True, False, None)
    assert catalogue["open-1"].restrictions == NO_RESTRICTIONS


def test_stages_bring_their_own_rules(settings: Settings) -> None:
    catalogue = build_catalogue(settings, country_groups(settings))
    assert catalogue["frontier-1"].by_stage == (
        (Stage.PREVIEW, Restrictions(ownership=OwnershipRule(frozenset({"KP"}), 50.0, inclusive=True))),
        (Stage.GENERAL, Restrictions(us_person=True)),
    )
    assert catalogue["open-1"].by_stage == ()


def test_the_catalogue_can_be_digested(settings: Settings) -> None:
    """The policy's digest is made of it, so every value in it must have one JSON form."""
    catalogue = dict(build_catalogue(settings, country_groups(settings)))
    assert msgspec.json.encode(catalogue, order="deterministic") == msgspec.json.encode(dict(catalogue), order="deterministic")


def test_words_of_the_store_expand_by_the_same_groups(settings: Settings) -> None:
    expand = expand_for(settings)
    assert expand(["nordic", "DE"]) == {"SE", "NO", "DE"}
    with pytest.raises(ValueError, match="baltic"):
        expand(["baltic"])
    assert country_groups(parsed(WHOLE)) == {}


def test_a_secret_comes_from_its_file_or_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("sk-file\n", encoding="utf-8")
    monkeypatch.setenv("UPSTREAM_API_KEY", "sk-env")
    assert read_secret(Credential(file=str(tmp_path / "key"))) == "sk-file"
    assert read_secret(Credential(env="UPSTREAM_API_KEY")) == "sk-env"
    assert secret_from_environment("UPSTREAM_API_KEY", "store.password_env") == "sk-env"


@pytest.mark.parametrize("content", [b"", b" \n", b"sk-\r\nx-evil: 1", b"sk-\xff", "sk-ü".encode(), b"a\x00b"])
def test_a_secret_that_no_header_may_carry_is_refused_unseen(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(SettingsError, match="key") as caught:
        read_secret(Credential(file=str(tmp_path / "key")))
    assert "sk-" not in str(caught.value)


def test_all_missing_secrets_are_named_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STORE_PASSWORD", "SUBJECT_KEY"):
        monkeypatch.delenv(name, raising=False)
    text = WHOLE.replace("models:", "    credential: {file: upstream.key}\nmodels:")
    settings = parsed(text + "store: {password_env: STORE_PASSWORD}\naudit: {subject_key_env: SUBJECT_KEY}\n", tmp_path)
    with pytest.raises(SettingsError) as caught:
        check_secrets(settings)
    first, second, third = str(caught.value).splitlines()
    assert "store.password_env: environment variable STORE_PASSWORD is empty or not set" in first
    assert "audit.subject_key_env" in second
    assert f"upstream inference: credential.file: {tmp_path}/upstream.key cannot be read: No such file" in third


def test_secrets_in_place_let_the_gate_start(monkeypatch: pytest.MonkeyPatch) -> None:
    check_secrets(parsed(WHOLE))
    settings = parsed(WHOLE + "store: {password_env: STORE_PASSWORD}\n")
    monkeypatch.setenv("STORE_PASSWORD", "x")
    check_secrets(settings)
    monkeypatch.setenv("STORE_PASSWORD", "")
    with pytest.raises(SettingsError, match="STORE_PASSWORD is empty"):
        check_secrets(settings)
