"""The unit for systemd starts what exists and leaves it time to drain."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.cli import VERBS
from gateway.settings.shape import Limits

UNIT = Path(__file__).parents[2] / "deploy/systemd/gateway.service"


def service() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign] # names keep their case
    parser.read(UNIT)
    return parser["Service"]


def test_it_checks_the_settings_that_it_serves() -> None:
    verb, option, path = service()["ExecStart"].split()[-3:]
    assert option == "--config"
    checked, checked_path = service()["ExecStartPre"].split()[-2:]
    assert {verb, checked} <= VERBS.keys()
    assert path == checked_path == "/etc/gateway/gateway.yaml"


def test_it_has_time_to_drain_and_only_the_main_process_is_told() -> None:
    assert int(service()["TimeoutStopSec"]) >= Limits().drain + 5
    assert service()["KillMode"] == "mixed"


def test_a_reload_reads_the_settings_again() -> None:
    assert service()["ExecReload"] == "/bin/kill -HUP $MAINPID"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/gateway/venv/bin/python", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True, check=False, timeout=30)
    assert [line for line in done.stderr.splitlines() if UNIT.name in line] == []
