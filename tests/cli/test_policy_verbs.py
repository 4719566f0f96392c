"""Operators' verbs on a real server, as typed: what each leaves in the store, prints, and answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.servers import RedisServer, redis_server  # noqa: F401  # the fixture is asked for by its name

from gateway.cli import main
from gateway.demo.issuer import DemoIssuer

ROOT = Path(__file__).parents[2]

Typed = Callable[..., int]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> RedisServer:
    started: RedisServer = request.getfixturevalue("redis_server")
    return started


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    file = tmp_path / "config" / "demo.yaml"
    file.write_text((ROOT / "config" / "demo.yaml").read_text())
    return file


@pytest.fixture
def typed(server: RedisServer, settings_file: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Type a command at the terminal of an operator whose environment names the store and the settings."""
    monkeypatch.setenv("GATEWAY_STORE_URL", server.unix_url)
    monkeypatch.setenv("GATEWAY_CONFIG", str(settings_file))
    return lambda *words: main(list(words))


@pytest.fixture
def read(typed: Typed, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Type a read with `--json` and give what it printed."""

    def reading(*words: str) -> Any:
        capsys.readouterr()
        assert typed(*words, "--json") == 0
        return json.loads(capsys.readouterr().out)

    return reading


@pytest.mark.parametrize(
    "command",
    [
        ("partner", "add", "org_acme", "--model", "frontier-1", "--until", ""),
        ("partner", "add", "org_acme", "--model", "frontier-1", "--from="),
        ("partner", "add", "org_acme", "--model", "frontier-1", "--limits", ""),
        ("partner", "add", "org_acme", "--model", "frontier-1", "--store", ""),
        ("--config", "", "partner", "add", "org_acme", "--model", "frontier-1"),
        ("model", "stage", "frontier-1", "general", "--from", ""),
        ("revoke", "org", "org_acme", "--until", ""),
        ("revoke", "token", "t-1", "--issuer", ""),
        ("changes", "--since", ""),
    ],
)
def test_what_an_unset_variable_leaves_is_not_an_option_left_out(
    typed: Typed, server: RedisServer, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        typed(*command)
    assert ended.value.code == 2
    assert "it is empty. Write --" in capsys.readouterr().err
    assert server.cli("KEYS", "*") == []


def test_an_organisation_that_no_token_can_name_is_refused(typed: Typed, server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (("partner", "add", "nobody/org_acme", "--model", "frontier-1"), ("revoke", "org", "demo/org_acme")):
        assert typed(*command) == 1
    said = capsys.readouterr().err
    assert "no issuer 'nobody'" in said
    assert "write org_acme" in said
    assert server.cli("KEYS", "*") == []


def test_a_partner_is_added_listed_and_removed(typed: Typed, read: Callable[..., Any], server: RedisServer) -> None:
    assert typed("partner", "add", "org_acme", "--model", "frontier-latest", "--until", "+30d", "--authority", "letter 3") == 0
    assert b"letter 3" in server.cli("HGET", "gateway:allowlist:frontier-1", "org_acme")
    (row,) = read("partner", "list", "--model", "frontier-1")
    assert (row["organisation"], row["state"], row["authority"]) == ("org_acme", "in force", "letter 3")
    assert typed("partner", "remove", "org_acme", "--model", "frontier-1", "--reason", "annex C") == 0
    assert read("partner", "list") == []


def test_each_change_raises_the_revision_and_is_recorded(read: Callable[..., Any], server: RedisServer) -> None:
    added = read("partner", "add", "org_acme", "--model", "frontier-1", "--reason", "annex B")
    staged = read("model", "stage", "frontier-1", "suspended", "--authority", "letter 9")
    assert staged["revision"] == added["revision"] + 1 == int(server.cli("GET", "gateway:revision"))
    first, second = read("changes")
    assert (first["why"], first["before"], first["after"]) == ("annex B", None, {"reason": "annex B"})
    assert (first["revision"], second["revision"]) == (added["revision"], staged["revision"])
    assert first["who"].endswith("(asserted)")
    assert second["after"]["stage"] == "suspended"
    assert read("changes", "--since", "2200-01-01") == []


def test_a_second_grant_replaces_the_first_and_says_so(typed: Typed, read: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    typed("partner", "add", "org_acme", "--model", "frontier-1")
    assert typed("partner", "add", "org_acme", "--model", "frontier-1", "--evaluator") == 0
    assert "replacing what it had" in capsys.readouterr().out
    assert read("partner", "list")[0]["evaluator"] is True


def test_removing_what_is_not_there_is_refused_and_changes_nothing(
    typed: Typed, read: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("partner", "remove", "org_acmee", "--model", "frontier-1") == 1
    assert "was not on the list" in capsys.readouterr().err
    assert read("changes") == []


def test_an_unknown_model_is_refused_with_the_near_names(typed: Typed, server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("partner", "add", "org_acme", "--model", "frontier-2") == 1
    assert "frontier-1" in capsys.readouterr().err
    assert server.cli("KEYS", "*") == []


def test_the_stage_of_a_model_is_shown_with_who_set_it(typed: Typed, read: Callable[..., Any]) -> None:
    assert [row["set_by"] for row in read("model", "list")] == ["settings", "settings"]
    assert typed("model", "stage", "frontier-1", "evaluation") == 0
    frontier = read("model", "list")[0]
    assert (frontier["stage"], frontier["set_by"]) == ("evaluation", "store")


def test_a_field_typed_wrongly_by_hand_is_shown_with_what_is_wrong(read: Callable[..., Any], server: RedisServer) -> None:
    server.cli("HSET", "gateway:allowlist:frontier-1", "org_acme", "yes please")
    (row,) = read("partner", "list")
    assert row["state"] == "invalid"
    assert row["problem"]
    status = read("status")
    assert status["entries"]["invalid"] == 1
    assert status["invalid"][0]["field"] == "org_acme"


def test_a_list_or_a_stage_typed_for_a_model_that_is_not_there_is_shown(read: Callable[..., Any], server: RedisServer) -> None:
    server.cli("HSET", "gateway:allowlist:frontier1", "org_acme", "{}")
    server.cli("HSET", "gateway:models", "frontier-l", '{"stage":"suspended"}')
    status = read("status")
    assert (status["lists_of_unknown_models"], status["stages_of_unknown_models"]) == (["frontier1"], ["frontier-l"])


def test_status_shows_what_workers_have_reported(typed: Typed, read: Callable[..., Any], server: RedisServer) -> None:
    typed("partner", "add", "org_acme", "--model", "frontier-1")
    server.cli("HSET", "gateway:replicas", "host/w1/a", "{")
    status = read("status")
    assert status["revision"] == 1
    assert status["initialised"] is True
    assert status["entries"]["grants"] == 1
    assert status["workers_agree"] is None
    assert status["replicas"] == [{"worker": "host/w1/a", "state": "unreadable"}]


def test_what_is_revoked_is_listed_and_lifted(typed: Typed, read: Callable[..., Any], server: RedisServer) -> None:
    assert typed("revoke", "token", "t-1", "--until", "+1h", "--reason", "stolen") == 0
    assert typed("revoke", "token", "t-1", "--issuer", "demo") == 0
    assert typed("revoke", "subject", "https://issuer.demo.example", "ann") == 0
    assert typed("revoke", "org", "org_acme") == 0
    rows = read("revoke", "list")
    assert [row["key"] for row in rows] == ["jti:demo/t-1", "jti:t-1", "org:org_acme", "sub:demo/ann"]
    assert (rows[1]["state"], rows[1]["reason"]) == ("in force", "stolen")
    assert typed("revoke", "lift", "org:org_acme", "--reason", "appeal") == 0
    assert server.cli("HLEN", "gateway:revocations") == 3
    assert [change["what"] for change in read("changes")] == ["revocation.put"] * 4 + ["revocation.remove"]


def test_a_revocation_of_nothing_known_is_refused(typed: Typed, server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("revoke", "subject", "dmeo", "ann") == 1
    assert "demo" in capsys.readouterr().err
    assert typed("revoke", "lift", "org:org_acme") == 1
    assert "not revoked" in capsys.readouterr().err
    assert server.cli("EXISTS", "gateway:revision") == 0


def test_waiting_without_a_worker_proves_nothing_and_the_change_stands(
    typed: Typed, server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed("partner", "add", "org_acme", "--model", "frontier-1", "--wait", "0.05") == 1
    shown = capsys.readouterr()
    assert "org_acme is on the list" in shown.out
    assert "no live worker has reported" in shown.err
    assert server.cli("HLEN", "gateway:allowlist:frontier-1") == 1
    assert typed("status", "--wait", "0", "--json") == 1
    assert json.loads(capsys.readouterr().out)["complete"] is False


def test_a_time_to_wait_that_makes_no_sense_is_bad_usage(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("--wait", "org_acme"), ("org_acme", "--wait", "-1"), ("org_acme", "--wait", "nan")):
        with pytest.raises(SystemExit) as ended:
            typed("partner", "remove", *words, "--model", "frontier-1")
        assert ended.value.code == 2
    assert "--wait 30" in capsys.readouterr().err


def test_people_get_tables(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    typed("partner", "add", "org_acme", "--model", "frontier-1")
    for words in (("partner", "list"), ("model", "list"), ("changes",), ("status",)):
        assert typed(*words) == 0
    shown = capsys.readouterr().out
    assert "org_acme is on the list of frontier-1 (revision 1)" in shown
    assert "in force" in shown
    assert "No worker has reported." in shown


def test_explain_says_what_the_gate_would(typed: Typed, settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issuer = DemoIssuer(settings_file.parents[1] / "data" / "demo")
    token = issuer.mint(org_id="org_acme", nationalities=["DE"])
    question = ("explain", "--token", token, "--model", "frontier-1", "--country", "DE", "--json")
    assert typed(*question) == 1
    assert json.loads(capsys.readouterr().out)["reasons"][0] == "policy_uninitialised"
    typed("partner", "add", "org_acme", "--model", "frontier-1")
    capsys.readouterr()
    assert typed(*question) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["decision"], told["rule"], told["revision"]) == ("permit", "grant", 1)
    assert typed("explain", "--token", token, "--model", "frontier-1", "--country", "KP") == 1
    assert "region_restricted" in capsys.readouterr().out


def test_explain_of_a_bad_token_or_address(typed: Typed, settings_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issuer = DemoIssuer(settings_file.parents[1] / "data" / "demo")
    assert typed("explain", "--token", issuer.mint(lifetime=-5), "--model", "frontier-1", "--json") == 1
    assert json.loads(capsys.readouterr().out)["reasons"] == ["token_expired"]
    assert typed("explain", "--token", issuer.mint(), "--model", "frontier-1", "--ip", "999.1.1.1") == 1
    assert "Write 203.0.113.7" in capsys.readouterr().err


def test_a_store_that_is_away_is_not_reachable(typed: Typed, server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.stop()
    assert typed("partner", "add", "org_acme", "--model", "frontier-1") == 3
    assert typed("partner", "list") == 3
    assert typed("status") == 3
    assert capsys.readouterr().err.count("gateway: ") == 3


def test_the_embedded_store_of_no_running_gate_is_not_reachable(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("partner", "list", "--store", "embedded") == 3
    assert "not running" in capsys.readouterr().err


def test_common_options_may_stand_before_the_verb(typed: Typed, server: RedisServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert typed("--store", server.unix_url, "--json", "partner", "list") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_removal_needs_no_settings_file(server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    server.cli("HSET", "gateway:allowlist:gone-1", "org_acme", "{}")
    assert main(["partner", "remove", "org_acme", "--model", "gone-1", "--store", server.unix_url]) == 0
    assert server.cli("HLEN", "gateway:allowlist:gone-1") == 0
    assert main(["partner", "add", "org_acme", "--model", "gone-1", "--store", server.unix_url]) == 2
