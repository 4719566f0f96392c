"""What the README shows works as it stands; and so does what other pages tell readers to paste."""

import argparse
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from gateway.cli import VERBS, main
from gateway.demo.steps import STEPS

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "README.md").read_text()
TYPED = [shlex.split(line, comments=True) for line in re.findall(r"^\$ gateway (.*)$", TEXT, re.MULTILINE)]


def test_its_configuration_is_good_without_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert len(written.splitlines()) <= 10
    file = tmp_path / "gateway.yaml"
    file.write_text(written)
    assert main(["check-config", str(file)]) == 0
    assert capsys.readouterr().err == ""


def test_its_walk_is_the_walk() -> None:
    titles = [step.title for step in STEPS]
    shown = re.findall(r"^ok +(.*?): ", TEXT, re.MULTILINE)
    assert shown
    assert [title for title in shown if title not in titles] == []
    assert f"{len(STEPS) + 1} of {len(STEPS) + 1} steps came out as said" in TEXT


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_its_verbs_are_there(typed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    verb, *rest = typed
    assert verb in VERBS
    understood: list[argparse.Namespace] = []

    def run(arguments: argparse.Namespace) -> int:
        understood.append(arguments)
        return 0

    module = import_module(f"gateway.cli.{verb.replace('-', '_')}")
    monkeypatch.setattr(module, "run", run)
    assert main([verb, *rest]) == 0
    assert understood


def test_its_clients_point_where_the_gate_listens_by_default() -> None:
    assert re.findall(r"(\w+)\(base_url=\"([^\"]+)\"", TEXT) == [
        ("OpenAI", "http://127.0.0.1:8080/v1"),
        ("Anthropic", "http://127.0.0.1:8080"),
    ]


def test_what_is_posted_with_curl_says_that_it_is_json() -> None:
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
    posted = [line for page in pages for line in page.read_text().splitlines() if re.match(r"\$ curl .* -d ", line)]
    assert posted
    assert [line for line in posted if "content-type: application/json" not in line.lower()] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", TEXT))))
def test_what_it_links_to_is_there(path: str) -> None:
    assert (PROJECT / path).exists()
