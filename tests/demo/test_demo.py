"""The demonstration as a newcomer starts it: a process of its own, walked to its end, and then tried from another terminal."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.settings_text import copy_demo_settings

from gateway.demo.steps import STEPS

ROOT = Path(__file__).parents[2]
GATEWAY = (sys.executable, "-m", "gateway")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    copy_demo_settings(tmp_path)
    return tmp_path


@pytest.fixture
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")} | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def running(directory: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    demo = subprocess.Popen([*GATEWAY, "demo"], cwd=directory, env=environment, stdout=subprocess.PIPE, text=True)
    yield demo
    demo.kill()
    demo.communicate()


@pytest.fixture
def typed(directory: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Type one of our verbs in another terminal and give what it prints."""

    def typing(*words: str) -> str:
        finished = subprocess.run(
            [*GATEWAY, *words], cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=30
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return typing


def test_once_it_walks_every_step_as_said_and_leaves_nothing_behind(directory: Path, environment: dict[str, str]) -> None:
    command = [*GATEWAY, "demo", "--once"]
    walked = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=50)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert f"{len(STEPS) + 1} of {len(STEPS) + 1} steps came out as said" in walked.stdout
    assert "\x1b" not in walked.stdout
    assert walked.stderr == ""
    assert not (directory / "data").exists()


def test_it_stays_up_and_the_verbs_work_on_it(running: subprocess.Popen[str], typed: Callable[..., str]) -> None:
    printed = until_it_stays_up(running)
    key = re.search(r"--issuer-key ([^\s)]+)", printed)
    assert key is not None
    token = typed("token", "mint", "--org", "org_acme", "--nationality", "DE", "--issuer-key", key[1]).strip()
    rows = json.loads(typed("partner", "list", "--json", "--config", "config/demo.yaml"))
    assert {row["organisation"] for row in rows} == {"org_acme", "org_globex"}
    question = ("explain", "--token", token, "--model", "frontier-1", "--country", "DE", "--config", "config/demo.yaml", "--json")
    assert json.loads(typed(*question))["decision"] == "permit"
    assert "org_globex is off the list" in typed("partner", "remove", "org_globex", "--model", "frontier-1", "--config", "config/demo.yaml")
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 0


def test_what_it_prints_can_be_pasted_as_it_stands(running: subprocess.Popen[str], directory: Path, environment: dict[str, str]) -> None:
    """But for the length of the stream, which is made to be watched."""
    _, _, printed = until_it_stays_up(running).partition("(Ctrl-C ends it)\n")
    pasted = printed.replace('"max_tokens":400', '"max_tokens":40')
    assert pasted != printed
    terminal = subprocess.run(
        ["bash", "-c", pasted], cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=50
    )
    assert terminal.stderr == ""
    answers = (
        '"id":"frontier-1"',
        "data: [DONE]",
        "org_acme is off the list of frontier-1",
        "org_acme is on the list of frontier-1",
        "grant.remove",
        "workers agree             yes",
        "region_restricted",
        "gateway_requests_total{",
    )
    assert [answer for answer in answers if answer not in terminal.stdout] == []


def until_it_stays_up(demo: subprocess.Popen[str]) -> str:
    """Read what it prints up to its last suggestion."""
    assert demo.stdout is not None
    printed = ""
    while "/metrics" not in printed:
        line = demo.stdout.readline()
        assert line, printed
        printed += line
    return printed
