"""`gateway probe`: what it says when it is called in a wrong way, and what it prints when it is called in a right one."""

import json
import socket

import pytest
from support.servers import free_port

from gateway.cli import main
from gateway.probe.kinds import SUITE

URL = "http://127.0.0.1:1"
ROLES = ("--allowed", "small-a", "--forbidden", "large-b", "--token-allowed", "sk-secret-credential")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "which gateway?"),
        (("ftp://x", *ROLES), "which gateway?"),
        (("http://x:99999999", *ROLES), "the port is none"),
        ((URL, "--forbidden", "large-b", "--token-allowed", "t"), "which models?"),
        ((URL, "--allowed", "gpt", "--forbidden", "gpt-large", "--token-allowed", "t"), "one name is within the other"),
        ((URL, "--allowed", "a", "--forbidden", "b"), "whose credential?"),
        ((URL, *ROLES, "--header", "no value"), "has no value"),
    ],
)
def test_a_wrong_call_prints_the_right_form(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWAY_PROBE_TOKEN", raising=False)
    assert main(["probe", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_nobody_there_is_not_reachable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", URL, *ROLES, "--upstream", "127.0.0.1:0"]) == 3
    shown = capsys.readouterr()
    assert "nobody answers at 127.0.0.1:1" in shown.err
    assert "The recording upstream is http://127.0.0.1:" in shown.err
    assert "sk-secret" not in shown.err + shown.out


def test_a_taken_address_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["probe", URL, *ROLES, "--upstream", address]) == 2
    assert f"cannot listen at {address}" in capsys.readouterr().err


def test_the_list_names_every_probe_and_where_its_hole_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["probe", "--list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(row["kind"], row["probe"]) for row in listed] == [(probe.kind, probe.name) for probe in SUITE]
    assert main(["probe", "--list", "--only", "hosts"]) == 0
    assert "GHSA-4xpc-pv4p-pm3w" in capsys.readouterr().out


def test_what_slips_past_is_told_in_a_table_and_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The recording upstream itself stands for a gateway that lets everything through."""
    address = f"127.0.0.1:{free_port()}"
    call = ["probe", f"http://{address}", *ROLES, "--upstream", address, "--only", "names", "--patience", "0.5"]
    assert main(call) == 1
    table = capsys.readouterr().out
    assert "slipped: POST /v1/chat/completions names the forbidden model to" in " ".join(table.split())
    assert "Not everything held." in table
    assert "sk-secret" not in table
    assert main([*call, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["counts"]["slipped"] == 23
    assert document["held_all"] is False
    assert {"kind", "name", "hole", "seen", "must", "sent", "answer", "reached", "outcome", "why"} == set(document["probes"][0])
