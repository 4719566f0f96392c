import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("count", ["0", "-1", "many", "257"])
def test_a_number_of_workers_that_makes_no_sense_is_bad_usage(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--workers", count])
    assert ended.value.code == 2
    assert "write 1 to 256" in capsys.readouterr().err


def test_without_settings_it_says_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    assert main(["serve"]) == 2
    assert "gateway serve --config FILE" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told_without_a_stack_trace(tmp_path: Path) -> None:
    (tmp_path / "data" / "demo").mkdir(parents=True)
    (tmp_path / "data" / "demo" / "upstream.key").write_text("key")
    (tmp_path / "config").mkdir()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = (ROOT / "config" / "demo.yaml").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        settings = settings.replace("127.0.0.1:9090", "127.0.0.1:0")
        (tmp_path / "config" / "gateway.yaml").write_text(settings)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")} | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "gateway", "serve"]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=40)
    assert ended.returncode == 1
    assert "the gate cannot start" in ended.stderr
    assert "Traceback" not in ended.stderr
