"""What `docs/callers.md` says is what the code does."""

from pathlib import Path

import pytest

from gateway.dialects.statuses import status_of
from gateway.dialects.texts import TEXTS
from gateway.policy.vocabulary import Reason
from gateway.wire.routes import TABLE

LINES = (Path(__file__).parents[2] / "docs" / "callers.md").read_text().splitlines()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_with_its_status_and_text(reason: Reason) -> None:
    assert f"| `{reason}` | {status_of(reason)} | {TEXTS[reason]} |" in LINES


def test_every_route_is_told_with_the_fields_that_it_refuses() -> None:
    for (method, path), route in TABLE.items():
        line = next(line for line in LINES if line.startswith(f"| `{method.decode()} {path}` |"))
        assert {field for field in line.split("|")[4].replace("`", "").replace(",", "").split() if field != "-"} == route.stateful


def test_reasons_stand_in_their_order() -> None:
    told = [line.split("`")[1] for line in LINES if line.startswith("| `") and line.split("`")[1] in set(Reason)]
    assert told == list(Reason)
