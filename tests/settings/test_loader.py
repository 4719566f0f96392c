"""A settings file is read in one way only; whatever else it says is an error with a line and a right form."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.settings_text import BASE, ISSUERS, MODELS, UPSTREAMS, WHOLE, parsed

from gateway.errors import SettingsError
from gateway.policy.vocabulary import Stage, Unknown
from gateway.settings.loader import load, parse

ROOT = Path(__file__).parents[2]


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parsed(text)
    return str(caught.value)


def outcome(text: str) -> str:
    try:
        return repr(parse(text, "gateway.yaml", BASE))
    except SettingsError as error:
        return str(error)


def test_a_small_file_has_every_default() -> None:
    settings = parsed()
    assert settings.listen.proxy.address == "0.0.0.0:8080"
    assert settings.listen.admin.address == "127.0.0.1:9090"
    assert (settings.store.url, settings.store.max_staleness) == ("embedded", 60.0)
    assert settings.models[0].gated
    assert settings.models[0].stage is None
    assert settings.workers == 1


@pytest.mark.parametrize("name", ["gateway.yaml", "demo.yaml"])
def test_the_files_that_ship_are_right(name: str) -> None:
    assert load(ROOT / "config" / name).models


def test_the_annotated_file_says_every_line_why() -> None:
    lines = (ROOT / "config" / "gateway.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.strip() and "#" not in line] == []


def test_a_wrong_type_names_the_line_and_the_right_form() -> None:
    assert refusal(WHOLE + "    gated: maybe\n") == (
        'gateway.yaml:12: models[0].gated: expected true or false, got "maybe". Write: gated: true'
    )


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    said = refusal(WHOLE + "    gated: maybe\n    hiden: true\nworkers: 0\n").splitlines()
    assert [line.split(": ")[0] for line in said] == ["gateway.yaml:12", "gateway.yaml:13", "gateway.yaml:14"]
    assert "Did you mean hidden?" in said[1]


@pytest.mark.parametrize("word", ["NO", "no", "yes", "on", "Off", "true"])
def test_an_unquoted_word_that_yaml_takes_for_a_boolean_is_no_text(word: str) -> None:
    said = refusal(WHOLE + f"    restrictions:\n      nationality: {{any_in: [DE, {word}]}}\n")
    assert said == (
        "gateway.yaml:13: models[0].restrictions.nationality.any_in[1]: "
        f'expected text, got {word}, which YAML reads as bool. Write it in quotes: "{word}"'
    )


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "True", "1", '"true"', "y"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    assert "models[0].gated: expected true or false" in refusal(WHOLE + f"    gated: {word}\n")


@pytest.mark.parametrize("number", ["1_000", "0x10", "0o17", "017", "1:30", ".inf", ".nan", "1e999", "5s", "-1", '"5"', "٣"])
def test_a_number_is_plain_decimal_and_not_below_its_bound(number: str) -> None:
    assert "limits.drain: expected a number of seconds, 0 or more" in refusal(WHOLE + f"limits: {{drain: {number}}}\n")


@pytest.mark.parametrize("number", ["1.5", "9223372036854775808", "0", "1e3"])
def test_a_count_is_whole(number: str) -> None:
    assert "limits.connections: expected a whole number, 1 or more" in refusal(WHOLE + f"limits: {{connections: {number}}}\n")


@pytest.mark.parametrize("number", ["2", "2.0", "2e0", "0.2e1"])
def test_the_same_number_may_be_written_in_several_ways(number: str) -> None:
    assert parsed(WHOLE + f"limits: {{drain: {number}}}\n").limits.drain == 2.0


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_nothing_is_no_value_even_where_a_rule_is_optional(nothing: str) -> None:
    said = refusal(WHOLE + f"    restrictions:\n      region: {{any_in: {nothing}}}\n")
    assert "any_in: expected a list, got nothing. Write a value or remove the key" in said


def test_a_repeated_key_is_an_error_not_the_last_one() -> None:
    said = refusal(WHOLE + "    gated: true\n    gated: false\n")
    assert said == "gateway.yaml:13: models[0].gated: the key is written twice, first on line 12. Keep one"


def test_a_word_outside_the_closed_set_is_refused_with_the_set() -> None:
    assert "expected one of suspended, evaluation, preview, general" in refusal(WHOLE + "    stage: open\n")
    assert parsed(WHOLE + "    stage: general\n").models[0].stage is Stage.GENERAL


def test_a_missing_section_comes_with_its_form() -> None:
    assert refusal(ISSUERS + UPSTREAMS) == "gateway.yaml:1: models: missing. Write: models: [{id: example, upstream: example}]"
    assert refusal("").count("missing") == 3


def test_a_list_where_one_value_belongs_and_the_other_way_round() -> None:
    assert "expected text, got a list" in refusal(WHOLE + "    owned_by: [a]\n")
    assert "aliases: expected a list, got a single value. Write: aliases: [example]" in refusal(WHOLE + "    aliases: a\n")
    assert "store: expected a section of keys and values, got a list" in refusal(WHOLE + "store: [a]\n")


def test_anchors_and_merge_keys_work_and_what_is_written_here_wins() -> None:
    text = (
        ISSUERS
        + UPSTREAMS
        + (
            "models:\n  - &base {id: a, upstream: inference, hidden: true, restrictions: {nationality: {any_in: &list [KP, 'NO']}}}\n"
            "  - {<<: *base, id: b, restrictions: {residence: {all_in: *list, unknown: allow}}}\n"
        )
    )
    first, second = parsed(text).models
    assert (second.id, second.upstream, second.hidden) == ("b", "inference", True)
    assert second.restrictions.nationality is None
    assert second.restrictions.residence is not None
    assert (second.restrictions.residence.all_in, second.restrictions.residence.unknown) == (("KP", "NO"), Unknown.ALLOW)
    assert first.restrictions.nationality is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "gateway.yaml:1: not readable as YAML"),
        ("a: 1\n\tb: 2\n", "gateway.yaml:2: not readable as YAML"),
        ("issuers: 1\n---\nissuers: 2\n", "not readable as YAML"),
        ("a: " + "[" * 5000, "not readable as YAML"),
        ("[1]", "gateway.yaml:1: expected a section of keys and values, got a list"),
        ("? [a]\n: 1\n", "a key must be text"),
        ("a: &x [*x]\n", "unknown key"),
        ("models: &x [*x]\n", "models[0]: expected a section of keys and values, got a list"),
        ("workers: !!python/object:os.system 1\n", "missing"),
        (WHOLE + "    owned_by: !!binary aGVsbG8=\n", "which YAML reads as binary"),
        (WHOLE + '    owned_by: "a\\u0000b"\n', "control characters"),
        (WHOLE + "    created: 2026-11-24\n", "expected a whole number"),
        (WHOLE + "    owned_by: 2026-11-24\n", "which YAML reads as timestamp"),
    ],
)
def test_whatever_is_no_settings_file_is_named(text: str, words: str) -> None:
    assert words in refusal(text)


def test_values_in_the_wrong_place_are_not_repeated_they_may_be_secrets() -> None:
    for broken in ("    credential: s3cret\n", "    credential: {value: s3cret}\n", "    credential: {env: sk-s3cret}\n"):
        assert "s3cret" not in refusal(ISSUERS + UPSTREAMS + broken + MODELS)
    assert "s3cret" not in refusal(WHOLE + "store: {url: 'redis://:s3cret@host'}\n")
    assert "s3cret" not in refusal(WHOLE.replace("127.0.0.1:8000", "u:s3cret@127.0.0.1:8000"))


def test_cross_checks_have_lines_too() -> None:
    said = refusal(WHOLE + "  - id: other\n    upstream: inferense\n")
    assert said == "gateway.yaml:13: models[1].upstream: no such upstream. Did you mean inference? Known: inference"
    assert refusal(WHOLE.replace("keys: {jwks_url: https://login.example.com/jwks.json}", "keys: {}")).startswith("gateway.yaml:5: ")


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "gateway.yaml").write_text(WHOLE + "store: {data_dir: ../data}\n", encoding="utf-8")
    assert load(tmp_path / "etc" / "gateway.yaml").store.data_dir == str(tmp_path / "data")
    assert parsed(WHOLE).store.data_dir == str(BASE / "data")


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / "utf16.yaml").write_bytes(WHOLE.encode("utf-16"))
    (tmp_path / "large.yaml").write_bytes(b"#" * 5_000_000)
    for name, words in {
        "none.yaml": "No such file",
        "utf16.yaml": "Save the file as UTF-8",
        "large.yaml": "larger",
        ".": "directory",
    }.items():
        with pytest.raises(SettingsError, match=words):
            load(tmp_path / name)


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert load(tmp_path / "gateway.yaml").workers == 1


def test_a_group_of_the_shipped_file_may_stand_in_a_rule(tmp_path: Path) -> None:
    shutil.copy(ROOT / "config" / "country_groups.yaml", tmp_path / "country_groups.yaml")
    text = "country_groups: country_groups.yaml\n" + WHOLE + "    restrictions: {region: {any_in: [ear_e1, UA-43]}}\n"
    assert parsed(text, tmp_path).models[0].restrictions.region is not None


@given(st.text(alphabet="abm:- \n[]{}&*<>!|'\"#~01?,\t\\", max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    for whole in (text, WHOLE + "    aliases: " + text):
        assert outcome(whole).startswith(("Settings(", "gateway.yaml:"))
