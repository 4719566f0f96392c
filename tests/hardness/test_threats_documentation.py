"""docs/threats-tests.md: each hole has its tests, and each test that is named exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/threats-tests.md").read_text()
NAMED = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| hole", "|---"))]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip()[:60] for row in ROWS])
def test_each_hole_names_tests_that_exist(row: str) -> None:
    named = NAMED.findall(row)
    assert named, "no test is named"
    assert row.count("`tests/") == len(named), "a test is named in another form"
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_the_page_has_rows_in_every_part() -> None:
    assert len(ROWS) > 40
    for part in PAGE.split("\n## ")[1:]:
        assert "| hole | tests |" in part or "Not built" in part
