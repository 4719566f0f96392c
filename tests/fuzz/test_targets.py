"""Every target finds the fault that was planted for it, and none in the gate: by edits, by Hypothesis, by coverage."""

import importlib.util
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest
from fuzz.__main__ import LONGEST_INPUT, main
from fuzz.mutation import edit, edited
from fuzz.table import TARGETS, WEAKENED
from fuzz.target import Target
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

EDITS = 1500
FOUND = 77  # libFuzzer's exit code
TESTS = Path(__file__).parent.parent
needs_atheris = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this machine's Python")
every = pytest.mark.parametrize("name", TARGETS)


@cache
def target(name: str) -> Target:
    return TARGETS[name]()


def try_all(each: Target) -> None:
    for data in edited(each, EDITS):
        each.try_one(data)


class Outcome(Struct, frozen=True):
    code: int
    said: str


class Guided:
    """Searches by coverage, each in a process of its own that is forked off one in which the gate was prepared once."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def search(self, name: str, *options: str) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(" ".join((name, "-seed=1", f"-max_len={LONGEST_INPUT}", *options)) + "\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Outcome)


@pytest.fixture(scope="module")
def guided() -> Iterator[Guided]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "fuzz.guided"]
    with subprocess.Popen(
        command, cwd=TESTS.parent, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield Guided(process)  # it ends with its input


def test_each_target_has_a_fault_to_find() -> None:
    assert list(TARGETS) == list(WEAKENED)


@every
def test_a_planted_fault_is_found(name: str) -> None:
    with pytest.raises(AssertionError):
        try_all(WEAKENED[name]())


@every
def test_edits_find_nothing(name: str) -> None:
    try_all(target(name))


@every
@settings(max_examples=150)
@given(chance=st.randoms(use_true_random=False))
def test_hypothesis_finds_nothing(name: str, chance: random.Random) -> None:
    data = chance.choice(target(name).seeds)
    for _ in range(chance.randint(0, 5)):
        data = edit(target(name), data, chance)
    target(name).try_one(data)


@every
@settings(max_examples=150)
@given(data=st.binary(max_size=200))
def test_plain_bytes_find_nothing(name: str, data: bytes) -> None:
    target(name).try_one(data)


@needs_atheris
@pytest.mark.slow
@every
def test_a_search_by_coverage_finds_the_planted_fault(name: str, guided: Guided) -> None:
    outcome = guided.search(name, "--weakened", "-runs=20000")
    assert outcome.code == FOUND, outcome.said
    assert "AssertionError" in outcome.said


@needs_atheris
@pytest.mark.slow
@every
def test_a_search_by_coverage_finds_nothing(name: str, guided: Guided) -> None:
    outcome = guided.search(name, "-runs=3000", "-timeout=10")
    assert outcome.code == 0, outcome.said
    assert "Done 3000 runs" in outcome.said


def test_a_target_that_is_not_there_is_bad_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["fuzz", "elsewhere"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "elsewhere" in capsys.readouterr().err
