"""Lists as a file, at the terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.servers import RedisServer, redis_server  # noqa: F401  # the fixture is asked for by its name

from gateway.cli import main

ROOT = Path(__file__).parents[2]
Typed = Callable[..., int]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> RedisServer:
    started: RedisServer = request.getfixturevalue("redis_server")
    return started


@pytest.fixture
def typed(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.setenv("GATEWAY_STORE_URL", server.unix_url)
    monkeypatch.setenv("GATEWAY_CONFIG", str(ROOT / "config" / "demo.yaml"))
    return lambda *words: main(list(words))


def test_a_difference_is_shown_before_it_is_made_in_one_step(
    typed: Typed, server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "partners.csv"
    file.write_text("model,organisation,authority\nfrontier-1,org_acme,annex A\nfrontier-1,org_beta,annex A\n")
    typed("partner", "add", "org_old", "--model", "frontier-1")
    assert typed("partner", "import", str(file), "--prune", "--dry-run", "--json") == 0
    shown = capsys.readouterr().out
    assert [row["what"] for row in json.loads(shown[shown.index("[") :])] == ["add", "add", "remove"]
    assert typed("partner", "import", str(file), "--prune") == 1
    assert "write --yes" in capsys.readouterr().err
    assert typed("partner", "import", str(file), "--prune", "--json") == 1
    assert "look with --dry-run" in capsys.readouterr().err
    assert server.cli("HLEN", "gateway:allowlist:frontier-1") == 1
    assert typed("partner", "import", str(file), "--prune", "--yes", "--reason", "yearly") == 0
    assert "3 entries are changed (revision 2)" in capsys.readouterr().out
    assert typed("partner", "import", str(file), "--prune") == 0
    assert "Nothing would change" in capsys.readouterr().out
    assert typed("partner", "export", "--csv") == 0
    assert "frontier-1,org_beta,,,,,,annex A,," in capsys.readouterr().out
    typed("changes", "--json")
    assert [change["revision"] for change in json.loads(capsys.readouterr().out)] == [1, 2, 2, 2]
