"""The page on the suite explains every outcome, and shows only configurations that are there."""

import re
from pathlib import Path

from gateway.probe.verdict import Outcome

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "probe.md").read_text(encoding="utf-8")


def test_every_outcome_is_explained() -> None:
    assert not [outcome for outcome in Outcome if f"| {outcome} |" not in PAGE]


def test_every_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(bench/probe/[a-z_.]+)`", PAGE))
    assert named
    assert not [name for name in named if not (ROOT / name).is_file()]


def test_what_was_run_is_what_the_script_installs() -> None:
    script = (ROOT / "bench" / "probe" / "run.sh").read_text(encoding="utf-8")
    for name, heading in (("litellm", "### LiteLLM proxy "), ("portkey", "### Portkey AI Gateway ")):
        version = re.search(rf"{name}_version=([0-9.]+)", script)
        assert version is not None
        assert f"{heading}{version[1]} " in PAGE
